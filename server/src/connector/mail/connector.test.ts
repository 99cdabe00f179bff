import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testConnector } from '@factotum/connector-sdk/test';
import { startImapStandIn } from '../../../test/stand-in/imap.ts';
import { createMailConnector } from './connector.ts';
import { mailSettingsSchema } from './settings.ts';

testConnector({
  connector: createMailConnector({ resolve: async () => [] }),
  async start() {
    const server = await startImapStandIn(new Set(['right-password']));
    let added = 0;
    return {
      settings: {
        ...{ imapHost: '127.0.0.1', imapPort: server.port, imapSecurity: 'none' },
        ...{ user: 'office@demo.example', fromAddress: 'office@demo.example' },
      },
      credentials: { password: 'right-password' },
      badCredentials: { password: 'wrong-password' },
      async add(count) {
        for (let number = 0; number < count; number += 1) {
          added += 1;
          server.add(
            'INBOX',
            `From: alice@example.com\r\nSubject: Mail ${added}\r\nMessage-ID: <${added}@example.com>\r\n\r\nHello ${added}\r\n`,
          );
        }
      },
      async expireCursor() {
        server.renumber('INBOX');
      },
      async hang(hangs) {
        server.mischief.hangs = hangs;
      },
      stop: () => server.close(),
    };
  },
});

test('another incoming server or user is another mailbox; another outgoing server or token endpoint is only another destination', () => {
  const { place, destinations } = createMailConnector();
  const account = { imapHost: 'imap.example', smtpHost: 'smtp.example', user: 'office', fromAddress: 'office@demo.example' };
  const at = (settings: object) => {
    const parsed = mailSettingsSchema.parse({ ...account, ...settings });
    return { place: place?.(parsed), destinations: destinations?.(parsed) };
  };
  const before = at({});
  for (const settings of [{ imapHost: 'other.example' }, { imapPort: 143 }, { user: 'boss' }])
    assert.notEqual(at(settings).place, before.place);
  for (const settings of [{ smtpHost: 'other.example' }, { smtpPort: 587 }, { tokenUrl: 'https://login.example/token' }]) {
    assert.equal(at(settings).place, before.place);
    assert.notDeepEqual(at(settings).destinations, before.destinations);
  }
  assert.deepEqual(at({ imapHost: 'IMAP.example', smtpHost: 'SMTP.example', signature: 'Yours', folders: ['Orders'] }), before);
});
