import type { devicesText as english } from '../en/devices.ts';
import type { Translation } from '../translation.ts';

/** German: a person's devices. */
export const devicesText: Translation<typeof english> = {
  title: 'Geräte',
  add: 'Gerät hinzufügen',
  addTitle: 'Gerät hinzufügen',
  none: 'Ein Gerät erreicht Ihre Notizen und Dateien über WebDAV, in Ihrem Namen und mit eigenem Token.',
  name: 'Name',
  nameHelp: 'Damit Sie es wiedererkennen, etwa Laptop oder Telefon.',
  may: 'Was es darf',
  permissions: {
    'vault:read': 'Notizen und Dateien lesen',
    'vault:write': 'Notizen und Dateien schreiben und löschen',
    'approval:decide': 'Fragen entscheiden, indem es ihre Notizen verschiebt',
  } as Record<string, string>,
  cannot: 'Das dürfen Sie selbst nicht.',
  expires: 'Es endet',
  expiries: { '30': 'in 30 Tagen', '90': 'in 90 Tagen', '365': 'in einem Jahr', '730': 'in zwei Jahren' },
  create: 'Hinzufügen',
  madeTitle: 'Das Gerät ist hinzugefügt',
  madeText:
    'Tragen Sie dies in seine WebDAV-Einstellungen ein. Das Token ist das Passwort und wird nur dieses eine Mal gezeigt; der Benutzername ist beliebig.',
  address: 'WebDAV-Adresse',
  token: 'Token',
  done: 'Ich habe es',
  revoke: 'Entziehen',
  revokeLabel: (name: string) => `${name} den Zugang entziehen`,
  revokeTitle: (name: string) => `${name} den Zugang entziehen?`,
  revokeText: 'Es erreicht hier nichts mehr. Was es kopiert hat, bleibt auf ihm.',
  revoked: 'Der Zugang ist entzogen',
  used: 'zuletzt benutzt',
  neverUsed: 'nie benutzt',
  until: 'bis',
};
