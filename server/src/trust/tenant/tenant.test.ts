import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { type ErrorCode, isFactotumError, newId, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { createAuditorKey, createKeyring, createLocalKek, onlyKek } from '#trust/key';
import { knownPayee, loadPolicy, parseDirectory } from '#trust/policy';
import { readLimits } from '#trust/quota';
import { listNotes, readNote, writeNote } from '#trust/vault';
import { testDatabase } from '../../../test/database.ts';
import { provisionTenant } from './provision.ts';
import { readActiveTenant, readTenant } from './read.ts';
import { tenantSettingsSchema } from './settings.ts';

const { database, ownerUrl, close } = await testDatabase();
const { db } = database.app;
const folder = await mkdtemp(join(tmpdir(), 'factotum-tenant-'));
const keyFolder = { folder, tenantsExist: async () => false };
const keyring = createKeyring({ db, keks: onlyKek(await createLocalKek(keyFolder)), clock: systemClock });
const auditor = await createAuditorKey(keyFolder);
after(async () => {
  keyring.close();
  await close();
  await rm(folder, { recursive: true });
});
const deps = { db, keyring, auditor, clock: systemClock };
const actor = 'operator:root';
const is = (code: ErrorCode) => (error: unknown) => isFactotumError(error, code);

/** Every row of every table of the product as text, as somebody sees it who has the whole database: row-level security taken off. */
async function dump(): Promise<Map<string, string[]>> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'auth') order by 1`,
    );
    const rows = new Map<string, string[]>();
    for (const { name } of tables.rows) {
      await client.query(`alter table ${name} no force row level security`);
      const found = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      rows.set(
        name,
        found.rows.map(({ row }) => row),
      );
      // Only a table that has the security on can be forced again.
      await client.query(
        `do $$ begin if (select relrowsecurity from pg_class where oid = '${name}'::regclass) then alter table ${name} force row level security; end if; end $$`,
      );
    }
    return rows;
  } finally {
    await client.end();
  }
}
const rowsOf = (rows: Map<string, string[]>, tenantId: string) =>
  new Map(
    [...rows]
      .map(([name, texts]) => [name, texts.filter((text) => text.includes(tenantId)).length] as const)
      .filter(([, count]) => count > 0),
  );

test('a new tenant has its key, its place in the queue, its audit log, a policy and its first notes', async () => {
  const tenant = await provisionTenant(deps, {
    name: 'acme',
    actor,
    settings: { timeZone: 'Europe/Vienna' },
    notes: [{ path: 'Playbooks/File.md', content: 'x' }],
  });
  const { timeZone, approvalTtlHours, writesFiles } = tenant.settings;
  assert.deepEqual([tenant.name, tenant.state, timeZone, approvalTtlHours, writesFiles], ['acme', 'active', 'Europe/Vienna', 24, false]);
  const keys = await keyring.of(tenant.id);
  await withTenant(db, tenant.id, async (tx) => {
    assert.deepEqual(await readTenant(tx, tenant.id), tenant);
    assert.match((await loadPolicy(tx, keys, tenant.id)).text, /permit/);
    const notes = await listNotes(tx, keys);
    assert.deepEqual(
      notes.map(({ path }) => path),
      ['Business_Goals.md', 'Company_Handbook.md', 'Contacts.md', 'Playbooks/File.md', 'Playbooks/Monday briefing.md'],
    );
    assert.ok(notes.every(({ trusted, author }) => trusted && author === actor));
    const queue = await sql<{ maxRunning: number }>`select max_running from tenant_queue`.execute(tx);
    assert.deepEqual(queue.rows, [{ maxRunning: 20 }]);
  });
  const rows = rowsOf(await dump(), tenant.id);
  for (const table of ['app.tenant', 'app.tenant_key', 'app.tenant_queue', 'app.audit_head', 'app.policy'])
    assert.equal(rows.get(table), 1, table);
});

test('the first Contacts.md knows nobody, and a row that a member adds is known', async () => {
  const { id } = await provisionTenant(deps, { name: 'contacts', actor });
  const keys = await keyring.of(id);
  await withTenant(db, id, async (tx) => {
    const first = await readNote(tx, keys, 'Contacts.md');
    assert.ok(first);
    const empty = parseDirectory(first.content);
    assert.deepEqual([empty.contacts.size, empty.payees.size, empty.skipped], [0, 0, []]);
    assert.ok(knownPayee(parseDirectory(`${first.content}| Northwind | DE89 3704 0044 0532 0130 00 |\n`), 'DE89370400440532013000'));
  });
});

test('a tenant that cannot be made whole is not there at all', async () => {
  const tenantId = newId('tenant');
  const broken = {
    ...deps,
    auditor: {
      ...auditor,
      sealForAuditor: () => {
        throw new Error('no auditor');
      },
    },
  };
  await assert.rejects(provisionTenant(broken, { tenantId, name: 'half', actor }), /no auditor/);
  const twice = { tenantId, name: 'half', actor, notes: [{ path: 'contacts.md', content: 'the same in another case' }] };
  await assert.rejects(provisionTenant(deps, twice), is('vault.exists'));
  assert.deepEqual(rowsOf(await dump(), tenantId), new Map());
  assert.equal((await provisionTenant(deps, { tenantId, name: 'half', actor })).id, tenantId);
});

test('repeated with the same id it changes nothing, and eight at once make one tenant', async () => {
  const tenantId = newId('tenant');
  const made = await Promise.all(Array.from({ length: 8 }, () => provisionTenant(deps, { tenantId, name: 'again', actor })));
  assert.ok(made.every((tenant) => tenant.id === tenantId));
  const before = rowsOf(await dump(), tenantId);
  await provisionTenant(deps, { tenantId, name: 'again', actor, settings: { maxRunning: 1 } });
  assert.deepEqual(rowsOf(await dump(), tenantId), before);
  assert.equal(before.get('app.note'), 4);
  await assert.rejects(provisionTenant(deps, { tenantId, name: 'another', actor }), is('tenant.name_taken'));
});

test('limits that are given with the settings are limits from the start', async () => {
  const { id } = await provisionTenant(deps, { name: 'limited', actor, settings: { maxRunning: 3, vaultBytes: 50_000 } });
  await withTenant(db, id, async (tx) => {
    const { maxRunning, vaultBytes, members } = await readLimits(tx, id);
    assert.deepEqual([maxRunning, vaultBytes, members], [3, 50_000, 100]);
    assert.deepEqual((await sql<{ maxRunning: number }>`select max_running from tenant_queue`.execute(tx)).rows, [{ maxRunning: 3 }]);
  });
  const tooSmall = provisionTenant(deps, { name: 'full', actor, settings: { vaultBytes: 10 } });
  await assert.rejects(tooSmall, is('quota.exceeded'));
});

test('two tenants never have the same name, as it names their folders', async () => {
  const tries = await Promise.allSettled(Array.from({ length: 4 }, () => provisionTenant(deps, { name: 'twins', actor })));
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(tries.every((one) => one.status === 'fulfilled' || is('tenant.name_taken')(one.reason)));
});

test('names that cannot name a folder and settings that make no sense are refused, all named at once', async () => {
  for (const name of ['a', '-a', 'A b', '../x', 'ä', 'x'.repeat(41), '', 'a_b', 'demo\n'])
    await assert.rejects(provisionTenant(deps, { name, actor }), is('request.invalid'), name);
  const wrong = { maxRunning: 0, timeZone: '+01:00', locale: 'not a tag', eventsPerMinute: 1.5 };
  await assert.rejects(provisionTenant(deps, { name: 'fine', actor, settings: wrong }), (error) => {
    assert.ok(isFactotumError(error, 'request.invalid'));
    for (const setting of Object.keys(wrong)) assert.match(error.message, new RegExp(`settings\\.${setting}`));
    return true;
  });
});

test('a suspended tenant can be read but not worked for, and an erased one is not found', async () => {
  const { id } = await provisionTenant(deps, { name: 'paused', actor });
  const asState = (state: 'suspended' | 'erased') =>
    withTenant(db, id, (tx) => tx.updateTable('tenant').set({ state }).where('tenantId', '=', id).execute());
  await asState('suspended');
  assert.equal((await withTenant(db, id, (tx) => readTenant(tx, id))).state, 'suspended');
  await assert.rejects(
    withTenant(db, id, (tx) => readActiveTenant(tx, id)),
    is('tenant.suspended'),
  );
  await asState('erased');
  await assert.rejects(
    withTenant(db, id, (tx) => readTenant(tx, id)),
    is('tenant.not_found'),
  );
});

test("another tenant's row is not found", async () => {
  const [ours, theirs] = [await provisionTenant(deps, { name: 'ours', actor }), await provisionTenant(deps, { name: 'theirs', actor })];
  await assert.rejects(
    withTenant(db, ours.id, (tx) => readTenant(tx, theirs.id)),
    is('tenant.not_found'),
  );
});

test('a tenant made before a setting existed has its default', () => {
  assert.deepEqual(tenantSettingsSchema.parse({ approvalTtlHours: 5, gone: true }), {
    ...tenantSettingsSchema.parse({}),
    approvalTtlHours: 5,
  });
});

test('what stands in a note, and its path, is found nowhere in the database', async () => {
  const canary = 'canary-7f3a9c1e-kanarienvogel';
  const { id } = await provisionTenant(deps, { name: 'canary', actor, notes: [{ path: `Inbox/${canary}.md`, content: canary }] });
  const keys = await keyring.of(id);
  await withTenant(db, id, async (tx) => {
    await writeNote(tx, keys, {
      path: 'Drafts/plain.md',
      content: `a long text around ${canary}. `.repeat(2_000),
      author: 'connector:vault',
      trusted: false,
      at: new Date(),
      operationKey: 'tsk_1/1/s1',
    });
    await writeNote(tx, keys, {
      path: 'Drafts/plain.md',
      content: 'gone from the newest version',
      author: actor,
      trusted: true,
      at: new Date(),
    });
  });
  const rows = await dump();
  const needles = [
    canary,
    Buffer.from(canary).toString('hex'),
    Buffer.from(canary).toString('base64').slice(0, 36),
    Buffer.from(canary, 'utf16le').toString('hex'),
  ];
  let searched = 0;
  for (const [name, texts] of rows)
    for (const text of texts) {
      searched += 1;
      for (const needle of needles) assert.ok(!text.toLowerCase().includes(needle.toLowerCase()), `${needle} in ${name}`);
    }
  // The search would have found what is there in clear.
  assert.ok(searched > 20 && [...(rows.get('app.note_version') ?? [])].some((text) => text.includes('tsk_1/1/s1')));
});
