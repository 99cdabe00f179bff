import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, type FileHandle, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { createLogger, type Id, readConfig } from '#kernel';
import { withTenant } from '#kernel/database';
import { openGenerationCertificate } from '#trust/encryption';
import { readAnyJob } from '#trust/job';
import { closeTenant, findCertificate, openCertificate } from '#trust/tenant';
import { writeNote } from '#trust/vault';
import { createJobs } from '../../src/jobs.ts';
import { openPlatform } from '../../src/platform.ts';
import { derivePurposeKey } from '../../src/trust/key/tenant-keys.ts';
import { eventually } from '../platform.ts';
import type { RemainsOrder, SealedObject } from './remains-process.ts';

/** An installation as it is without any settings: its database, its key and its blobs are in one folder. */
const folder = await mkdtemp(join(tmpdir(), 'factotum-remains-'));
// As root the database runs as another user, who has to get through, or it would lie elsewhere.
await chmod(folder, 0o711);
await mkdir(join(folder, 'data'));
await chmod(join(folder, 'data'), 0o711);
after(() => rm(folder, { recursive: true, force: true }));
const environment = {
  FACTOTUM_DATA: join(folder, 'data'),
  FACTOTUM_DROP: join(folder, 'drop'),
  FACTOTUM_OUTBOX: join(folder, 'outbox'),
  FACTOTUM_BACKUP_TO: join(folder, 'backups'),
};
const platform = await openPlatform({
  config: readConfig(environment),
  log: createLogger({ level: 'error' }),
  onProgress: () => undefined,
  publicOrigins: () => ['http://127.0.0.1:4310'],
  onWork: () => undefined,
  rotation: { settleMs: 20, pace: { rowsPerSecondMax: 50_000, share: 0.9 } },
});
const { database, keyring, encryption, installation } = platform;
const jobs = createJobs(platform);
jobs.start();
let isOpen = true;
const close = async () => {
  if (!isOpen) return;
  isOpen = false;
  await jobs.stop();
  await platform.close();
};
after(close);

