import type { tasksText as english } from '../en/tasks.ts';
import type { Translation } from '../translation.ts';

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** What the list of tasks and a task's own page say beyond what everybody loads. */
export const tasksText: Translation<typeof english> = {
  filter: {
    label: 'Aufgaben finden',
    words: 'Wörter aus Titel oder Absender',
    placeholder: 'Wörter aus Titel oder Absender',
    open: 'Filter',
    opened: (n) => `Filter: ${plural(n, 'Bedingung', 'Bedingungen')}`,
    source: 'Quelle',
    anySource: 'Jede Quelle',
    playbook: 'Playbook',
    anyPlaybook: 'Jedes Playbook',
    risk: 'Risiko',
    anyRisk: 'Jedes Risiko',
    wait: 'Wartet auf',
    anyWait: 'Beliebig',
    from: 'Von',
    until: 'Bis',
    clear: 'Zurücksetzen',
    emptyTitle: 'Keine Aufgabe passt',
    emptyText: 'Gesucht werden ganze Wörter, und zwar alle. Weniger Bedingungen finden mehr.',
    lookedBack: (when) => `Durchsucht bis ${when}. Bisher passt nichts weiter.`,
    lookOn: 'Weiter zurück suchen',
    loading: 'Weitere Aufgaben werden geladen',
  },
  views: {
    label: 'Gespeicherte Ansichten',
    save: 'Ansicht speichern',
    saveTitle: 'Diese Ansicht speichern',
    name: 'Name',
    nameHelp: 'Ihre Ansichten sehen nur Sie.',
    saveNow: 'Speichern',
    saved: (name) => `„${name}“ ist gespeichert`,
    remove: (name) => `Ansicht „${name}“ löschen`,
    removed: (name) => `„${name}“ ist gelöscht`,
  },
  near: {
    label: 'In dieser Liste',
    previous: 'Vorige Aufgabe',
    next: 'Nächste Aufgabe',
    place: (n, of) => `${n} von ${of}`,
  },
  undo: {
    action: 'Rückgängig machen',
    title: 'Diese Aufgabe rückgängig machen?',
    intro: (n) =>
      `${plural(n, 'Schritt wird', 'Schritte werden')} zurückgenommen, der neueste zuerst, jeder mit eigenem Eintrag im Protokoll:`,
    left: 'Das bleibt, weil es sich nicht zurücknehmen lässt:',
    now: 'Rückgängig machen',
    asked: 'Es wird zurückgenommen',
    underWay: 'Was diese Aufgabe getan hat, wird zurückgenommen.',
  },
  replan: {
    action: 'Neu planen',
    title: 'Einen anderen Plan verlangen?',
    text: 'Was unter diesem Plan getan wurde, wird zurückgenommen, wo das möglich ist, und offene Fragen werden zurückgezogen. Was Sie hier schreiben, liest der nächste Planer.',
    comment: 'Was anders sein soll',
    now: 'Neu planen',
    asked: 'Ein anderer Plan wird gemacht',
  },
  makePlaybook: 'Daraus ein Playbook machen',
  facts: {
    retries: 'Versuche',
    retried: (n) => plural(n, 'Versuch blieb erfolglos', 'Versuche blieben erfolglos'),
    nextTry: 'Nächster Versuch',
    plans: (n) => plural(n, 'Plan', 'Pläne'),
    unknownCost: 'Preis unbekannt',
  },
  step: {
    resultFrom: 'Was darin steht, stammt von',
    attempts: (n) => plural(n, 'Versuch', 'Versuche'),
    directions: { do: 'Ausführen', undo: 'Zurücknehmen' },
    outcomes: { done: 'erfolgreich', failed: 'nicht geschehen', unknown: 'niemand kann es sagen', open: 'läuft' },
  },
};
