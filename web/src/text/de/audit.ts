import type { auditText as english } from '../en/audit.ts';
import type { Translation } from '../translation.ts';

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** German: the audit log and its proofs. */
export const auditText: Translation<typeof english> = {
  title: 'Protokoll',
  intro: 'Alles, was geschah, der Reihe nach, in einem signierten Protokoll, in dem nichts geändert werden kann.',
  verifyLog: 'Das ganze Protokoll prüfen',
  verifying: 'Wird geprüft …',
  verified: (n: string) => `Das ganze Protokoll ist unversehrt: ${n} Einträge`,
  verifiedAt: (when: string) => `Prüfpunkt signiert ${when}`,
  broken: 'Das Protokoll besteht die Prüfung nicht',
  notYet: 'Bei diesem Besuch noch nicht geprüft',
  filterTask: 'Nur eine Aufgabe',
  clear: 'Alle Einträge zeigen',
  empty: 'Keine Einträge',
  emptyText: 'Was Menschen, Programme und Ihr Mitarbeiter tun, steht hier, von der ersten Handlung an.',
  quiet: (n: number) => plural(n, 'Eintrag über Lesen oder Wiederholen', 'Einträge über Lesen oder Wiederholen'),
  ofLog: (n: number) => `Eintrag ${n} des Protokolls`,
  verify: 'In diesem Browser prüfen',
  verifyShort: 'Noch einmal prüfen',
  ok: 'geprüft',
  okLong: (size: string) =>
    `In diesem Browser geprüft: Der Eintrag ist Teil des Protokolls mit ${size} Einträgen, und die Signatur darüber stimmt.`,
  download: 'Nachweis herunterladen',
  leaf: 'Blatt-Hash',
  path: 'Pfad zur Wurzel',
  checkpoint: 'Prüfpunkt',
  key: 'Prüfschlüssel',
  body: 'Der Eintrag, wie er gehasht wurde',
  pathCount: (n: number) => plural(n, 'Hash', 'Hashes'),
  faults: {
    key: 'Der Prüfschlüssel ist nicht lesbar.',
    note: 'Der Prüfpunkt ist fehlerhaft oder nicht von diesem Protokoll signiert.',
    signature: 'Die Signatur über den Prüfpunkt stimmt nicht.',
    leaf: 'Der Eintrag hat nicht den Hash, den das Protokoll angibt.',
    path: 'Der Pfad führt von diesem Eintrag nicht zur signierten Wurzel.',
    key_changed: 'Das Protokoll zeigt einen anderen Schlüssel als den, den dieser Browser zuerst sah.',
    unsupported: 'Dieser Browser kann die Signatur hier nicht prüfen (nötig sind Ed25519 und eine sichere Verbindung).',
  },
  notVerified: 'nicht geprüft',
};
