import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { FactotumError, isFactotumError } from '#kernel';
import { knownMigrations, sqlFolder, withOwner } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { createJobRunner, readAnyJob } from '#trust/job';
import { eventually, testPlatform } from '../../../test/platform.ts';
import { createBackups } from './backups.ts';
import { readChunk } from './chunk-store.ts';
import type { BackupDeps } from './deps.ts';
import { createBackupJobs, requestBackup, requestVerification } from './jobs.ts';
import { versionOf } from './load.ts';
import { listManifests, readManifest } from './manifest.ts';
import { pruneRepository } from './prune.ts';
import { openRepository } from './repository.ts';
import { allTables, leftOut, plainName } from './tables.ts';

const platform = await testPlatform();
const root = await mkdtemp(join(tmpdir(), 'factotum-backup-'));
after(() => rm(root, { recursive: true, force: true }));

/** Backups of the platform into a repository of the test's own. */
async function backupsInto(name: string, changes: Partial<BackupDeps> = {}) {
  const { database, ownerUrl, installation, clock, log, folder } = platform;
  const to = join(root, name, 'data');
  const keysTo = join(root, name, 'keys');
  const backups = createBackups({
    ...{ ownerUrl, installation, clock, log },
    engine: database.engine,
    keyFolder: join(folder, 'data', 'keys'),
    config: { to, keysTo, everyHours: 24, keepDays: 30, keysKeepDays: 30 },
    blobs: { open: () => openStorage(join(folder, 'blobs'), { clock }), nameOf: (tenantId, object) => `blobs/${tenantId}/${object}` },
    openStorage: (address) => openStorage(address, { clock }),
    ...changes,
  });
  const recoveryText = await backups.setUp(false);
  return { backups, to, keysTo, recoveryText };
}

const repositoryAt = async (to: string) =>
  openRepository({ storage: await openStorage(to, { clock: platform.clock }), installation: platform.installation });

const tenantId = await platform.buildTenant({ 'Playbooks/One.md': '# One', 'Inbox/Two.md': 'Two' });
await platform.sequencer.drained();

test('before the set-up there is no backup, and the fix is named', async () => {
  const { database, ownerUrl, installation, clock, log } = platform;
  const backups = createBackups({
    ...{ ownerUrl, installation, clock, log },
    engine: database.engine,
    keyFolder: root,
    config: { to: join(root, 'unset'), keysTo: undefined, everyHours: 24, keepDays: 30, keysKeepDays: 30 },
    blobs: { open: () => openStorage(root, { clock }), nameOf: (_, object) => object },
    openStorage: (address) => openStorage(address, { clock }),
  });
  await assert.rejects(backups.create(), (error) => isFactotumError(error, 'backup.conflict') && /backup setup/.test(error.message));
});

test('a second backup of the same writes next to nothing, and both verify to the last byte', async () => {
  const { backups } = await backupsInto('twice');
  const first = await backups.create();
  assert.ok(first.rows > 10 && first.newBytes > 0);
  const second = await backups.create();
  assert.ok(second.newBytes < first.newBytes / 2, `${second.newBytes} of ${first.newBytes} bytes were written again`);
  for (const { id } of [first, second]) {
    const verified = await backups.verify(id, { deep: true });
    assert.deepEqual({ ok: verified.ok, faults: verified.faults }, { ok: true, faults: [] });
    assert.ok(verified.rows > 10);
  }
  const listed = await backups.list({ before: null, limit: 2 });
  assert.deepEqual(
    listed.map(({ id, state }) => [id, state]),
    [
      [second.id, 'done'],
      [first.id, 'done'],
    ],
  );
  assert.ok(listed.every(({ verifiedAt }) => verifiedAt !== null));
});

test('a drill restores next to the real database, proves rows and audit logs, and leaves nothing behind', async () => {
  const { backups } = await backupsInto('drill');
  const { id, rows } = await backups.create();
  await withOwner(platform.ownerUrl, async (client) => {
    // What a drill that was killed has left.
    const { rows: named } = await client.query<{ name: string }>('select current_database()::text as name');
    const left = `factotum_drill_${createHash('sha256')
      .update(named[0]?.name ?? '')
      .digest('hex')
      .slice(0, 8)}_left`;
    await client.query(`create database ${left}`);
    const drilled = await backups.drill(id);
    assert.deepEqual(drilled.faults, []);
    assert.deepEqual({ ok: drilled.ok, rows: drilled.rows, logs: drilled.logs }, { ok: true, rows, logs: 1 });
    assert.ok(drilled.entries > 0);
    const { rowCount } = await client.query('select from pg_database where starts_with(datname, $1)', [left.slice(0, -4)]);
    assert.equal(rowCount, 0);
  });
  assert.notEqual((await backups.find(id)).drilledAt, null);
});

