const kinds: Record<string, string> = { bank_file: 'a bank file' };
/** By what the server counts. */
const counts: Record<string, (n: number) => string> = {
  added: (n) => `${n} new`,
  known: (n) => `${n} known before`,
  unreadable: (n) => `${n} that cannot be read`,
  matched: (n) => `${n} matched with an invoice`,
};
const counted = (found: Record<string, number>) =>
  Object.entries(found)
    .filter(([, n]) => n > 0)
    .map(([what, n]) => counts[what]?.(n) ?? `${n} ${what}`)
    .join(', ');

/** The words of the page on which files are sent in. */
export const sendText = {
  title: 'Send files in',
  intro:
    'A mail, a mailbox, an invoice, a bank file or any other document: your employee takes it in as if it had come by itself. It is sealed before it is stored.',
  files: 'Files',
  choose: 'Choose files',
  chooseHelp: 'Up to 2 GB each. Or drop them anywhere on this page.',
  act: 'Act on the mails of a mailbox',
  actHelp: 'Otherwise they are kept as history, and nothing is done about them.',
  sent: 'What you have sent in',
  states: { waiting: 'waits', sending: 'is being sent', done: 'taken in', failed: 'not taken in' },
  task: 'Open the task',
  stored: (path: string) => `Stored as ${path}`,
  mailbox: 'Its mails are being taken in, one after the other.',
  recognised: (kind: string, found: Record<string, number>) =>
    [`Read as ${kinds[kind] ?? kind}`, counted(found)].filter(Boolean).join(': '),
  again: 'Try again',
  againLabel: (name: string) => `Try ${name} again`,
} as const;
