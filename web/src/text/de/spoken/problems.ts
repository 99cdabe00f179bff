import { quotas } from './names.ts';

type Details = Readonly<Record<string, unknown>>;

const gone = (what: string) => `${what} gibt es in diesem Mandanten nicht (mehr).`;
const meanwhile = (what: string) => `${what} wurde inzwischen geändert. Laden Sie die Seite neu und versuchen Sie es noch einmal.`;
const later = 'Versuchen Sie es gleich noch einmal.';
const far = 'Die Gegenseite';

/** What is wrong, by the code of the failure; what a page says better of its own is in its own words. */
export const problems: Readonly<Record<string, string | ((details: Details) => string)>> = {
  'request.invalid': faultsText,
  'request.not_json': 'Der Server konnte die Anfrage nicht lesen.',
  'request.too_large': 'Das ist zu groß.',
  'request.unsupported_type': 'Diese Art von Inhalt wird nicht angenommen.',
  'request.not_found': 'Unter dieser Adresse gibt es nichts.',
  'request.method_not_allowed': 'Unter dieser Adresse geht das nicht.',
  'request.foreign_origin': 'Die Anfrage kommt von einer fremden Seite.',
  'request.unknown_host': 'Unter diesem Namen ist dieser Server nicht zu erreichen.',
  'request.cursor_invalid': 'Die Liste hat sich geändert. Laden Sie die Seite neu.',
  'request.not_through_edge': 'Diese Adresse ist nur von außen zu erreichen.',
  'auth.required': 'Melden Sie sich an.',
  'idempotency.key_reused': 'Diese Anfrage kam schon einmal mit anderem Inhalt.',
  'idempotency.in_progress': `Diese Anfrage wird noch bearbeitet. ${later}`,
  'quota.exceeded': ({ quota }) =>
    `Das Kontingent „${quotas[String(quota)] ?? 'Anfragen'}“ ist aufgebraucht. Schaffen Sie Platz, warten Sie, oder fragen Sie, wer diese Installation betreibt.`,
  'tenant.not_found': 'Diesen Mandanten gibt es nicht.',
  'tenant.name_taken': 'Diesen Namen gibt es schon. Nehmen Sie einen anderen.',
  'tenant.moved': 'Der Mandant ist in eine andere Installation umgezogen.',
  'tenant.moving': 'Der Mandant zieht gerade um.',
  'tenant.closing': 'Der Mandant wird geschlossen. Er kann noch gelesen und herausgegeben werden.',
  'tenant.wrong_state': 'Das geht in diesem Zustand nicht. Laden Sie die Seite neu.',
  'tenant.changed': meanwhile('Die Einstellungen'),
  'tenant.files_stay': 'Dateien des Mandanten konnten nicht entfernt werden.',
  'tenant.name_mismatch': 'Das ist nicht der Name des Mandanten.',
  'registration.not_found': 'Diese Registrierung gibt es nicht.',
  'archive.invalid': 'Das Archiv kann nicht gelesen werden, oder die Passphrase stimmt nicht.',
  'archive.conflict': 'Das Archiv passt nicht zu dieser Installation.',
  'demo.not_found': 'Hier gibt es keine Vorführung.',
  'demo.busy': `An der Vorführung wird gerade gearbeitet. ${later}`,
  'job.not_found': 'Diesen Auftrag gibt es nicht (mehr).',
  'member.not_found': gone('Dieses Mitglied'),
  'member.exists': 'Diese Person ist schon Mitglied.',
  'member.break_glass': 'Diese Person ist der Weg hinein, wenn der Identitätsanbieter ausfällt. Bestimmen Sie zuerst jemand anderen.',
  'member.managed': 'Dieses Mitglied verwaltet der Identitätsanbieter. Ändern Sie es dort.',
  'invitation.not_found': gone('Diese Einladung'),
  'role.not_found': gone('Diese Rolle'),
  'role.name_taken': 'Eine Rolle mit diesem Namen gibt es schon.',
  'role.in_use': 'Jemand hat diese Rolle noch.',
  'team.not_found': gone('Dieses Team'),
  'team.name_taken': 'Ein Team mit diesem Namen gibt es schon.',
  'scim.not_found': 'Das gibt es im Verzeichnis nicht.',
  'scim.token_not_found': 'Dieses Token eines Verzeichnisses gibt es nicht.',
  'scim.refused': 'Was das Verzeichnis verlangt, geht nicht.',
  'scim.taken': 'Das gibt es schon.',
  'scim.changed': meanwhile('Es'),
  'security.lockout': 'Mit diesen Regeln würden Sie sich selbst aussperren.',
  'key.not_found': gone('Diesen API-Schlüssel'),
  'key.replaced': 'Dieser Schlüssel hat schon einen Nachfolger.',
  'key.unavailable': 'Der Schlüssel des Mandanten ist gerade nicht zu öffnen. Was versiegelt ist, kann so lange niemand lesen.',
  'key.destroyed': 'Der Schlüssel des Mandanten ist vernichtet.',
  'key.provider_missing': 'Das Programm für diesen Schlüsseldienst ist nicht installiert.',
  'key.provider_invalid': 'Dieser Schlüsseldienst lässt sich so nicht verwenden.',
  'key.busy': `Die Schlüssel dieses Mandanten werden gerade geändert. ${later}`,
  'key.in_use': 'Mit diesem Schlüssel ist noch etwas versiegelt.',
  'service_account.not_found': gone('Dieses Dienstkonto'),
  'service_account.name_taken': 'Ein Dienstkonto mit diesem Namen gibt es schon.',
  'session.not_found': 'Diese Sitzung ist schon zu Ende.',
  'passkey.not_found': 'Diesen Passkey gibt es nicht (mehr).',
  'device_token.not_found': 'Dieses Gerät gibt es nicht (mehr).',
  'sso.domain_unproven': 'Dass diese Domain Ihnen gehört, ist nicht nachgewiesen.',
  'sso.domain_taken': 'Ein anderer Mandant hat diese Domain nachgewiesen.',
  'event.conflict': 'Unter dieser Kennung ist schon etwas anderes eingegangen.',
  'event.invalid': 'Das Ereignis ist nicht gültig.',
  'mail.unavailable': 'Gerade kann keine E-Mail verschickt werden.',
  'mail.automatic': 'E-Mails von Listen und Programmen werden nicht beantwortet.',
  'mail.loop': 'Zu viele Antworten innerhalb einer Stunde.',
  'mail.invalid': 'Das ist keine E-Mail.',
  'task.not_undoable': 'Von dieser Aufgabe lässt sich nichts zurücknehmen.',
  'task.not_replannable': 'Die Aufgabe nimmt jetzt keinen anderen Plan an.',
  'view.not_found': 'Diese Ansicht gibt es nicht (mehr).',
  'approval.already_decided': 'Jemand hat schon entschieden.',
  'approval.changed': 'Was Sie gesehen haben, ist nicht, was geschehen würde. Sehen Sie es sich noch einmal an.',
  'approval.note_changed': 'Die Notiz wurde geändert; sie zu verschieben entscheidet deshalb nichts.',
  'approval.person_required': 'Dem müssen Menschen zustimmen.',
  'approval.own_request': 'Dem muss jemand anderes zustimmen.',
  'approval.already_agreed': 'Sie haben schon zugestimmt.',
  'approval.not_undoable': 'Diese Entscheidung lässt sich nicht zurücknehmen.',
  'approval.not_alike': 'Diese Freigaben können nicht zusammen erteilt werden.',
  'approval.assignee_invalid': 'Darüber kann diese Person nicht entscheiden.',
  'plan.invalid': 'Der Plan ist nicht gültig.',
  'plan.value_missing': 'Ein Wert fehlt, den der Plan braucht.',
  'plan.no_planner': 'Niemand weiß, wie das zu tun ist: Kein Playbook passt, und kein Modell plant.',
  'model.unavailable': `Das Modell antwortet nicht. ${later}`,
  'model.rate_limited': 'Das Modell bittet um weniger Anfragen.',
  'model.refused': 'Das Modell hat abgelehnt.',
  'model.bad_answer': 'Das Modell hat etwas Unbrauchbares geantwortet.',
  'model.misconfigured': 'Das Modell ist nicht richtig eingerichtet.',
  'tool.unknown': 'Ein solches Werkzeug gibt es nicht.',
  'tool.invalid_arguments': 'Die Angaben passen nicht zum Werkzeug.',
  'tool.failed': 'Das Werkzeug meldet einen Fehler.',
  'tool.unavailable': 'Das Werkzeug ist nicht zu erreichen.',
  'tool.timed_out': 'Das Werkzeug hat nicht rechtzeitig geantwortet.',
  'tool.outcome_unknown': 'Niemand kann sagen, ob es geschehen ist.',
  'tool.auth': 'Das Werkzeug muss von einem Menschen neu verbunden werden.',
  'gate.denied': 'Die Richtlinien verbieten das.',
  'policy.invalid': 'Der Text der Richtlinien ist nicht gültig.',
  'policy.changed': meanwhile('Die Richtlinien'),
  'policy.version_not_found': 'Diese Fassung der Richtlinien gibt es nicht.',
  'policy.simulation_busy': `Für diesen Mandanten werden schon Richtlinien ausprobiert. ${later}`,
  'history.not_found': 'Diese Änderung gibt es nicht.',
  'history.not_restorable': 'Das lässt sich hier nicht zurücksetzen.',
  'grant.not_found': gone('Diese Dauererlaubnis'),
  'vault.too_large': 'Die Ablage ist zu groß, um durchsucht zu werden.',
  'vault.path_invalid': 'Das ist kein Pfad in der Ablage.',
  'vault.changed': meanwhile('Die Notiz'),
  'vault.protected': 'Diese Stelle der Ablage ist Mitgliedern vorbehalten.',
  'vault.exists': 'Unter diesem Pfad gibt es schon eine Notiz.',
  'vault.generated': 'Diese Notiz schreibt Factotum selbst aus seinen Daten.',
  'file.not_found': gone('Diese Datei'),
  'file.exists': 'Unter diesem Pfad gibt es schon eine Datei.',
  'outbound.address_refused': 'Diese Adresse darf nicht aufgerufen werden.',
  'outbound.too_large': `${far} hat zu viel geschickt.`,
  'secret.not_found': gone('Dieses Geheimnis'),
  'secret.changed': meanwhile('Das Geheimnis'),
  'secret.exists': 'Ein Geheimnis mit diesem Namen gibt es schon.',
  'secret.in_use': 'Etwas bezieht sich noch auf dieses Geheimnis.',
  'secret.reference_invalid': 'Das ist kein Verweis auf ein Geheimnis.',
  'secret.unavailable': 'Das Geheimnis kann gerade nicht gelesen werden.',
  'storage.not_found': 'Das liegt nicht mehr im Speicher.',
  'storage.unavailable': `Der Speicher antwortet nicht. ${later}`,
  'storage.full': 'Der Speicher ist voll.',
  'backup.not_found': 'Diese Sicherung gibt es nicht.',
  'backup.invalid': 'Die Sicherung kann nicht gelesen werden.',
  'backup.busy': 'Es wird schon eine Sicherung gemacht.',
  'backup.conflict': 'Die Sicherung passt nicht zu dieser Installation.',
  'certificate.invalid': 'Das Zertifikat lässt sich nicht verwenden.',
  'connection.not_found': gone('Diese Verbindung'),
  'connection.invalid': 'Die Verbindung ist nicht richtig eingerichtet.',
  'connection.changed': meanwhile('Die Verbindung'),
  'connection.unavailable': `${far} der Verbindung antwortet nicht.`,
  'connection.refused': `${far} der Verbindung weist uns ab.`,
  'connection.missing': 'Dafür braucht es eine Verbindung, die der Mandant nicht hat.',
  'webhook.not_found': gone('Diesen Webhook'),
  'webhook.signature_invalid': 'Die Signatur dieses Webhooks fehlt, ist falsch oder zu alt.',
  'webhook.invalid': 'Der Webhook ist nicht richtig eingerichtet.',
  'push.not_found': 'Diesen Browser gibt es nicht (mehr).',
  'push.invalid': 'In diesem Browser kann nicht hingewiesen werden.',
  'survey.not_due': 'Gerade wird niemand gefragt.',
  'schedule.not_found': gone('Diesen Zeitplan'),
  'schedule.invalid': 'Das ist kein Zeitplan.',
  'tool_server.not_found': gone('Diesen Werkzeugserver'),
  'tool_server.invalid': 'Der Werkzeugserver lässt sich so nicht verwenden.',
  'tool_server.changed': 'Das Werkzeug hat sich geändert und wartet auf Bestätigung.',
  'document.unreadable': 'Das Dokument kann nicht gelesen werden.',
  'document.too_large': 'Das Dokument ist zu groß, oder es entpackt sich zu groß.',
  'document.busy': `Zu viele Ihrer Dokumente warten darauf, gelesen zu werden. ${later}`,
  'ledger.not_found': gone('Dieses Konto oder diesen Umsatz'),
  'ledger.unreadable': 'Die Bankdatei kann nicht gelesen werden.',
  'agenda.unreadable': 'Die Kalenderdaten können nicht gelesen werden.',
  'agenda.conflict': 'Der Kalender hat sich inzwischen geändert.',
  'server.overloaded': `Der Server hat mehr zu tun, als er kann. ${later}`,
  'server.fault': 'Auf unserer Seite stimmt etwas nicht.',
  'seal.broken': 'Gespeichertes kann nicht geöffnet werden.',
  'audit.broken': 'Das Protokoll lässt sich nicht prüfen.',
  'database.unavailable': `Die Datenbank antwortet nicht. ${later}`,
};