test('every table of the database is in a backup or is named as left out, with a reason', async () => {
  const { backups, to } = await backupsInto('tables');
  const { id } = await backups.create();
  const manifest = await readManifest(await repositoryAt(to), id);
  const inBackup = manifest.tables.map(plainName);
  const present = await withOwner(platform.ownerUrl, allTables);
  assert.ok(present.length >= 40, 'the catalogue was read');
  assert.deepEqual([...inBackup, ...Object.keys(leftOut)].sort(), present.map(plainName).sort());
  for (const table of present.filter((one) => inBackup.includes(plainName(one))))
    assert.ok(table.key.length > 0, `${plainName(table)} has a primary key, by which its rows are in an order`);
});

test('the repository of the data holds no key, neither of files nor of tenants', async () => {
  const { backups, to, keysTo } = await backupsInto('keyless');
  await backups.create();
  const files = join(platform.folder, 'data', 'keys');
  const secrets: Buffer[] = [];
  for (const name of await readdir(files)) {
    const text = await readFile(join(files, name));
    secrets.push(text);
    const hex = /[0-9a-f]{64}/.exec(text.toString('latin1'))?.[0];
    if (hex !== undefined) secrets.push(Buffer.from(hex), Buffer.from(hex, 'hex'));
  }
  for (const { seed } of await platform.keyring.seedsOf(tenantId)) secrets.push(seed, Buffer.from(seed.toString('hex')));
  const { rows } = await withOwner(platform.ownerUrl, async (client) => {
    await client.query('begin; set local role factotum_backup');
    return client.query<{ wrapped: Buffer }>('select wrapped from app.tenant_key');
  });
  for (const { wrapped } of rows) secrets.push(wrapped, Buffer.from(wrapped.toString('hex')));
  assert.ok(secrets.length >= 8, 'there are keys to look for');
  const repository = await repositoryAt(to);
  const everything: Buffer[] = [];
  for (const folder of [to, keysTo])
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) everything.push(await readFile(join(entry.parentPath, entry.name)));
  // As well inside what is sealed, where whoever has the repository's key could look.
  for (const id of await listManifests(repository))
    for (const table of (await readManifest(repository, id)).tables)
      for (const chunk of table.chunks) everything.push(await readChunk(repository, chunk));
  assert.ok(everything.length > 10, 'the repository was read');
  for (const secret of secrets) assert.ok(!everything.some((bytes) => bytes.includes(secret)), 'a key is in the repository');
});

test('a lying storage is found out: flipped bits, a missing piece, a swapped piece, another manifest, one put back', async () => {
  const { backups, to } = await backupsInto('lying');
  const { id } = await backups.create();
  const repository = await repositoryAt(to);
  const { tables } = await readManifest(repository, id);
  const [one, other] = tables
    .filter(({ rows }) => rows > 0)
    .map(({ chunks }) => join(to, 'chunks', (chunks[0] ?? '').slice(0, 2), chunks[0] ?? ''));
  assert.ok(one !== undefined && other !== undefined);
  const faultsWhile = async (path: string, bytes: Buffer | null, deep: boolean): Promise<readonly string[]> => {
    const before = await readFile(path);
    if (bytes === null) await rm(path);
    else await writeFile(path, bytes);
    const { ok, faults } = await backups.verify(id, { deep });
    await writeFile(path, before);
    assert.equal(ok, faults.length === 0);
    return faults;
  };
  const bytes = await readFile(one);
  for (const at of [0, 40, bytes.length >> 1, bytes.length - 1]) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    assert.match((await faultsWhile(one, flipped, true))[0] ?? '', /damaged or was exchanged/, `bit at ${at}`);
  }
  assert.match((await faultsWhile(one, bytes.subarray(0, -20), true))[0] ?? '', /damaged/);
  assert.match((await faultsWhile(one, null, false))[0] ?? '', /missing/);
  assert.match((await faultsWhile(one, await readFile(other), true))[0] ?? '', /damaged or was exchanged/);
  const manifestPath = join(to, 'manifests', id);
  const { id: next } = await backups.create();
  const older = await readFile(manifestPath);
  const newerPath = join(to, 'manifests', next);
  const newer = await readFile(newerPath);
  await writeFile(newerPath, older);
  assert.equal((await backups.verify(next, { deep: false })).ok, false, 'an older manifest under the newer name');
  await rm(newerPath);
  assert.match((await backups.verify(next, { deep: false })).faults[0] ?? '', /put the repository back/);
  await writeFile(newerPath, newer);
  assert.deepEqual((await backups.verify(next, { deep: true })).faults, []);
});

