import { formatCount } from '../../format.ts';
import type { vaultText as english } from '../en/vault.ts';
import type { Translation } from '../translation.ts';

const lines = (n: number): string => (n === 1 ? '1 Zeile' : `${formatCount(n)} Zeilen`);
const notes = (n: number): string => (n === 1 ? '1 Notiz' : `${formatCount(n)} Notizen`);

/** German: searching the vault, and what notes were. */
export const vaultText: Translation<typeof english> = {
  playbooks: 'Anleitungen (Playbooks)',
  search: {
    title: 'Ablage durchsuchen',
    open: 'Suchen',
    field: 'Gesuchte Wörter',
    submit: 'Suchen',
    help: 'Alle Wörter müssen vorkommen; Wortanfänge und kleine Tippfehler zählen. "Eine Wendung" in Anführungszeichen, folder:Kunden und title:wort grenzen ein.',
    none: 'Keine Notiz enthält das',
    noneText: 'Versuchen Sie weniger Wörter oder nur einen Wortanfang. Dateien werden nicht durchsucht.',
    found: (n: number, hasMore: boolean) => (hasMore ? `Die besten ${formatCount(n)} Notizen` : notes(n)),
  },
  history: {
    title: (name: string) => `Verlauf von ${name}`,
    open: 'Verlauf',
    note: 'Die Notiz',
    versionTitle: (version: number, name: string) => `Fassung ${formatCount(version)} von ${name}`,
    version: (version: number) => `Fassung ${formatCount(version)}`,
    changes: { written: 'Geschrieben', moved: 'Verschoben', deleted: 'Gelöscht', restored: 'Wiederhergestellt' },
    newest: 'Wie sie jetzt ist',
    outside: 'Text von außen',
    by: (change: string, author: string) => `${change} von ${author}`,
    none: 'Es gibt keinen Verlauf',
    noneText: 'Factotum zeichnet diese Notiz aus seinen Aufzeichnungen, wenn jemand sie liest, oder es gibt keine solche Notiz.',
    forgotten: 'Diese Fassung ist vergessen, oder es gab sie nie.',
    isDeletion: 'Hier wurde die Notiz gelöscht. Es gibt keinen Text; stellen Sie eine ältere Fassung wieder her.',
    restore: 'Wiederherstellen',
    restoreTitle: (version: number) => `Die Notiz wieder zu dem machen, was sie in Fassung ${formatCount(version)} war?`,
    restoreText: (path: string) => `Das wird die neueste Fassung, unter ${path}. Was jetzt da ist, bleibt im Verlauf.`,
    vouch: 'Der Text kam von außen. Indem Sie ihn wiederherstellen, bürgen Sie für ihn.',
    restored: 'Die Notiz ist wiederhergestellt',
    viewsLabel: 'Was gezeigt wird',
    views: { before: 'Was sich änderte', now: 'Gegen jetzt', text: 'Ganzer Text' },
    comparedBefore: (version: number) => `Von Fassung ${formatCount(version)} zu dieser`,
    comparedNow: 'Von dieser Fassung zu dem, was jetzt da ist',
    first: 'Die erste Fassung, die aufbewahrt ist: Alles darin ist neu.',
  },
  difference: {
    label: 'Unterschiede, Zeile für Zeile',
    same: 'Keine Zeile ist anders.',
    moved: (from: string, to: string) => `Von ${from} nach ${to} verschoben.`,
    binary: 'Eines davon ist kein Text, also gibt es nichts zu vergleichen.',
    tooLarge: 'Sie sind zu lang oder zu verschieden, um hier verglichen zu werden. Lesen Sie stattdessen den ganzen Text.',
    count: (added: number, removed: number) => `${lines(added)} dazu, ${lines(removed)} weg`,
    kinds: { added: 'Dazu:', removed: 'Weg:', same: '' },
    skipped: (n: number) => (n === 1 ? '1 Zeile ist gleich' : `${formatCount(n)} Zeilen sind gleich`),
    more: (n: number) => `${formatCount(n)} weitere Zeilen zeigen`,
    noEnd: 'ohne Zeilenumbruch am Ende',
  },
  deleted: {
    title: 'Gelöschte Notizen',
    open: 'Gelöscht',
    none: 'Nichts ist gelöscht',
    noneText: 'Eine gelöschte Notiz bekommen Sie hier zurück, solange ihr Verlauf aufbewahrt wird.',
    restoreLabel: (path: string) => `${path} wiederherstellen`,
    gone: 'Ihr Text ist vergessen',
  },
};
