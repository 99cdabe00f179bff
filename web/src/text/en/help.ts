/** What each page is for, and the names of the pages of the documentation. */
export const helpText = {
  title: 'Help',
  intro: 'What Factotum does and how it is run, page by page.',
  all: 'All pages',
  read: 'Read more',
  missing: 'The documentation has no such page.',
  groups: { work: 'Work', outside: 'Connections', people: 'People and programs', running: 'Running it', keys: 'Keys and proof' },
  pages: {
    demo: 'The demo',
    playbooks: 'Playbooks',
    approvals: 'Approvals among people',
    policies: 'Policies and standing permissions',
    vault: 'The vault',
    analytics: 'Analytics',
    notices: 'Notices',
    schedules: 'Schedules and the Monday briefing',
    connectors: 'Connections',
    mail: 'Mail',
    calendar: 'Calendars',
    bank: 'Bank files and invoices',
    documents: 'Files and documents',
    webhooks: 'Webhooks',
    mcp: 'Tools of others (MCP)',
    people: 'How people sign in',
    members: 'Members, roles and teams',
    sso: 'Single sign-on',
    scim: 'Directories (SCIM)',
    machines: 'Programs and API keys',
    models: 'AI models',
    quotas: 'Quotas',
    tenants: 'Tenants',
    archive: 'Archives',
    encryption: 'Encryption',
    providers: 'Who guards the keys',
    rotation: 'Rotating keys',
    audit: 'The audit log',
    backups: 'Backups',
    api: 'The API',
    errors: 'Errors',
  },
  topics: {
    account:
      'What belongs to you and to no tenant: your name, how you sign in, where you are signed in now, and who decides while you are away. A second factor or a passkey keeps others out.',
    noticeRules:
      'For each kind of thing: whether you are told on the page, in the browser or by mail, at once or in a digest, and when it is quiet. It holds for you alone.',
    operator: 'Every tenant of this installation: where it stands, its limits and its work. What is inside a tenant is not shown here.',
    tenant:
      'One tenant: what it may use, what its long work is doing, and its end. A suspended tenant keeps everything and does nothing. Its work, mails and notes are not shown here.',
    registrations: 'Who has asked for a tenant and has proved their address. Nothing exists before you approve it.',
    system: 'How each process is doing, what waits for workers, and what needs a look. The lines show the last hour.',
    volume: 'How many tasks came in for each tenant and what their models cost in the last 30 days. Numbers only.',
    jobs: 'Long work such as archives, imports and backups, with how far it is and what came of it. You need not wait for it here.',
    backups:
      'A backup counts once it was checked: that every piece is there, and that it can be restored. Keys are kept in another place than data.',
    inbox:
      'Here stands what only you can decide. Each approval says what would be done, why, and where each value comes from. What you approve is done exactly as shown, and nothing else.',
    tasks:
      'Everything that came in is a task, with its plan, what was done and what it waits for. Search and filters find one again; a filter can be kept as a view.',
    approval:
      'One act that waits for a decision. Above stands exactly what will be done and where each value comes from; below, why you are asked and what happens on yes, no and silence. Changing a value asks the policies anew.',
    task: 'One piece of work from what arrived to what became of it: the plan, each step with what it read and did, what it cost, and every entry of the log about it.',
    send: 'Hand over what did not come by itself: mails, invoices, bank files, documents. Each becomes a task like everything else, and policies ask you before anything is done.',
    vault:
      'Notes and files that your employee reads and writes. They are yours: edit them here, in Obsidian or through WebDAV, and go back to any version.',
    note: 'One note as it is now. Every version is kept, so that nothing you change or delete is lost. What strangers wrote is marked, and its links lead nowhere.',
    playbook:
      'For which events this is, which values are taken out of them, and what is done with these. Try it on the last 30 days before you save it: that changes nothing.',
    playbooks:
      'A playbook says once what is to be done about one kind of event. It needs no AI model and does the same every time. Try it on what came in before you save it.',
    money:
      'Accounts, transactions and invoices, as bank files and documents told of them. Hints point at what looks wrong, such as the same invoice twice.',
    agenda:
      'A week at a time of everything in the connected calendars. You see what is held and until when, and the times at which everybody is free.',
    analytics: 'How much was handled, how fast, and what it saved under your own assumptions. Every figure says how it is counted.',
    audit:
      'Every act of people, programs and your employee, in an order that nobody can change afterwards. Your browser can check that for itself.',
    status: 'How the work is doing at this moment: what waits, what runs, and what is not reached. The lines show the last hour.',
    notices: 'What you were told, the newest first. In the settings of notices you choose what reaches you, where, and when it is quiet.',
    general: 'How this place is called and how it writes numbers, dates and times. Working hours say when deadlines run.',
    policies:
      'Policies decide what runs alone, what a person is asked and what is never done. Try a change on the decisions of the last 90 days before it is in force.',
    grants:
      'A standing permission lets the same kind of act through without a question, within limits and until a date. It can be taken back at any time.',
    model: 'The model plans what no playbook covers. It only proposes: policies and people decide. Without a model everything else works.',
    connections:
      'Mailboxes, calendars, folders and other systems that work comes from and goes to. Each says when it was last reached and what it may do.',
    schedules:
      'Work that comes at set times instead of with a mail, such as a briefing every Monday. A schedule can be paused without losing it.',
    webhooks:
      'Another system is told when something happens, with a signature that it can check. What could not be delivered is tried again for a while.',
    tools:
      'Servers of others that offer tools by MCP. You say for each tool what it may be used for; when it changes it is not used until somebody has looked.',
    members: 'Who is here and what each may do. Invitations run out, and whoever leaves loses access at once.',
    roles: 'A role is a set of permissions. Take the roles that are there, or make your own.',
    teams: 'Groups of members. Approvals can be delegated to a team, and whoever of it has time decides.',
    keys: 'Programs sign in with keys of their own, with no more rights than they need and an end. A key is shown once.',
    secrets: 'Passwords and keys that your employee uses. They are sealed, are never shown again, and reach neither a model nor a log.',
    sso: 'People sign in with the identity provider of your company. Test a provider before you ask everybody to use it.',
    provisioning: 'Your directory adds people, puts them into teams and takes them out, by SCIM. It signs in with a token made here.',
    security: 'How long sessions last, whether a second factor is needed, and from which networks people may sign in.',
    encryption:
      'Everything is sealed with keys of your tenant. You say who guards the key above them, rotate it, or destroy it and everything under it.',
    changes: 'What was changed in settings, policies and quotas, by whom, from what to what. Most changes can be taken back.',
    usage: 'What is used of what is granted. Near a limit you are told; at it, new work waits.',
    closing:
      'Take everything out as an archive that can be read without us, or close this tenant. Closing can be taken back for a while, erasing cannot.',
  },
};