test('of two backups at once one is refused as busy, and one after a process that was killed goes on', async () => {
  const { backups, to } = await backupsInto('busy');
  let meanwhile: unknown;
  await backups.create(async () => {
    meanwhile ??= await Promise.all([backups.create(), backups.prune()].map((work) => work.catch((error: unknown) => error))).then(
      (faults) => faults,
    );
  });
  const faults = meanwhile as unknown[]; // Set above.
  assert.ok(faults.length === 2 && faults.every((fault) => isFactotumError(fault, 'backup.busy')));
  assert.deepEqual(await readdir(join(to, 'locks')).catch(() => []), []);
  await assert.rejects(
    backups.create(async () => {
      throw new Error('as if killed');
    }),
    /as if killed/,
  );
  const again = await backups.create();
  assert.equal((await backups.verify(again.id, { deep: true })).ok, true);
});

test('what is older than the retention goes, with the pieces that nobody else needs; the newest stays whatever its age', async () => {
  let daysAhead = 0;
  const clock = { ...platform.clock, now: () => new Date(Date.now() + daysAhead * 86_400_000) };
  const { backups, to } = await backupsInto('prune', { clock });
  const first = await backups.create();
  await platform.buildTenant({ 'Inbox/More.md': 'More' });
  await platform.sequencer.drained();
  daysAhead = 20;
  const second = await backups.create();
  daysAhead = 31;
  const pruned = await backups.prune();
  assert.deepEqual(pruned.backups, [first.id]);
  assert.ok(pruned.objects > 0);
  assert.deepEqual(await listManifests(await repositoryAt(to)), [second.id]);
  assert.equal((await backups.verify(second.id, { deep: true })).ok, true);
  assert.equal((await backups.find(first.id)).state, 'pruned');
  daysAhead = 400;
  assert.deepEqual((await backups.prune()).backups, []);
});

test('a pruning that loses its lock in the middle removes nothing more', async () => {
  const { backups, to } = await backupsInto('lost');
  await backups.create();
  const repository = await repositoryAt(to);
  const orphans = Array.from({ length: 250 }, (_, number) => `chunks/00/${number.toString(16).padStart(64, '0')}`);
  for (const name of orphans) await repository.storage.put(name, Readable.from([Buffer.of(1)]));
  let confirmed = 0;
  const confirm = async () => {
    confirmed += 1;
    if (confirmed === 2) throw new FactotumError('backup.busy', 'Somebody else writes there.');
  };
  await assert.rejects(pruneRepository(repository, { keepDays: 30, clock: platform.clock, confirm }), (error) =>
    isFactotumError(error, 'backup.busy'),
  );
  const left = (await readdir(join(to, 'chunks', '00'))).filter((name) => name.startsWith('00000'));
  assert.ok(left.length >= 150, `${left.length} are left`);
});

test('a backup of a newer release, or of other migrations, is refused with what to do', async () => {
  const known = await knownMigrations(sqlFolder);
  assert.equal(versionOf({ migrations: [...known] }, known), known.at(-1)?.number);
  const newer = { number: 9_000, name: '9000_future.sql', sha256: '0'.repeat(64) };
  const refused = (migrations: typeof known, words: RegExp) =>
    assert.throws(
      () => versionOf({ migrations: [...migrations] }, known),
      (error) => isFactotumError(error, 'backup.conflict') && words.test(error.message),
    );
  refused([...known, newer], /newer release.*9000_future/s);
  refused([{ ...(known[0] ?? newer), sha256: '0'.repeat(64) }, ...known.slice(1)], /another 0001/);
  refused(known.slice(1), /without 0001/);
});

test('a full disk ends the backup cleanly: nothing half is left, earlier backups hold, and the next one goes on', async () => {
  let room = Number.POSITIVE_INFINITY;
  const { clock } = platform;
  const open: BackupDeps['openStorage'] = async (address) => {
    const storage = await openStorage(address, { clock });
    return {
      ...storage,
      async put(name, body) {
        room -= 1;
        if (room < 0) throw new FactotumError('storage.full', 'There is no room left.');
        return storage.put(name, body);
      },
    };
  };
  const { backups, to } = await backupsInto('full', { openStorage: open });
  const before = await backups.create();
  await platform.buildTenant({ 'Inbox/Full.md': 'Full' });
  await platform.sequencer.drained();
  const ids = await listManifests(await repositoryAt(to));
  room = 3;
  await assert.rejects(backups.create(), (error) => isFactotumError(error, 'storage.full'));
  const failed = (await backups.list({ before: null, limit: 100 })).find(({ error }) => error?.code === 'storage.full');
  assert.equal(failed?.state, 'failed');
  room = Number.POSITIVE_INFINITY;
  assert.deepEqual(await listManifests(await repositoryAt(to)), ids);
  assert.equal((await backups.verify(before.id, { deep: true })).ok, true);
  const after = await backups.create();
  assert.equal((await backups.verify(after.id, { deep: true })).ok, true);
});

