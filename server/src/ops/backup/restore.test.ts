import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Id, isFactotumError, newId, readConfig } from '#kernel';
import { knownMigrations, migrate, prepareDatabase, sqlFolder, withOwner, withTenant } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { verifyTenantLog } from '#trust/audit';
import { emptyDatabase } from '../../../test/database.ts';
import { peopleOf } from '../../../test/flow/people.ts';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { hookedWorker } from '../../../test/flow/worker.ts';
import { exchangeLink } from '../../../test/identity.ts';
import { startJobs } from '../../../test/jobs.ts';
import { eventually, openPlatform, type Platform, testPlatform } from '../../../test/platform.ts';
import { createBackups } from './backups.ts';
import { versionOf } from './load.ts';
import { newRecoveryKey } from './recovery-key.ts';
import { fillDatabase, fillKeys, fillStorage, readyRestore, requireEmptyDatabase, restoreKeyFiles } from './restore.ts';

const side = farSide();
const tools = () => [
  scriptedTool({ name: 'see.it', effect: 'read', side }),
  scriptedTool({ name: 'do.it', effect: 'write', side }),
  scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
];
const platform = await testPlatform({ tools });
const people = peopleOf(platform);
const root = await mkdtemp(join(tmpdir(), 'factotum-restore-'));
after(() => rm(root, { recursive: true, force: true }));
const place = { to: join(root, 'data'), keysTo: join(root, 'keys') };
const { database, ownerUrl, installation, clock, log, folder } = platform;
const openAt = (address: string) => openStorage(address, { clock });
const blobs = { open: () => openAt(join(folder, 'blobs')), nameOf: (_: string, object: string) => `blobs/${object}` };
const keyFolder = join(folder, 'data', 'keys');
const config = { ...place, everyHours: 24, keepDays: 30, keysKeepDays: 30 };
const backups = createBackups({
  ownerUrl,
  engine: database.engine,
  installation,
  keyFolder,
  config,
  blobs,
  openStorage: openAt,
  clock,
  log,
});
const recoveryText = await backups.setUp(false);
await backups.confirm(recoveryText);

/** The logins of the shared server, so that preparing a database there changes nobody's password. */
async function passwordsFile(name: string): Promise<string> {
  const file = join(root, name, 'passwords.json');
  const passwords = Object.values(platform.environment).flatMap((value) => {
    if (!value.startsWith('postgres')) return [];
    const { username, password } = new URL(value);
    return [[username, decodeURIComponent(password)]];
  });
  await mkdir(join(root, name), { recursive: true });
  await writeFile(file, JSON.stringify(Object.fromEntries(passwords)));
  return file;
}

const ready = async (id: string, text = recoveryText) =>
  readyRestore({ data: await openAt(place.to), keys: await openAt(place.keysTo), recoveryText: text, id });

/** Restores into a new database and a new data folder, as the command does, and opens what came of it. */
async function restored(
  name: string,
  id: string,
): Promise<Platform & { readonly erased: readonly Id<'tenant'>[]; readonly ownerUrl: string }> {
  const fresh = await emptyDatabase();
  const given = await ready(id);
  await requireEmptyDatabase(fresh.ownerUrl);
  await restoreKeyFiles(join(root, name, 'data', 'keys'), given);
  const file = await passwordsFile(name);
  await prepareDatabase(fresh.ownerUrl, { passwordsFile: file, upTo: given.upTo });
  await fillDatabase(fresh.ownerUrl, given, async () => undefined);
  const urls = await prepareDatabase(fresh.ownerUrl, { passwordsFile: file });
  const { erased } = await fillKeys(fresh.ownerUrl, given);
  const opened = await openPlatform({
    config: readConfig({
      ...platform.environment,
      FACTOTUM_DATA: join(root, name, 'data'),
      FACTOTUM_DATABASE_APP_URL: urls.app,
      FACTOTUM_DATABASE_ENGINE_URL: urls.engine,
      FACTOTUM_DATABASE_SEQUENCER_URL: urls.sequencer,
      FACTOTUM_DATABASE_AUTH_URL: urls.auth,
    }),
    log,
    onProgress: () => undefined,
    publicOrigins: () => ['http://127.0.0.1:4310'],
    onWork: () => undefined,
    tools,
  });
  after(async () => {
    await opened.close();
    await fresh.close();
  });
  return { ...opened, erased, ownerUrl: fresh.ownerUrl };
}

const query = <Row extends object>(url: string, text: string): Promise<Row[]> =>
  withOwner(url, async (client) => {
    await client.query('begin; set local role factotum_backup');
    return (await client.query<Row>(text)).rows;
  });

