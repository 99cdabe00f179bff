import assert from 'node:assert/strict';
import { buffer, text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { parseVerifierKey, verifyExport, verifyProof } from '@factotum/tlog';
import { sql } from 'kysely';
import { selectTasks } from '#flow/task';
import { type Id, isFactotumError, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { verifyTenantLog } from '#trust/audit';
import { staying, travelling } from '#trust/identity';
import { newPassphraseParameters } from '#trust/key';
import { createSecret } from '#trust/secret';
import { readTenant } from '#trust/tenant';
import { withFeeds } from '../../../test/connector-module.ts';
import { forge } from '../../../test/flow/people.ts';
import { type TestPlatform, testPlatform } from '../../../test/platform.ts';
import { openArchive, sealArchive } from './codec.ts';
import { type ArchiveKind, newHeader } from './header.ts';
import { makeArchive } from './make.ts';
import type { Part } from './parts.ts';
import { leftOut, travellingTables } from './tables.ts';
import { takeIn } from './take-in.ts';

const here = await testPlatform({ environment: withFeeds });
const there = await testPlatform({ environment: withFeeds });
const key = Buffer.alloc(32, 3);
const keyOf = async () => key as Uint8Array;

async function archiveOf(tenantId: Id<'tenant'>, kind: ArchiveKind): Promise<Buffer> {
  const header = newHeader({ kind, tenantId, madeAt: new Date(), key: newPassphraseParameters() });
  let made = Buffer.alloc(0);
  await here.sequencer.drained();
  await makeArchive(here, { header, key }, async (bytes) => {
    made = await buffer(bytes);
  });
  return made;
}

async function* piecesOf(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

async function partsOf(archive: Uint8Array): Promise<Map<string, string>> {
  const { parts } = await openArchive(piecesOf(archive), keyOf);
  const found = new Map<string, string>();
  for await (const { name, body } of parts) found.set(name, await text(body));
  return found;
}

/** The same archive with some of its parts changed by somebody who knows the passphrase. */
async function forged(archive: Buffer, change: (parts: Map<string, string>) => void, tenantId?: Id<'tenant'>): Promise<Buffer> {
  const { header } = await openArchive(piecesOf(archive), keyOf);
  const parts = await partsOf(archive);
  change(parts);
  async function* changed(): AsyncGenerator<Part> {
    for (const [name, body] of parts) yield { name, body: [body] };
  }
  return buffer(sealArchive(tenantId === undefined ? header : { ...header, tenantId }, key, changed()));
}

const importThere = (archive: Uint8Array) => takeIn(there, piecesOf(archive), { keyOf, at: new Date() });

let names = 0;
async function customer(): Promise<Id<'tenant'>> {
  names += 1;
  const { id } = await here.createTenant({ name: `customer-${names}`, actor: 'operator:test', ownerEmail: `owner-${names}@example.com` });
  await here.identity.createApiKey({ tenantId: id, name: 'a key', permissions: ['task:read'] });
  for (let at = 0; at < 3; at += 1) await here.send(id, { text: `event ${at}` });
  await here.sequencer.drained();
  return id;
}

async function rowsOf(platform: TestPlatform, tenantId: Id<'tenant'>): Promise<Record<string, unknown[]>> {
  return withTenant(platform.database.app.db, tenantId, async (tx) => {
    const found: Record<string, unknown[]> = {};
    for (const { name } of await travellingTables(tx))
      found[name] = (
        await sql`select to_jsonb(t) as row from ${sql.table(`app.${name}`)} t where tenant_id = ${tenantId} order by 1`.execute(tx)
      ).rows;
    return found;
  });
}

/** A part of rows with a column changed in all of them. */
function withColumn(body: string, column: string, value: string): string {
  const [heading = '', ...lines] = body.trimEnd().split('\n');
  const at: number = JSON.parse(heading).columns.indexOf(column);
  return `${[heading, ...lines.map((line) => JSON.stringify(JSON.parse(line).toSpliced(at, 1, value)))].join('\n')}\n`;
}

/** What is not as it was: what the tenant is now, and what each installation counts by itself. */
const countedAnew = ['tenant', 'tenant_queue', 'quota_counter'];

const isNowhere = async (tenantId: Id<'tenant'>) => {
  const { rows } = await there.database.engine.pool.query('select 1 from app.tenant where tenant_id = $1', [tenantId]);
  const people = await there.database.auth.pool.query('select 1 from auth.organization where id = $1', [tenantId]);
  assert.deepEqual([rows.length, people.rowCount], [0, 0]);
};

describe('a whole archive', () => {
  test('brings a tenant to another installation as it was: the same rows, keys that open them, a log that holds', async () => {
    const tenantId = await customer();
    const taken = await importThere(await archiveOf(tenantId, 'whole'));
    assert.equal(taken.tenantId, tenantId);
    const [before, after] = [await rowsOf(here, tenantId), await rowsOf(there, tenantId)];
    for (const table of Object.keys(before)) if (!countedAnew.includes(table)) assert.deepEqual(after[table], before[table], table);
    assert.ok((before.event?.length ?? 0) === 3 && (before.note?.length ?? 0) > 0);
    const tenant = await withTenant(there.database.app.db, tenantId, (tx) => readTenant(tx, tenantId));
    assert.equal(tenant.state, 'moving');
    const task = await withTenant(here.database.app.db, tenantId, (tx) =>
      selectTasks(tx, { tenantId, states: [], before: null, limit: 1 }),
    );
    const taskId = task[0]?.taskId ?? '';
    assert.equal((await there.look(tenantId, taskId)).detail.title, (await here.look(tenantId, taskId)).detail.title);
    const report = await verifyTenantLog(there.database, there.keyring, tenantId, { auditorKey: there.auditor });
    assert.deepEqual([report.holds, report.macsChecked, report.entries], [true, 'all', taken.logSize]);
  });

  test('brings its secrets along, sealed, and whoever takes them in can use them', async () => {
    const tenantId = await customer();
    const by = { actor: 'operator:test', at: new Date() };
    await here.inSecretUnit(tenantId, (unit) =>
      createSecret(unit, { name: 'mail', content: { value: 'the password of the mail' }, ...by }),
    );
    await importThere(await archiveOf(tenantId, 'whole'));
    assert.equal(await there.secretResolver.resolve(tenantId, 'secret://db/mail'), 'the password of the mail');
  });

  test('brings its connections along with their credentials, paused: two installations must not read one mailbox', async () => {
    const tenantId = await customer();
    const act = { actor: 'operator:test' };
    const input = { connector: 'feed', name: 'News', settings: { feed: 'travels' }, credentials: { password: 'right' } };
    const { id } = await here.connections.create(tenantId, input, act);
    await importThere(await archiveOf(tenantId, 'whole'));
    const travelled = await there.connections.get(tenantId, id);
    assert.deepEqual([travelled.name, travelled.state, travelled.settings], ['News', 'paused', { feed: 'travels' }]);
    assert.deepEqual(await there.connections.test(tenantId, id), { ok: true, fault: null });
    assert.equal((await here.connections.get(tenantId, id)).state, 'active', 'where it was it goes on until it has moved');
  });

  test('brings its people and keys along, but no session, and nothing of them is proven here', async () => {
    const tenantId = await customer();
    await importThere(await archiveOf(tenantId, 'whole'));
    const { rows } = await there.database.auth.pool.query(
      `select u."emailVerified", m.role, (select count(*)::int from auth.apikey where "referenceId" = $1) as keys,
        (select count(*)::int from auth.session where "activeOrganizationId" = $1) as sessions
      from auth.member m join auth."user" u on u.id = m."userId" where m."organizationId" = $1`,
      [tenantId],
    );
    assert.deepEqual(rows, [{ emailVerified: false, role: 'owner', keys: 1, sessions: 0 }]);
  });

  test('brings along whom a directory has switched off, so that they stay switched off, and nothing that they sign in with', async () => {
    const tenantId = await customer();
    const userId = newId('user');
    const { pool } = here.database.auth;
    await pool.query('insert into "user" (id, name, email, "emailVerified") values ($1, $2, $3, true)', [
      userId,
      'Gone',
      `${userId}@example.com`,
    ]);
    await pool.query(
      `insert into account (id, "accountId", "providerId", "userId", password, "updatedAt") values ($1, $1, 'credential', $1, 'x', now())`,
      [userId],
    );
    await pool.query(
      `insert into "scimUser" ("tenantId", "userId", "userName", active, made, attributes, "createdAt", "updatedAt")
        values ($1, $2, 'gone', false, true, '{}', now(), now())`,
      [tenantId, userId],
    );
    await importThere(await archiveOf(tenantId, 'whole'));
    const { rows } = await there.database.auth.pool.query(
      `select s.active, (select count(*)::int from member m where m."userId" = u.id) as memberships,
        (select count(*)::int from account a where a."userId" = u.id) as credentials
      from "scimUser" s join "user" u on u.id = s."userId" where s."tenantId" = $1`,
      [tenantId],
    );
    assert.deepEqual(rows, [{ active: false, memberships: 0, credentials: 0 }]);
  });

  test('brings nothing along that only who runs an installation gives', async () => {
    const tenantId = await customer();
    await withTenant(here.database.app.db, tenantId, async (tx) => {
      await sql`update tenant set settings = settings || '{"maySpendOperatorModelKey": true}' where tenant_id = ${tenantId}`.execute(tx);
      await sql`insert into quota_limit (tenant_id, name, value, set_by) values (${tenantId}, 'members', 1000000, 'operator:test')`.execute(
        tx,
      );
      await sql`update tenant_queue set max_running = 900 where tenant_id = ${tenantId}`.execute(tx);
      await sql`update quota_counter set used = 1 where tenant_id = ${tenantId} and name = 'vaultBytes'`.execute(tx);
    });
    await importThere(await archiveOf(tenantId, 'whole'));
    await withTenant(there.database.app.db, tenantId, async (tx) => {
      assert.equal((await readTenant(tx, tenantId)).settings.maySpendOperatorModelKey, false);
      const { rows } =
        await sql`select max_running, (select count(*) from quota_limit where tenant_id = ${tenantId}) as limits from tenant_queue where tenant_id = ${tenantId}`.execute(
          tx,
        );
      assert.deepEqual(rows, [{ maxRunning: 20, limits: 0 }]);
      const vault = await sql<{
        isRight: boolean;
      }>`select used = (select sum(octet_length(body) + octet_length(manifest)) from note_version) as "isRight"
        from quota_counter where name = 'vaultBytes'`.execute(tx);
      assert.deepEqual(vault.rows, [{ isRight: true }]);
    });
  });

  test('does not change somebody who is here already: they become a member with what they sign in with here', async () => {
    const tenantId = await customer();
    const archive = await archiveOf(tenantId, 'whole');
    const other = await there.createTenant({ name: 'resident', actor: 'operator:test', ownerEmail: `owner-${names}@example.com` });
    const { identity } = await importThere(archive);
    assert.equal(identity.met.length, 1);
    const { rows } = await there.database.auth.pool.query(
      'select count(distinct "userId")::int as people, count(*)::int as memberships from auth.member where "organizationId" = any($1)',
      [[tenantId, other.id]],
    );
    assert.deepEqual(rows, [{ people: 1, memberships: 2 }]);
  });

  test('takes as long as it takes: keys that are put away meanwhile are fetched again', async () => {
    const tenantId = await customer();
    const header = newHeader({ kind: 'whole', tenantId, madeAt: new Date(), key: newPassphraseParameters() });
    const made: Buffer[] = [];
    await makeArchive(here, { header, key }, async (bytes) => {
      for await (const piece of bytes) {
        made.push(piece);
        here.keyring.forget(tenantId);
      }
    });
    async function* slowly() {
      for (const piece of made) {
        there.keyring.forget(tenantId);
        yield piece;
      }
    }
    assert.equal((await takeIn(there, slowly(), { keyOf, at: new Date() })).tenantId, tenantId);
  });

  test('is not taken in twice, nor over a tenant of its name', async () => {
    const tenantId = await customer();
    const archive = await archiveOf(tenantId, 'whole');
    await importThere(archive);
    await assert.rejects(importThere(archive), (error) => isFactotumError(error, 'archive.conflict'));
    const second = await customer();
    await there.createTenant({ name: `customer-${names}`, actor: 'operator:test' });
    await assert.rejects(importThere(await archiveOf(second, 'whole')), (error) => isFactotumError(error, 'archive.conflict'));
    assert.deepEqual((await there.database.engine.pool.query('select 1 from app.tenant where tenant_id = $1', [second])).rowCount, 0);
  });

  test('that is hostile is refused, and nothing of it stays', async () => {
    const tenantId = await customer();
    const [victim] = await there.identity.listTenants();
    const archive = await archiveOf(tenantId, 'whole');
    const edit = (name: string, by: (body: string) => string) => (parts: Map<string, string>) => parts.set(name, by(parts.get(name) ?? ''));
    const lastLineOf = (body: string) => body.trimEnd().split('\n').at(-1) ?? '';
    const attacks: Record<string, (parts: Map<string, string>) => unknown> = {
      'a row of another tenant': edit('rows/app.note.ndjson', (body) => body.replaceAll(tenantId, victim?.id ?? '')),
      'an extra column': edit('rows/app.tenant.ndjson', (body) =>
        body.replace('["tenant_id"', '["tenant_id","is_admin"').replaceAll(`["${tenantId}"`, `["${tenantId}","t"`),
      ),
      'a column twice': edit('rows/app.policy.ndjson', (body) => body.replace('["tenant_id","version"', '["tenant_id","tenant_id"')),
      'a table that does not travel': (parts) =>
        parts.set('rows/app.audit_pending.ndjson', '{"table":"audit_pending","columns":["tenant_id","entries"]}\n'),
      'a table beyond the tenants': (parts) => parts.set('rows/app.worker.ndjson', '{"table":"worker","columns":["worker_id"]}\n'),
      'an operator': (parts) => parts.set('rows/auth.operator.ndjson', '{"table":"operator","columns":["userId"]}\n'),
      'a session': (parts) => parts.set('rows/auth.session.ndjson', '{"table":"session","columns":["id"]}\n'),
      'a member of another tenant': edit('rows/auth.member.ndjson', (body) => body.replaceAll(tenantId, victim?.id ?? '')),
      'a key of another tenant': edit('rows/auth.apikey.ndjson', (body) => body.replaceAll(tenantId, victim?.id ?? '')),
      'somebody who is no member': edit('rows/auth.member.ndjson', (body) => `${body.split('\n')[0]}\n`),
      'another tenant’s facts': edit('tenant.json', (body) => body.replace(tenantId, newId('tenant'))),
      'a later release': edit('tenant.json', (body) => body.replace(/"schema":\d+/, '"schema":9999')),
      'an entry changed': edit('audit/log.jsonl', (body) => body.replace('note.written', 'note.deleted')),
      'an entry cut off': edit('audit/log.jsonl', (body) => body.slice(0, -(lastLineOf(body).length + 1))),
      'a head of its own making': edit('audit/head.json', (body) => body.replace(/"size":\d+/, '"size":1')),
      'other keys': edit('keys.json', (body) => body.replace(/"seed":"[^"]+"/, `"seed":"${Buffer.alloc(32, 1).toString('base64')}"`)),
      'no log': (parts) => parts.delete('audit/log.jsonl'),
      'a task without its event': edit('rows/app.event.ndjson', (body) => `${body.split('\n')[0]}\n`),
      'a name that leads out of the folders': edit('rows/app.tenant.ndjson', (body) => body.replace(`"customer-${names}"`, '"../../etc"')),
      'a name that only its people have': edit('rows/auth.organization.ndjson', (body) =>
        body.replaceAll(`"customer-${names}"`, '"resident"'),
      ),
      'settings that are none': edit('rows/app.tenant.ndjson', (body) => withColumn(body, 'settings', '{"timeZone": "Mars"}')),
      'a password that costs a gigabyte to check': (parts) => {
        const id = /usr_[0-9a-f]{24}/.exec(parts.get('rows/auth.user.ndjson') ?? '')?.[0];
        const row = [
          'acc',
          'acc',
          'credential',
          id,
          '$argon2id$v=19$m=1048576,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
          '2026-01-01',
          '2026-01-01',
        ];
        const columns = ['id', 'accountId', 'providerId', 'userId', 'password', 'createdAt', 'updatedAt'];
        parts.set('rows/auth.account.ndjson', `${JSON.stringify({ table: 'account', columns })}\n${JSON.stringify(row)}\n`);
      },
      'a state that is none': edit('rows/app.task.ndjson', (body) => body.replaceAll('"received"', '"finished"')),
      'rows that are not lists': edit('rows/app.note.ndjson', (body) => `${body}{"tenant_id":"${tenantId}"}\n`),
      'an endless line': edit('rows/app.note.ndjson', (body) => `${body}["${'x'.repeat(70 * 1024 * 1024)}"]`),
    };
    for (const [attack, change] of Object.entries(attacks)) {
      await assert.rejects(importThere(await forged(archive, change)), (error) => isFactotumError(error, 'archive.invalid'), attack);
      await isNowhere(tenantId);
    }
    await assert.rejects(importThere(await forged(archive, () => undefined, newId('tenant'))), (error) =>
      isFactotumError(error, 'archive.invalid'),
    );
    assert.equal((await importThere(await forged(archive, () => undefined))).tenantId, tenantId, 'the archive itself is good');
  });

  test('that is cut off or opened with another passphrase leaves nothing', async () => {
    const tenantId = await customer();
    const archive = await archiveOf(tenantId, 'whole');
    await assert.rejects(importThere(archive.subarray(0, archive.length - 20_000)), (error) => isFactotumError(error, 'archive.invalid'));
    await assert.rejects(takeIn(there, piecesOf(archive), { keyOf: async () => Buffer.alloc(32, 9), at: new Date() }), (error) =>
      isFactotumError(error, 'archive.invalid'),
    );
    await isNowhere(tenantId);
  });
});

describe('a copy', () => {
  test('holds what people read, opened, and no secret', async () => {
    const tenantId = await customer();
    const parts = await partsOf(await archiveOf(tenantId, 'copy'));
    assert.ok(parts.get('notes/Company_Handbook.md')?.startsWith('# Company handbook'));
    const tasks = (parts.get('tasks.ndjson') ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(tasks.map((task) => task.event.payload.text).sort(), ['event 0', 'event 1', 'event 2']);
    assert.equal(tasks[0].timeline[0].kind, 'task.created');
    assert.match(parts.get('policies/0001.cedar') ?? '', /permit|forbid/);
    assert.deepEqual(
      [...parts.keys()].filter((name) => /^rows|keys|head/.test(name)),
      [],
    );
    await assert.rejects(importThere(await archiveOf(tenantId, 'copy')), (error) => isFactotumError(error, 'archive.conflict'));
  });

  test('holds what was said about an approval, opened', async () => {
    const tenantId = await customer();
    const [approvalId, commentId] = [newId('approval'), newId('comment')];
    const keys = await here.keyring.of(tenantId);
    const page = { tenantId, states: [], before: null, limit: 1 };
    const [task] = await withTenant(here.database.app.db, tenantId, (tx) => selectTasks(tx, page));
    await forge(
      here,
      'approval',
      `insert into app.approval (tenant_id, approval_id, task_id, plan_version, step_id, tool, risk, state, payload_hash, policy_hash, tool_schema_hash,
        policy_ids, body, created_at, expires_at)
      values ($1, $2, $3, 1, 'one', 'do.it', 'low', 'waiting', '', '', '', '{}', $4, now(), now())`,
      ...[tenantId, approvalId, task?.taskId, keys.sealJson({ kind: 'approval', id: approvalId }, {})],
    );
    await forge(
      here,
      'approval_comment',
      `insert into app.approval_comment (tenant_id, comment_id, approval_id, author, body, created_at) values ($1, $2, $3, 'user:one', $4, now())`,
      ...[tenantId, commentId, approvalId, keys.sealJson({ kind: 'approval.comment', id: commentId }, { text: 'Ask her first.' })],
    );
    const lines = (await partsOf(await archiveOf(tenantId, 'copy'))).get('tasks.ndjson')?.split('\n') ?? [];
    const asked = JSON.parse(lines.find((line) => line.includes(approvalId)) ?? '{}');
    assert.deepEqual(asked.approvals[0].comments[0].body, { text: 'Ask her first.' });
  });

  test('proves its audit log to somebody who has nothing but the copy and the verifier', async () => {
    const parts = await partsOf(await archiveOf(await customer(), 'copy'));
    const verifierKey = (parts.get('audit/key') ?? '').trim();
    const report = await verifyExport([Buffer.from(parts.get('audit/log.jsonl') ?? '')], { verifierKey });
    assert.equal(report.holds, true);
    const last = verifyProof(parts.get('audit/last-entry.tlog-proof') ?? '', Buffer.from(parts.get('audit/last-entry.json') ?? ''), [
      parseVerifierKey(verifierKey),
    ]);
    assert.equal(last.index, report.entries - 1);
  });
});

describe('the catalogue', () => {
  test('every table of tenants travels with a whole archive or is on the list of those that do not, with the reason', async () => {
    const { rows } = await here.database.engine.pool.query<{ name: string; insert: boolean }>(
      `select c.relname::text as name, has_table_privilege('factotum_app', c.oid, 'insert') as insert from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' where c.relnamespace = 'app'::regnamespace and c.relkind = 'r'`,
    );
    const names = rows.map(({ name }) => name);
    assert.ok(names.length > 20);
    for (const [name, why] of Object.entries(leftOut)) assert.ok(names.includes(name) && why.length > 10, name);
    const tenantId = newId('tenant');
    const travel = (await withTenant(here.database.app.db, tenantId, travellingTables)).map(({ name }) => name);
    assert.deepEqual([...travel, ...Object.keys(leftOut)].sort(), names.sort());
    for (const name of travel) assert.ok(rows.find((row) => row.name === name)?.insert, `${name} can be written by who imports`);
  });

  test('every table of identity travels or is on the list of those that stay, with the reason', async () => {
    const { rows } = await here.database.auth.pool.query<{ name: string }>(
      `select relname::text as name from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'`,
    );
    const known = [...travelling.map(({ name }) => name), ...Object.keys(staying)];
    assert.deepEqual(rows.map(({ name }) => name).sort(), known.sort());
  });
});