test('a process that is killed in the middle leaves nothing that is taken for a backup, and the next one goes on where it was', async () => {
  const { backups, to } = await backupsInto('killed');
  const engineUrl = platform.environment.FACTOTUM_DATABASE_ENGINE_URL ?? '';
  const given = { ownerUrl: platform.ownerUrl, engineUrl, keyFolder: join(platform.folder, 'data', 'keys'), to };
  const child = fork(join(import.meta.dirname, '..', '..', '..', 'test', 'backup-process.ts'), [JSON.stringify(given)]);
  const isGone = once(child, 'exit');
  // Listened to from before the first: several may come in one piece.
  await new Promise<void>((resolve) => child.on('message', (pieces) => pieces === 4 && resolve()));
  await assert.rejects(backups.create(), (error) => isFactotumError(error, 'backup.busy'), 'it is at work');
  child.kill('SIGKILL');
  await isGone;
  assert.deepEqual(await listManifests(await repositoryAt(to)), []);
  const stored = (await readdir(join(to, 'chunks'), { recursive: true })).length;
  assert.ok(stored > 0, 'it had stored something');
  // The server notices within a moment that its client is gone.
  const next = await eventually(
    () =>
      backups.create().catch((error: unknown) => {
        if (isFactotumError(error, 'backup.busy')) return undefined;
        throw error;
      }),
    () => 'the lock of the killed process stays',
  );
  assert.equal((await backups.verify(next.id, { deep: true })).ok, true);
  const states = (await backups.list({ before: null, limit: 100 })).map(({ state }) => state);
  assert.ok(!states.includes('running') && states.includes('failed'));
});

test('on a disk that is really full a backup ends as storage.full, and holds again when there is room', async (t) => {
  const disk = join(root, 'disk');
  await mkdir(disk);
  const run = promisify(execFile);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  } catch {
    t.skip('nothing can be mounted here: a full disk is only played, in the test before');
    return;
  }
  try {
    const { backups } = await backupsInto('disk/full');
    const first = await backups.create();
    const filler = join(disk, 'filler');
    await run('sh', ['-c', `head -c 2000000 /dev/zero > '${filler}' || true`]);
    await platform.buildTenant({ 'Inbox/Disk.md': 'Disk '.repeat(10_000) });
    await platform.sequencer.drained();
    await assert.rejects(backups.create(), (error) => isFactotumError(error, 'storage.full'));
    await rm(filler);
    assert.equal((await backups.verify(first.id, { deep: true })).ok, true);
    const second = await backups.create();
    assert.equal((await backups.verify(second.id, { deep: true })).ok, true);
    assert.deepEqual(await readdir(join(disk, 'full', 'data', '.incoming')), []);
  } finally {
    await run('umount', [disk]);
  }
});

test('one job makes a backup, backs the keys up, removes what is old and proves the backup; whoever asks meanwhile gets that job', async () => {
  const { backups, keysTo } = await backupsInto('jobs');
  const { database, installation, keyring, clock, log } = platform;
  const deps = { engine: database.engine, installation, clock, log, backups };
  const asked = await Promise.all([requestBackup(deps, 'operator:test'), requestBackup(deps, 'operator:test')]);
  assert.equal(asked[0], asked[1]);
  const runner = createJobRunner({
    engine: database.engine,
    keyring,
    installation,
    clock,
    log,
    handlers: createBackupJobs(deps),
    pollMs: 50,
  });
  runner.start();
  try {
    const until = (id: string) =>
      eventually(
        async () => {
          const job = await readAnyJob(database.engine, id);
          assert.notEqual(job.state, 'failed', job.error?.message);
          return job.state === 'done' ? job : undefined;
        },
        undefined,
        60_000,
      );
    const { result } = await until(asked[0]);
    const id = String(result?.id);
    assert.equal((await backups.find(id)).state, 'done');
    assert.equal((await readdir(join(keysTo, 'keys'))).length, 1);
    await until(await requestVerification(deps, id, 'operator:test'));
    assert.notEqual((await backups.find(id)).verifiedAt, null);
    await assert.rejects(requestVerification(deps, 'bak_000000000000000000000001', 'operator:test'), (error) =>
      isFactotumError(error, 'backup.not_found'),
    );
  } finally {
    await runner.stop();
  }
});
