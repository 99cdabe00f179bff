import { testConnector } from '@factotum/connector-sdk/test';
import { startImapStandIn } from '../../../test/stand-in/imap.ts';
import { createMailConnector } from './connector.ts';

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
