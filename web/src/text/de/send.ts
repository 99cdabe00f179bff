import type { sendText as english } from '../en/send.ts';
import type { Translation } from '../translation.ts';

const kinds: Record<string, string> = { bank_file: 'Bankdatei' };
/** By what the server counts. */
const counts: Record<string, (n: number) => string> = {
  added: (n) => `${n} neu`,
  known: (n) => `${n} schon bekannt`,
  unreadable: (n) => `${n} nicht lesbar`,
  matched: (n) => `${n} einer Rechnung zugeordnet`,
};
const counted = (found: Record<string, number>) =>
  Object.entries(found)
    .filter(([, n]) => n > 0)
    .map(([what, n]) => counts[what]?.(n) ?? `${n} ${what}`)
    .join(', ');

/** German: the page on which files are sent in. */
export const sendText: Translation<typeof english> = {
  title: 'Dateien einreichen',
  intro:
    'Eine E-Mail, ein Postfach, eine Rechnung, eine Bankdatei oder jedes andere Dokument: Ihr Mitarbeiter nimmt es an, als wäre es von selbst gekommen. Es wird versiegelt, bevor es abgelegt wird.',
  files: 'Dateien',
  choose: 'Dateien wählen',
  chooseHelp: 'Bis zu 2 GB je Datei. Oder ziehen Sie sie irgendwo auf diese Seite.',
  act: 'Die E-Mails eines Postfachs bearbeiten',
  actHelp: 'Sonst werden sie als Verlauf aufbewahrt, und nichts geschieht mit ihnen.',
  sent: 'Was Sie eingereicht haben',
  states: { waiting: 'wartet', sending: 'wird gesendet', done: 'angenommen', failed: 'nicht angenommen' },
  task: 'Aufgabe öffnen',
  stored: (path: string) => `Abgelegt als ${path}`,
  mailbox: 'Seine E-Mails werden eine nach der anderen angenommen.',
  recognised: (kind: string, found: Record<string, number>) =>
    [`Gelesen als ${kinds[kind] ?? kind}`, counted(found)].filter(Boolean).join(': '),
  again: 'Noch einmal versuchen',
  againLabel: (name: string) => `${name} noch einmal versuchen`,
};
