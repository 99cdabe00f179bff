/** English: what those who run the installation are mailed when something is wrong with it. */
export const alarms = {
  subject: (what: string) => `Factotum needs you: ${what}`,
  text: (what: string, fix: string, since: string, url: string) => `${what}, since ${since}.

${fix}

How the installation is doing: ${url}`,
  of: {
    backup_failed: {
      what: 'a backup has failed, or has a fault',
      fix: 'The list of backups says which and why. The next one is tried within the hour; until one succeeds you would lose what has come since the last.',
    },
    backup_old: {
      what: 'the last backup is too old',
      fix: 'Backups are planned and none has been made for twice the time. Look whether a process that can make them runs, and at the jobs.',
    },
    audit_behind: {
      what: 'the audit log does not catch up',
      fix: 'Entries have waited for more than ten minutes for their number: no process numbers them, or the log of a tenant is out of order. "factotum doctor" says which.',
    },
    process_busy: {
      what: 'a process has more to do than it can',
      fix: 'For five minutes everything that was due in it has come late. Give it more processor, or run another one beside it.',
    },
    mail_away: {
      what: 'the mail server takes no mail',
      fix: 'Letters to people have waited for more than half an hour. They are kept and tried again. This one has reached you, so it may be over, or it refuses single addresses.',
    },
  },
};
