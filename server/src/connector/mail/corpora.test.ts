import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost } from '@factotum/connector-sdk/test';
import { sql } from 'kysely';
import { createIntake } from '#flow/intake';
import { newId, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { testDatabase } from '../../../test/database.ts';
import { startImapStandIn } from '../../../test/stand-in/imap.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { createMailConnector } from './connector.ts';

const corpus = join(process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '../../../../../shared/fixtures'), 'corpora', 'mail');
const files = await readdir(corpus, { recursive: true, withFileTypes: true }).catch(() => null);

test('every mail of the corpus goes through the connector and intake, and each is one event', {
  skip: files === null && `there is no corpus at ${corpus}`,
}, async (t) => {
  const paths = (files ?? []).filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  const { database, close } = await testDatabase();
  const tenants = await tenantFactory(database);
  const server = await startImapStandIn(new Set(['right-password']));
  after(async () => {
    await server.close();
    await tenants.close();
    await close();
  });
  const { tenantId } = await tenants.build();
  const intake = createIntake({
    database,
    keysOf: tenants.keyring.of,
    clock: systemClock,
    admit: async () => undefined,
    onAccepted: () => undefined,
  });
  const host = createHost({
    connector: createMailConnector({ resolve: async () => [] }),
    settings: {
      imapHost: '127.0.0.1',
      imapPort: server.port,
      imapSecurity: 'none',
      user: 'office@demo.example',
      fromAddress: 'office@demo.example',
    },
    credentials: { password: 'right-password' },
  });
  await host.drain();
  for (const path of paths) server.add('INBOX', await readFile(path));
  await host.drain();
  assert.equal(host.arrivals.length + host.known, paths.length);
  const accepted = await intake.acceptAll(tenantId, host.arrivals, {
    ...{ connectionId: newId('connection'), connector: 'mail', channel: 'connection' },
    also: async () => undefined,
  });
  assert.deepEqual([accepted.created, accepted.known, accepted.conflicts], [host.arrivals.length, 0, 0]);
  const { rows } = await withTenant(database.app.db, tenantId, (tx) =>
    sql<{ kind: string; count: number }>`select kind, count(*)::int as count from app.event group by kind order by kind`.execute(tx),
  );
  const understood = rows.filter(({ kind }) => kind.startsWith('mail.')).reduce((sum, { count }) => sum + count, 0);
  t.diagnostic(
    `understood: ${understood + host.known} of ${paths.length} files, ${host.known} of them the same bytes as another (${rows.map(({ kind, count }) => `${kind} ${count}`).join(', ')})`,
  );
  assert.equal(understood, host.arrivals.length);
});
