/** What each permission allows. */
export const permissions: Readonly<Record<string, string>> = {
  'event:write': 'Ereignisse und E-Mails einliefern',
  'task:read': 'Aufgaben sehen, ihre Pläne und was daraus wurde',
  'task:write': 'Aufgaben abbrechen und fortsetzen',
  'approval:read': 'Sehen, was auf eine Entscheidung wartet',
  'approval:decide': 'Freigeben, ablehnen, ändern und übergeben',
  'vault:read': 'Notizen lesen',
  'vault:write': 'Notizen schreiben, verschieben und löschen',
  'audit:read': 'Das Protokoll lesen, nachweisen und herausgeben',
  'policy:read': 'Richtlinien und Dauererlaubnisse lesen',
  'policy:write': 'Richtlinien und Dauererlaubnisse ändern',
  'settings:read': 'Die Einstellungen des Mandanten sehen',
  'settings:write': 'Die Einstellungen des Mandanten ändern',
  'member:read': 'Mitglieder sehen, ihre Rollen und Teams',
  'member:admin': 'Menschen einladen und entfernen, ihre Rollen und Teams bestimmen, ihre Sitzungen beenden',
  'role:admin': 'Rollen anlegen und ändern',
  'key:admin': 'API-Schlüssel und Dienstkonten anlegen, sehen, erneuern und widerrufen',
  'security:read': 'Sehen, wie sich Menschen anmelden: Identitätsanbieter, Bereitstellung, Regeln für Sitzungen, Liste der Adressen',
  'security:admin': 'Ändern, wie sich Menschen anmelden',
  'encryption:read': 'Sehen, wer die Schlüssel hütet und was mit welchem versiegelt ist',
  'encryption:admin': 'Schlüssel erneuern, widerrufen und vernichten, und wählen, wer sie hütet',
  'secret:read': 'Namen, Fassungen und Verwendung von Geheimnissen sehen, nie ihre Werte',
  'secret:admin': 'Geheimnisse ablegen, erneuern und löschen',
  'connection:read': 'Verbindungen, Webhooks, Zeitpläne und Werkzeugserver sehen, nie ihre Zugangsdaten',
  'connection:admin': 'Verbindungen, Webhooks, Zeitpläne und Werkzeugserver anlegen, ändern und löschen',
  'ledger:read': 'Bankkonten, Umsätze und zugeordnete Rechnungen sehen',
  'ledger:write': 'Bankdateien einlesen, Umsätze einordnen und Zuordnungen berichtigen',
  'quota:read': 'Kontingente und Verbrauch sehen',
  'tenant:export': 'Alles in einem versiegelten Archiv herausnehmen',
  'tenant:close': 'Den Mandanten schließen, was mit seiner Löschung endet',
};

/** What is granted to a tenant. */
export const quotas: Readonly<Record<string, string>> = {
  maxRunning: 'Aufgaben in Arbeit',
  eventsPerMinute: 'Ereignisse',
  requestsPerMinute: 'API-Anfragen',
  modelMicrosPerDay: 'Modellkosten am Tag',
  modelMicrosPerMonth: 'Modellkosten im Monat',
  vaultBytes: 'Ablage',
  members: 'Mitglieder',
  connectors: 'Konnektoren',
};

/** The roles that every tenant has. */
export const roles: Readonly<Record<string, string>> = {
  owner: 'Inhaber',
  admin: 'Verwaltung',
  approver: 'Freigabe',
  member: 'Mitglied',
  auditor: 'Prüfung',
};

/** What does not add up in an account, by its code. Days stand in it as the server has them. */
export const accountNotices: Readonly<Record<string, (text: string) => string>> = {
  balance_wrong: () => 'Die Umsätze führen nicht vom Anfangs- zum Endsaldo: Etwas fehlt oder wurde falsch gelesen.',
  overlap: (text) => `Ein Auszug stimmt mit anderen derselben Tage nicht überein${days(text)}.`,
  gap: (text) => `Zwischen zwei Auszügen fehlt etwas${days(text)}.`,
};

function days(text: string): string {
  const found = text.match(/\d{4}-\d\d-\d\d/g) ?? [];
  return found.length < 2 ? '' : `: ${found.slice(0, 2).map(dayOf).join(' bis ')}`;
}

const dayOf = (day: string): string => day.split('-').toReversed().join('.');