test('backups that are made while tasks run fail no task, and what is restored of them is whole and works on', async () => {
  const { id: tenantId } = await platform.createTenant({ name: 'busy', actor: 'operator:test' });
  const other = await platform.buildTenant({
    'Playbooks/Test.md': playbook([
      { id: 'one', tool: 'see.it' },
      { id: 'two', tool: 'do.it', after: ['one'] },
      { id: 'three', tool: 'do.it', after: ['two'] },
    ]),
  });
  const worker = await platform.startWorker();
  const sent: Id<'task'>[] = [];
  const sending = (async () => {
    for (let number = 0; number < 120; number += 1) sent.push(await platform.send(other, { number }));
  })();
  const made: string[] = [];
  for (let at = 0; at < 3; at += 1) made.push((await backups.create()).id);
  await sending;
  for (const taskId of sent) assert.equal((await platform.until(other, taskId, 'done', 'failed', 'waiting')).task.state, 'done');
  await worker.stop(5_000);
  await platform.sequencer.drained();
  for (const id of made) assert.deepEqual((await backups.drill(id)).faults, []);
  const next = await restored('busy', made[1] ?? '');
  for (const tenant of [tenantId, other]) {
    const report = await verifyTenantLog(next.database, next.keyring, tenant, { auditorKey: next.auditor });
    assert.deepEqual(report.fault, null);
    assert.equal(report.macsChecked, 'all');
  }
  assert.deepEqual(await query(next.ownerUrl, 'select 1 as session from auth.session'), []);
  const link = await next.identity.createSignInLink(tenantId);
  assert.ok(await exchangeLink(next.identity, link), 'the owner signs in');
  const again = await hookedWorker({ ...platform, ...next } as typeof platform, {});
  await eventually(
    async () => ((await query(next.ownerUrl, 'select from app.task where finished_at is null')).length === 0 ? true : undefined),
    () => 'what was under way does not come to its end',
  );
  await again.stop(1_000);
  const states = await query<{ state: string }>(next.ownerUrl, 'select distinct state from app.task');
  assert.deepEqual(states, [{ state: 'done' }]);
});

test('what may have been paid since is never paid again without a person: neither begun, nor approved, nor still to come', async () => {
  const pay = (after: readonly string[]) => playbook([...after.map((id) => ({ id, tool: 'do.it' })), { id: 'pay', tool: 'pay.it', after }]);
  const begun = await platform.buildTenant({ 'Playbooks/Test.md': pay([]) });
  const approved = await platform.buildTenant({ 'Playbooks/Test.md': pay([]) });
  const coming = await platform.buildTenant({ 'Playbooks/Test.md': pay(['first']) });
  let stuck = 0;
  const hang = () => new Promise<never>(() => undefined);
  const worker = await hookedWorker(platform, {
    host: (next) => ({
      async call(call) {
        if (call.tool === 'pay.it' || call.tenantId === coming) {
          stuck += 1;
          return hang();
        }
        return next.call(call);
      },
    }),
  });
  const tasks = new Map<Id<'tenant'>, Id<'task'>>();
  for (const tenantId of [begun, approved, coming]) tasks.set(tenantId, await platform.send(tenantId, {}));
  const taskOf = (tenantId: Id<'tenant'>) => tasks.get(tenantId) ?? assert.fail();
  await people.acceptAll(begun, await platform.until(begun, taskOf(begun), 'waiting'));
  await eventually(async () => (stuck === 2 ? true : undefined));
  const asked = await platform.until(approved, taskOf(approved), 'waiting');
  await worker.stop(0);
  await people.acceptAll(approved, asked);
  const effects = side.effects.length;
  const { id } = await backups.create();
  const next = await restored('paid', id);
  const again = await hookedWorker({ ...platform, ...next } as typeof platform, {});
  const stateOf = async (tenantId: Id<'tenant'>) =>
    (
      await query<{ state: string; reason: string | null; steps: string[]; attempts: (string | null)[]; approvals: string[] }>(
        next.ownerUrl,
        `select state, wait_reason as reason, array(select s.state from app.step s where s.task_id = t.task_id order by step_id) as steps,
          array(select a.outcome from app.attempt a where a.task_id = t.task_id and a.step_id = 'pay' order by number) as attempts,
          array(select p.state from app.approval p where p.task_id = t.task_id order by approval_id) as approvals
        from app.task t where task_id = '${taskOf(tenantId)}'`,
      )
    )[0];
  // As restored, one waits already for the approval that was given: what counts is where it comes to.
  const until = (tenantId: Id<'tenant'>, reason: string, approval?: string) =>
    eventually(
      async () => {
        const found = await stateOf(tenantId);
        const isThere = found?.state === 'waiting' && found.reason === reason && !found.steps.includes('running');
        return isThere && (approval === undefined || found.approvals.at(-1) === approval) ? found : undefined;
      },
      () => `the task does not come to wait for ${reason}`,
    );
  const unknown = await until(begun, 'unknown');
  assert.deepEqual([unknown.steps, unknown.attempts], [['unknown'], ['unknown']]);
  const askedAgain = await until(approved, 'approval', 'waiting');
  assert.deepEqual(askedAgain.approvals, ['superseded', 'waiting']);
  await until(coming, 'approval', 'waiting');
  await again.stop(1_000);
  assert.ok(!side.effects.slice(effects).some((effect) => effect.startsWith('pay.it')), 'nothing was paid');
});

