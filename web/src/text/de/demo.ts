import type { demoText as english } from '../en/demo.ts';
import type { Translation } from '../translation.ts';

const plural = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** German: the demo that a new installation begins with. */
export const demoText: Translation<typeof english> = {
  mark: 'Vorführung',
  markHelp: 'Das gehört zur Vorführung.',
  banner: 'Sie sehen eine Vorführung: Was so gekennzeichnet ist, ist erfunden, und nichts davon verlässt diese Installation.',
  remove: 'Vorführung entfernen',
  removeTitle: 'Vorführung entfernen?',
  removeText: (tasks, notes) =>
    `${plural(tasks, 'Aufgabe', 'Aufgaben')} mit allem, was dazugehört, ${plural(notes, 'Notiz', 'Notizen')} und die Dauererlaubnis der Vorführung verschwinden. Was Sie gemacht oder geändert haben, bleibt, ebenso das Protokoll. Das lässt sich nicht zurücknehmen.`,
  removed: (tasks, notes) => `Die Vorführung ist weg: ${plural(tasks, 'Aufgabe', 'Aufgaben')} und ${plural(notes, 'Notiz', 'Notizen')}`,
  kept: (paths) => `Diese Notizen haben Sie geändert, deshalb sind sie geblieben: ${paths}`,
};