/** Failures of what is outside: what was reported from there says more than our words for it. */
const outside = /^(?:agenda|backup|connection|document|ledger|mail|model|outbound|secret|sso|storage|tool|tool_server|webhook)\./;

/** A failure in German; what the server said in English stands behind it where it tells more. Null for a code that is not known. */
export function problemText(code: string, message: string, details: Details = {}): string | null {
  const known = problems[code];
  if (known === undefined) return null;
  const said = typeof known === 'string' ? known : known(details);
  return outside.test(code) && message !== '' ? `${said} Gemeldet wurde: „${message}“` : said;
}

/** Each value that does not fit, by the name that it has in the API. */
function faultsText({ faults }: Details): string {
  const list = Array.isArray(faults) ? faults.slice(0, 3) : [];
  const said = list.map(({ path, message }: { path?: unknown; message?: unknown }) => {
    const fault = faultText(String(message ?? ''));
    return path === '' || path === undefined ? fault : `${String(path)}: ${fault}`;
  });
  return said.length === 0 ? 'Die Angaben sind nicht gültig.' : `Die Angaben sind nicht gültig. ${said.join('; ')}.`;
}

/** What is wrong with one value, by how the server says it (`zod`, and our own "must be …"). */
const patterns: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/^Too small: expected string to have >=1 characters/, () => 'darf nicht leer sein'],
  [/^Too small: expected string to have >=(\d+)/, ([, least]) => `braucht mindestens ${least} Zeichen`],
  [/^Too big: expected string to have <=(\d+)/, ([, most]) => `darf höchstens ${most} Zeichen haben`],
  [/^Too small: expected array to have >=(\d+)/, ([, least]) => `braucht mindestens ${least}`],
  [/^Too big: expected array to have <=(\d+)/, ([, most]) => `darf höchstens ${most} haben`],
  [/^Too small: expected \w+ to be >=?(-?[\d.]+)/, ([, least]) => `muss mindestens ${least} sein`],
  [/^Too big: expected \w+ to be <=?(-?[\d.]+)/, ([, most]) => `darf höchstens ${most} sein`],
  [/received undefined$/, () => 'fehlt'],
  [/^Invalid input: expected (?:number|int)/, () => 'muss eine Zahl sein'],
  [/email|mail address/i, () => 'muss eine E-Mail-Adresse sein'],
  [/URL|http or https address/, () => 'muss eine Webadresse sein'],
  [/^Invalid ISO date|a day like/, () => 'muss ein Tag sein, etwa 2026-11-23'],
  [/a time like (\S+)/, ([, example]) => `muss eine Uhrzeit sein, etwa ${example}`],
  [/IANA time zone/, () => 'muss eine Zeitzone sein, etwa Europe/Berlin'],
  [/a currency like|ISO 4217/, () => 'muss eine Währung sein, etwa EUR'],
  [/a language tag/, () => 'muss eine Sprache sein, etwa de oder de-AT'],
  [/a domain like/, () => 'muss eine Domain sein, etwa example.com'],
  [/one line/, () => 'muss eine Zeile ohne Steuerzeichen sein'],
  [/begin before they end/, () => 'muss beginnen, bevor es endet'],
  [/small letters, digits or hyphens/, () => 'darf nur Kleinbuchstaben, Ziffern und Bindestriche haben und muss damit beginnen'],
  [/^Unrecognized key/, () => 'wird nicht angenommen'],
];

const faultText = (message: string): string => {
  for (const [pattern, say] of patterns) {
    const found = pattern.exec(message);
    if (found !== null) return say(found);
  }
  return 'passt nicht';
};