test('what was still to be pushed or mailed to people when the backup was made is on their page, and is sent to nobody again', async () => {
  const tenantId = await platform.buildTenant({});
  const [userId, noticeId, objectId] = [newId('user'), newId('notice'), newId('approval')];
  await withTenant(database.app.db, tenantId, async (tx) => {
    await sql`insert into app.notice_place (tenant_id, next_seq) values (${tenantId}, 0)`.execute(tx);
    await sql`insert into app.notice_person (tenant_id, user_id, run_at) values (${tenantId}, ${userId}, now())`.execute(tx);
    await sql`insert into app.notice (tenant_id, notice_id, user_id, kind, seq, object_id, on_page, created_at, push_at, mail, mail_at)
      values (${tenantId}, ${noticeId}, ${userId}, 'approval', 0, ${objectId}, true, now(), now(), 'digest', now() + interval '1 hour')`.execute(
      tx,
    );
  });
  const { id } = await backups.create();
  const next = await restored('silent', id);
  const [found] = await query<{ due: unknown; push: unknown; mail: unknown; page: boolean; silent: boolean }>(
    next.ownerUrl,
    `select p.run_at as due, push_at as push, mail_at as mail, on_page as page, silent_before > created_at as silent
      from app.notice join app.notice_person p using (tenant_id, user_id) join app.notice_place using (tenant_id) where notice_id = '${noticeId}'`,
  );
  assert.deepEqual(found, { due: null, push: null, mail: null, page: true, silent: true });
});

test('a tenant that was erased since does not come back: its keys are in no backup of the keys any more, and data holds none', async () => {
  const gone = await platform.buildTenant({ 'Inbox/Secret.md': 'Secret' });
  const stays = await platform.buildTenant({ 'Inbox/Other.md': 'Other' });
  await platform.sequencer.drained();
  const { id } = await backups.create();
  await platform.keyring.destroy(gone);
  await backups.keys();
  const next = await restored('erased', id);
  assert.deepEqual(next.erased, [gone]);
  await assert.rejects(next.keyring.of(gone), (error) => isFactotumError(error, 'key.destroyed'));
  assert.ok(await next.keyring.of(stays));
  assert.deepEqual(await query(next.ownerUrl, `select state from app.tenant where tenant_id = '${gone}'`), [{ state: 'erased' }]);
  // Putting an older backup of the keys back does not undo it either: what is there stays.
  const [older] = (await readdir(join(place.keysTo, 'keys'))).sort();
  const past = await readyRestore({ data: await openAt(place.to), keys: await openAt(place.keysTo), recoveryText, id, keysId: older });
  assert.equal((await fillKeys(next.ownerUrl, past)).restored, 0);
  // And what stands of it in clear goes as in any erasure.
  startJobs({ ...platform, ...next } as typeof platform);
  await eventually(
    async () =>
      (await query(next.ownerUrl, `select from app.destruction_certificate where tenant_id = '${gone}'`)).length === 1 || undefined,
    () => 'the erased tenant is not erased once more',
  );
  const rest = `select 1 from app.note where tenant_id = '${gone}' union all select 1 from app.policy where tenant_id = '${gone}'`;
  assert.deepEqual(await query(next.ownerUrl, rest), []);
  assert.notDeepEqual(await query(next.ownerUrl, `select 1 from app.note where tenant_id = '${stays}'`), []);
});

test('a restore is refused before it writes: with a key of other letters, of another installation, over a database, over other keys', async () => {
  const { id } = await backups.create();
  await assert.rejects(ready(id, `${recoveryText.slice(0, -1)}${recoveryText.endsWith('0') ? '1' : '0'}`), /letter is wrong/);
  await assert.rejects(ready(id, newRecoveryKey('factotum/installation+00000000+AAAA')), /another installation/);
  await assert.rejects(ready(id, newRecoveryKey(installation.signer.verifierKeyText)), (error) => isFactotumError(error, 'backup.invalid'));
  await assert.rejects(ready('bak_000000000000000000000000'), (error) => isFactotumError(error, 'backup.not_found'));
  await assert.rejects(
    requireEmptyDatabase(ownerUrl),
    (error) => isFactotumError(error, 'backup.conflict') && /not empty/.test(error.message),
  );
  const other = join(root, 'other-keys');
  await mkdir(other);
  await writeFile(join(other, 'kek.key'), 'another key', { mode: 0o600 });
  await assert.rejects(restoreKeyFiles(other, await ready(id)), (error) => isFactotumError(error, 'backup.conflict'));
  assert.deepEqual(await readdir(other), ['kek.key']);
  assert.equal(await readFile(join(other, 'kek.key'), 'utf8'), 'another key');
});

