import type { filesText as english } from '../en/files.ts';
import type { Translation } from '../translation.ts';

/** German: the vault's files. */
export const filesText: Translation<typeof english> = {
  title: 'Dateien',
  upload: 'Hochladen',
  uploadTitle: 'Datei ablegen',
  file: 'Datei',
  fileHelp: 'Bis zu 2 GB. Sie wird versiegelt, bevor sie abgelegt wird.',
  folder: 'Ordner',
  uploaded: 'Die Datei ist abgelegt',
  none: 'Keine Dateien',
  noneText: 'Dokumente, Bilder und Archive liegen hier neben den Notizen.',
  download: 'Herunterladen',
  downloadLabel: (path: string) => `${path} herunterladen`,
  remove: 'Löschen',
  removeLabel: (path: string) => `${path} löschen`,
  removeTitle: (path: string) => `„${path}“ löschen?`,
  removeText: 'Innerhalb eines Tages ist sie für immer weg.',
  removed: 'Die Datei ist gelöscht',
};
