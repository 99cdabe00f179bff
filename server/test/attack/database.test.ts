import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { testHttp } from '../http.ts';
import { eventually } from '../platform.ts';

// Registered first, since what the platform gives back must not be in use any more.
after(async () => {
  await owner.end();
  await platform.sequencer.stop();
});

const { platform, send, buildCustomer } = await testHttp();
await platform.sequencer.start();
const owner = new pg.Client({ connectionString: platform.ownerUrl });
await owner.connect();

test('what processes tell each other through the database are ids and sizes, as row-level security does not cover it', async () => {
  const told: string[] = [];
  owner.on('notification', ({ payload }) => told.push(...(payload ?? '').split('\n')));
  for (const channel of ['audit', 'identity_revoked']) await owner.query(`listen ${channel}`);
  const customer = await buildCustomer();
  const [cookie, key] = [await customer.signIn(), await customer.key()];
  const made = await send('POST /api/v1/api-keys', { cookie, json: { name: 'kumquat', permissions: ['task:read'] } });
  const { id } = (await made.json()) as { id: string }; // as the route declares
  assert.equal((await send(`DELETE /api/v1/api-keys/${id}`, { cookie })).status, 204);
  const event = { source: 'test', kind: 'test.kumquat', externalId: 'kumquat', payload: { subject: 'kumquat' } };
  assert.equal((await send('POST /api/v1/events', { key, json: event })).status, 202);
  await eventually(
    async () => told.includes(id) && told.some((line) => line.startsWith(customer.tenantId)),
    () => `only told: ${told.join(', ')}`,
  );
  for (const line of told) assert.match(line, /^([a-z]{2,5}_[0-9a-f]{24}( \d+)?|signing-keys)$/);
});

test('no login of ours may empty, copy by file or reference a table: what row-level security does not cover', async () => {
  const { rows } = await owner.query(`
    select r.rolname as role, c.oid::regclass::text as table from pg_roles r, pg_class c join pg_namespace n on n.oid = c.relnamespace
    where r.rolname in ('factotum_app', 'factotum_engine', 'factotum_sequencer', 'factotum_auth') and n.nspname in ('app', 'auth') and c.relkind in ('r', 'p')
      and (has_table_privilege(r.oid, c.oid, 'truncate') or has_table_privilege(r.oid, c.oid, 'references') or has_table_privilege(r.oid, c.oid, 'trigger'))`);
  assert.deepEqual(rows, []);
  const members = await owner.query(`select r.rolname as role, g.rolname as of from pg_roles r, pg_roles g
    where r.rolname like 'factotum_%' and r.rolname <> current_user and g.rolname like 'pg_%' and pg_has_role(r.oid, g.oid, 'member')`);
  assert.deepEqual(members.rows, []);
});
