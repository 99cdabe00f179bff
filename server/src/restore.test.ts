import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from '#kernel';
import { prepareOwner, startEmbedded, withOwner } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { createBackups } from '#ops/backup';
import { testPlatform } from '../test/platform.ts';
import { restoreInstallation } from './restore.ts';

const platform = await testPlatform();
const root = await mkdtemp(join(tmpdir(), 'factotum-restore-outside-'));
const { database, ownerUrl, installation, clock, log, folder } = platform;
const [to, keysTo] = [join(root, 'to'), join(root, 'keys')];
const backups = createBackups({
  ...{ ownerUrl, installation, clock, log },
  engine: database.engine,
  keyFolder: join(folder, 'data', 'keys'),
  config: { to, keysTo, everyHours: 24, keepDays: 30, keysKeepDays: 30 },
  blobs: { open: () => openStorage(join(folder, 'blobs'), { clock }), nameOf: (_, object) => object },
  openStorage: (address) => openStorage(address, { clock }),
});
const recoveryText = await backups.setUp(false);
await platform.buildTenant({});
await platform.sequencer.drained();
await backups.create();

// A server of its own: a restore gives the roles their passwords, which are the whole server's.
await mkdir(join(root, 'server'));
const server = await startEmbedded({ dataFolder: join(root, 'server'), log, onProgress: () => undefined });
after(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});
const outside = await prepareOwner(server.superuserUrl, { passwordsFile: server.passwordsFile, database: 'outside' });

const restore = (env: Readonly<Record<string, string>>) =>
  restoreInstallation(
    readConfig({ FACTOTUM_DATA: join(root, 'new'), FACTOTUM_DATABASE_URL: outside, ...env }),
    { id: 'latest', recoveryText, from: to, keysFrom: keysTo },
    () => undefined,
  );
const schemas = async () =>
  withOwner(outside, async (client) => (await client.query(`select nspname from pg_namespace where nspname in ('app', 'auth')`)).rows);

test('a restore into a database outside that fails at its very end leaves it empty, and the next one does it', async () => {
  const away = { FACTOTUM_KEK: 'vault-transit:https://127.0.0.1:9/transit/factotum', FACTOTUM_VAULT_TOKEN: 'none' };
  await assert.rejects(restore(away));
  assert.deepEqual(await schemas(), []);
  assert.deepEqual(await readdir(join(root, 'new')), []);
  const { ok, faults } = await restore({});
  assert.deepEqual({ ok, faults }, { ok: true, faults: [] });
});
