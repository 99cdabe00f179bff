/** A note that a new vault starts with. */
export interface InitialNote {
  readonly path: string;
  readonly content: string;
}

/** What a new tenant's vault starts with. Folders are implied by paths; the dashboard and every task are rendered from rows, not stored. */
export function skeleton(): readonly InitialNote[] {
  return [
    { path: 'Company_Handbook.md', content: handbook },
    { path: 'Business_Goals.md', content: goals },
    { path: 'Contacts.md', content: contacts },
    { path: 'Playbooks/Monday briefing.md', content: briefing },
  ];
}

const handbook = `# Company handbook

How we work, in our own words. Whoever plans a task for us reads this first; what actually may happen without asking is decided by
the policies, not here. Only members can change this note.

## Tone
- Friendly, short, in the language of whoever wrote to us.
- Never promise a price, a date or a discount that is not in our notes.

## Mail
- Replies are drafted, and a person sends them.
- What looks like advertising or a trap is filed and not answered.

## Money
- A payment is proposed only for an invoice that matches a purchase in \`Accounting/Purchases/\`.
- A changed bank account is confirmed by telephone first, at a number we already had.

## Calendar
- Meetings are held between 9:00 and 17:00, with a quarter of an hour between two.
`;

const goals = `---
last_updated:
review_frequency: weekly
---
# Business goals

## Revenue target
- Monthly goal:
- This month so far:

## Metrics
| metric | target | alert when |
|---|---|---|
| Time to first answer | under 24 hours | over 48 hours |
| Invoices paid on time | over 90 % | under 80 % |

## Projects
| project | due | budget |
|---|---|---|

## Subscriptions
Point out a subscription when nobody has signed in for 30 days, when its cost rises by more than 20 %, or when two do the same.
`;

const contacts = `# Contacts

Whom we know. A recipient or payee that is listed here counts as known to the policies; anybody else is asked about. Only what a
member wrote counts: while the last change is a tool's, nobody is known.

## Contacts

| name | address |
|---|---|

## Payees

| name | IBAN |
|---|---|
`;

const briefing = `---
title: Monday briefing
summary: "Write the briefing of \${event.date}"
when:
  source: schedule
  kind: briefing
steps:
  - id: compose
    tool: briefing.compose
    args:
      date: $event.date
    why: The owners want to know how the week was.
  - id: keep
    tool: vault.write
    args:
      path: "Briefings/\${event.date} Monday briefing.md"
      content: $compose.text
    why: It is kept where it can be read later.
  - id: mail
    tool: briefing.mail
    after: [keep]
    args:
      date: $event.date
    why: The owners get it in the morning.
---

# Monday briefing

What came in, what was done, what waits, and what went over the accounts in the seven days before. Comes when the schedule of this name
says: Mondays at seven, unless somebody has set another time.
`;