const inTenant = <R>(tenantId: Id<'tenant'>, work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
const act = () => ({ actor: 'operator:test', at: new Date() });
/** Hundreds of megabytes are looked through on a machine that has other work as well. */
const patienceMs = 240_000;

/** What must be found nowhere, by what it is. */
type Needles = ReadonlyMap<string, Buffer>;

interface Subject {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly object: SealedObject;
  readonly needles: Needles;
}

/** A tenant with something in its vault, and what of its first generation is secret. */
async function build(name: string): Promise<Subject> {
  const { id: tenantId } = await platform.createTenant({ name, actor: 'operator:test' });
  const canary = `canary${randomBytes(8).toString('hex')}`;
  const keys = await keyring.of(tenantId);
  const written = { author: 'user:test', at: new Date() };
  await inTenant(tenantId, (tx) => writeNote(tx, keys, { path: 'Canary.md', content: canary, trusted: true, ...written }));
  await platform.vaultFiles.write(tenantId, { path: 'Canary.bin', ...written }, Readable.from([Buffer.alloc(100_000, canary)]), undefined);
  const sealed = keys.seal('content', { kind: 'note', id: 'one' }, Buffer.from(canary)).toString('hex');
  return {
    tenantId,
    name,
    object: { tenantId, id: 'one', sealed },
    needles: new Map([...(await secretsOf(tenantId)), ['canary', Buffer.from(canary)]]),
  };
}

/** The seed in force as it is and as it lies in the database, and the key that follows from it for content. */
async function secretsOf(tenantId: Id<'tenant'>): Promise<Needles> {
  const { rows } = await inTenant(tenantId, (tx) =>
    sql<{ wrapped: Buffer; generation: number }>`select wrapped, generation from tenant_key where state = 'active'`.execute(tx),
  );
  const [row] = rows;
  assert.ok(row);
  const seed = (await keyring.seedsOf(tenantId)).find(({ generation }) => generation === row.generation)?.seed;
  assert.ok(seed);
  return new Map([
    ['seed', seed],
    ['wrapped seed', row.wrapped],
    ['content key', derivePurposeKey(seed, tenantId, row.generation, 'content')],
  ]);
}

/** In which files below a folder what is; each secret as bytes, as hexadecimal digits and in base64. */
async function find(needles: Needles, place: string): Promise<string[]> {
  const forms = [...needles].flatMap(([what, bytes]) =>
    [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64').replace(/=+$/, ''))].map((form) => ({ what, form })),
  );
  const found = new Set<string>();
  for (const path of await filesBelow(place)) for (const what of await findIn(path, forms)) found.add(`${what} in ${path}`);
  return [...found];
}

const scratch = Buffer.alloc(1024 * 1024);

/** One look at each byte, however much is looked for: these are hundreds of megabytes. */
async function findIn(path: string, forms: readonly { readonly what: string; readonly form: Buffer }[]): Promise<Set<string>> {
  const begins = new Uint8Array(65_536);
  for (const { form } of forms) begins[form.readUInt16BE()] = 1;
  const overlap = Math.max(...forms.map(({ form }) => form.length)) - 1;
  const found = new Set<string>();
  const file = await openOrNull(path);
  if (file === null) return found;
  try {
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(scratch, kept, scratch.length - kept);
      if (bytesRead === 0) return found;
      const bytes = scratch.subarray(0, kept + bytesRead);
      for (let at = 1, pair = bytes[0] ?? 0; at < bytes.length; at += 1) {
        pair = ((pair << 8) | (bytes[at] ?? 0)) & 0xffff;
        if (begins[pair] === 0) continue;
        for (const { what, form } of forms)
          if (pair === form.readUInt16BE() && bytes.subarray(at - 1, at - 1 + form.length).equals(form)) found.add(what);
      }
      // What lies across two pieces begins in the first.
      kept = Math.min(overlap, bytes.length);
      scratch.copyWithin(0, bytes.length - kept, bytes.length);
    }
  } finally {
    await file.close();
  }
}

/** Null for what is not there any more: the database takes its own files away as it likes. */
async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function filesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('what was destroyed opens nowhere any more: not in the data folder, a backup, or the memory of a process that starts on it', {
  timeout: 2 * patienceMs,
}, async () => {
  const [rotated, erased] = [await build('rotated'), await build('erased')];
  await platform.backups.setUp(false);
  await platform.backups.create();
  const data = environment.FACTOTUM_DATA;
  // Of one of the two, as the write-ahead log may cut either in two where a page of it ends.
  const there = [...(await find(rotated.needles, data)), ...(await find(erased.needles, data))];
  assert.match(there.join('\n'), /wrapped seed in .*pg_wal/, 'the search finds what is there');

  const jobId = await inTenant(rotated.tenantId, async (tx) =>
    encryption.rotate(tx, await keyring.of(rotated.tenantId), { ...act(), destroyOld: true }),
  );
  await inTenant(erased.tenantId, async (tx) =>
    closeTenant(tx, await keyring.of(erased.tenantId), { ...act(), name: erased.name, graceDays: 0 }),
  );
  const [job, note] = await Promise.all([
    eventually(
      async () => {
        const found = await readAnyJob(database.engine, jobId);
        return ['done', 'failed'].includes(found.state) ? found : undefined;
      },
      () => 'the rotation did not end',
      patienceMs,
    ),
    eventually(
      async () => (await inTenant(erased.tenantId, (tx) => findCertificate(tx, erased.tenantId))) ?? undefined,
      () => 'the tenant was not erased',
      patienceMs,
    ),
  ]);
  assert.deepEqual([job.error, job.result?.destroyed], [null, [1]]);
  const { verifierKeyText } = installation.signer;
  const [certificate] = await encryption.certificates(rotated.tenantId);
  const ofGeneration = openGenerationCertificate(certificate?.note ?? '', verifierKeyText);
  const ofTenant = openCertificate(note, verifierKeyText);
  assert.deepEqual([ofGeneration.remains, ofTenant.remains], ['none', 'none']);
  for (const [since, until] of [
    [ofGeneration.destroyedAt, ofGeneration.keyBackupsUntil],
    [ofTenant.erasedAt, ofTenant.keyBackupsUntil ?? ''],
  ] as const)
    assert.equal(Date.parse(until) - Date.parse(since), platform.config.backup.keysKeepDays * 86_400_000);

  const gone = new Map([rotated, erased].flatMap(({ name, needles }) => [...needles].map(([what, bytes]) => [`${name}: ${what}`, bytes])));
  const now = await secretsOf(rotated.tenantId);
  assert.deepEqual(await find(gone, folder), [], 'while the database runs');
  assert.match((await find(now, data)).join('\n'), /wrapped seed in/, 'the search finds what is there');
  const text = `living${randomBytes(8).toString('hex')}`;
  const living = {
    ...{ tenantId: rotated.tenantId, id: 'two' },
    sealed: (await keyring.of(rotated.tenantId)).seal('content', { kind: 'note', id: 'two' }, Buffer.from(text)).toString('hex'),
  };
  await close();
  assert.deepEqual(await find(gone, folder), [], 'when it has stopped');

  const image = join(folder, 'image');
  const order: RemainsOrder = { environment, objects: [rotated.object, erased.object, living], image };
  const program = join(import.meta.dirname, 'remains-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(order)]);
  assert.deepEqual(JSON.parse(stdout).said, ['seal.broken', 'key.destroyed', 'opened']);
  assert.deepEqual(await find(new Map([...gone, ['living', Buffer.from(text)]]), folder), [`living in ${image}`]);
});