test('a backup of the keys opens whatever an editor or the system has left beside the key files', async () => {
  const left = ['kek.key~', '.kek.key.swp', '.DS_Store', 'kek (copy).key'];
  for (const name of left) await writeFile(join(keyFolder, name), 'left behind', { mode: 0o600 });
  try {
    const { id } = await backups.create();
    const { keys } = await ready(id);
    const names = keys.files.map(({ name }) => name);
    assert.ok(names.includes('installation.key'));
    assert.ok(!left.some((name) => names.includes(name)));
  } finally {
    for (const name of left) await rm(join(keyFolder, name));
  }
});

test('a piece that is damaged ends a restore with nothing loaded', async () => {
  const { id } = await backups.create();
  const given = await ready(id);
  const chunk = given.manifest.tables.findLast(({ rows }) => rows > 0)?.chunks[0] ?? '';
  const path = join(place.to, 'chunks', chunk.slice(0, 2), chunk);
  const bytes = await readFile(path);
  const fresh = await emptyDatabase();
  try {
    await migrate(fresh.ownerUrl, sqlFolder, { upTo: given.upTo });
    await writeFile(path, bytes.with(100, (bytes[100] ?? 0) ^ 1));
    await assert.rejects(
      fillDatabase(fresh.ownerUrl, given, async () => undefined),
      (error) => isFactotumError(error, 'backup.invalid'),
    );
    const loaded = await withOwner(fresh.ownerUrl, async (client) => {
      await client.query('begin; alter table app.tenant no force row level security');
      return (await client.query('select from app.tenant')).rowCount;
    });
    assert.equal(loaded, 0);
  } finally {
    await writeFile(path, bytes);
    await fresh.close();
  }
});

test('large objects go into the repository as they lie there, once, and come back', async () => {
  const source = await openAt(join(folder, 'blobs'));
  const { database: db } = platform;
  const tenantId = await platform.buildTenant({});
  const bytes = Buffer.alloc(300_000, 'sealed bytes');
  const object = 'blb_0123456789abcdef01234567';
  await source.put(`blobs/${object}`, Readable.from([bytes]));
  await withTenant(db.app.db, tenantId, (tx) =>
    sql`insert into app.blob (tenant_id, blob_id, object, generation, sealed_bytes, manifest, created_at)
      values (${tenantId}, ${object}, ${object}, 1, ${bytes.length}, ${Buffer.of(1)}, now())`.execute(tx),
  );
  const first = await backups.create();
  assert.ok(first.newBytes > bytes.length);
  const second = await backups.create();
  assert.ok(second.newBytes < 100_000, 'the object was not written again');
  assert.equal((await backups.verify(second.id, { deep: true })).blobs, 1);
  const copy = join(place.to, 'blobs', 'blobs', object);
  await writeFile(copy, bytes.with(7, 0));
  assert.match((await backups.verify(second.id, { deep: true })).faults[0] ?? '', /was changed/);
  await writeFile(copy, bytes);
  const target = await openAt(join(root, 'new-blobs'));
  const given = await ready(second.id);
  assert.equal(await fillStorage(given, target), 1);
  assert.ok((await readFile(join(root, 'new-blobs', 'blobs', object))).equals(bytes));
  assert.equal(await fillStorage(given, target), 0);
});

test('a backup of an earlier release is loaded at its own version and brought to this one', async () => {
  await platform.buildTenant({});
  const { id } = await backups.create();
  const given = await ready(id);
  const newer = join(root, 'newer-sql');
  await cp(sqlFolder, newer, { recursive: true });
  const word = `alter table app.tenant add column nickname text; alter table app.tenant no force row level security;
    update app.tenant set nickname = 'of ' || name; alter table app.tenant force row level security; alter table app.tenant alter column nickname set not null;`;
  await writeFile(join(newer, '9000_nickname.sql'), word);
  assert.equal(versionOf(given.manifest, await knownMigrations(newer)), given.upTo, 'the newer release knows the version');
  const fresh = await emptyDatabase();
  after(() => fresh.close());
  await migrate(fresh.ownerUrl, newer, { upTo: given.upTo });
  await fillDatabase(fresh.ownerUrl, given, async () => undefined);
  await migrate(fresh.ownerUrl, newer);
  const named = await withOwner(fresh.ownerUrl, async (client) => {
    await client.query('begin; alter table app.tenant no force row level security');
    return (await client.query<{ nickname: string }>('select nickname from app.tenant')).rows;
  });
  assert.ok(named.length > 0 && named.every(({ nickname }) => nickname.startsWith('of ')));
});
