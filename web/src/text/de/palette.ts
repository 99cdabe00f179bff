import type { paletteText as english } from '../en/palette.ts';
import type { Translation } from '../translation.ts';

/** German: the command menu. */
export const paletteText: Translation<typeof english> = {
  do: 'Tun',
  sendFiles: 'Dateien einreichen',
  connect: 'Etwas Neues verbinden',
  invite: 'Jemanden einladen',
  connectModel: 'KI-Modell wählen',
  setUp: 'Die Einrichtung durchgehen',
  topics: 'Seiten der Einstellungen',
  tasks: 'Gefundene Aufgaben',
  notes: 'Gefundene Notizen',
};
