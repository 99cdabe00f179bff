import type { inboxText as english } from '../en/inbox.ts';
import type { Translation } from '../translation.ts';

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** What the inbox says before anything is opened in it. */
export const inboxText: Translation<typeof english> = {
  viewsLabel: 'Ansichten des Eingangs',
  views: { mine: 'Meine', delegated: 'Delegiert', snoozed: 'Zurückgestellt', decided: 'Entschieden', all: 'Alle' },
  empty: {
    mine: { title: 'Nichts dergleichen wartet', text: 'Nichts, was auf Sie wartet, passt zum Filter.' },
    delegated: {
      title: 'Nichts ist delegiert',
      text: 'Was einer Kollegin, einem Kollegen oder einem Team übergeben ist, steht hier, bis es entschieden ist.',
    },
    snoozed: {
      title: 'Nichts ist zurückgestellt',
      text: 'Was Sie zurückstellen, wartet hier und kommt von selbst wieder, bevor es abläuft.',
    },
    decided: { title: 'Nichts wurde entschieden', text: 'Jede Entscheidung steht hier mit dem Namen und führt zu ihrem Beweis.' },
    all: { title: 'Nichts wurde gefragt', text: 'Jede Frage, die je gestellt wurde, steht hier.' },
  },
  urgent: 'Läuft in einer Stunde ab',
  filter: 'Filtern',
  filtered: (n: number) => `Filter: ${plural(n, 'Bedingung', 'Bedingungen')}`,
  choose: 'Mehrere auswählen',
  snooze: 'Zurückstellen',
  wake: 'Wieder zeigen',
  delegate: 'Delegieren',
  more: (what: string) => `Mehr zu: ${what}`,
  editLabel: (what: string) => `Ändern: ${what}`,
  snoozeLabel: (what: string) => `Zurückstellen: ${what}`,
  wakeLabel: (what: string) => `Wieder zeigen: ${what}`,
  delegateLabel: (what: string) => `Delegieren: ${what}`,
  undo: 'Rückgängig',
  undone: 'Zurückgenommen',
  undonePartly: (done: number, all: number) => `${done} von ${all} zurückgenommen`,
  undoFailed: 'Es ließ sich nicht zurücknehmen',
  toTask: 'Aufgabe öffnen',
  awake: 'Wieder im Eingang',
  votes: (given: number, needed: number) => `${given} von ${needed}`,
  votesLabel: (given: number, needed: number) => `${given} von ${needed} Freigaben erteilt`,
  counted: (given: number, needed: number) => `Ihre Freigabe zählt: ${given} von ${needed}`,
  voted: (missing: number) => `Von Ihnen freigegeben · ${missing} fehlt noch`,
  with: (name: string) => `bei ${name}`,
  withUntil: (name: string, when: string) => `bei ${name} bis ${when}`,
  until: (when: string) => `bis ${when}`,
  comments: (n: number) => plural(n, 'Kommentar', 'Kommentare'),
};
