import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger, isFactotumError, readConfig } from '#kernel';
import { createJobs } from '../../src/jobs.ts';
import { openPlatform, type Platform } from '../../src/platform.ts';
import { eventually, testPlatform } from '../platform.ts';

const first = await testPlatform();
const tenantId = await first.buildTenant();
const sealed = (await first.keyring.of(tenantId)).seal('content', { kind: 'note', id: 'n' }, Buffer.from('text'));
const keyFolder = join(first.folder, 'data', 'keys');
const passphraseFile = join(first.folder, 'passphrase');

const open = (environment: Readonly<Record<string, string>>): Promise<Platform> =>
  openPlatform({
    config: readConfig({ ...first.environment, ...environment }),
    log: createLogger({ level: 'error' }),
    onProgress: () => undefined,
    publicOrigins: () => ['http://127.0.0.1:4310'],
    onWork: () => undefined,
  });
const opens = async ({ keyring }: Platform) => (await keyring.of(tenantId)).open('content', { kind: 'note', id: 'n' }, sealed).toString();
const refused = (words: RegExp) => (error: unknown) => isFactotumError(error) && words.test(error.message);

test('an installation moves its keys from a file to a passphrase while both are known, and then needs the passphrase alone', async () => {
  await writeFile(passphraseFile, 'four short words here\n');
  const withPassphrase = { FACTOTUM_KEK: 'passphrase:', FACTOTUM_KEK_PASSPHRASE_FILE: passphraseFile };
  await assert.rejects(open(withPassphrase), refused(/kek\.passphrase is missing/));

  const moving = await open({ ...withPassphrase, FACTOTUM_KEK_PREVIOUS: 'local:' });
  assert.equal(await opens(moving), 'text');
  const jobs = createJobs(moving);
  jobs.start();
  await moving.encryption.rewrapAll({ actor: 'operator:test', at: new Date() });
  await eventually(async () => {
    const { rows } = await moving.database.engine.pool.query<{ provider: string }>('select distinct provider from app.tenant_key');
    return rows.every(({ provider }) => provider === 'passphrase') ? true : undefined;
  });
  await jobs.stop();
  await moving.close();

  const moved = await open(withPassphrase);
  assert.equal(await opens(moved), 'text');
  await moved.close();
  // Nothing in the data folder opens without the passphrase.
  for (const name of ['installation.key', 'auditor.key', 'session.secret'])
    assert.match(await readFile(join(keyFolder, name), 'utf8'), /^factotum-wrapped-v1:/, name);
  await assert.rejects(open({}), refused(/passphrase|FACTOTUM_KEK/));
  await writeFile(passphraseFile, 'four other words here\n');
  await assert.rejects(open(withPassphrase), refused(/not the one/));
});

test('an address that is wrong is a fault of the configuration, with the setting’s name', async () => {
  for (const [environment, words] of [
    [{ FACTOTUM_KEK: 'vault-transit:https://vault.example/seeds' }, /FACTOTUM_KEK: .*HOST\/MOUNT\/KEY/],
    [{ FACTOTUM_KEK: 'vault-transit:https://vault.example/transit/seeds' }, /FACTOTUM_VAULT_TOKEN_FILE/],
    [{ FACTOTUM_KEK_PREVIOUS: 'local:x' }, /FACTOTUM_KEK_PREVIOUS: .*stands alone/],
  ] as const)
    await assert.rejects(open(environment), (error: unknown) => isFactotumError(error, 'config.invalid') && words.test(error.message));
});

test('what the installation does with its keys is counted for whoever watches it', async () => {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  first.keyMetrics.register(registry, () => first.keyring.stats());
  const text = await registry.metrics();
  for (const line of [
    /^factotum_kek_requests_total\{provider="local",outcome="ok"\} [1-9]/m,
    /^factotum_kek_latency_seconds_count\{provider="local"\} [1-9]/m,
    /^factotum_kek_up\{provider="local"\} 1$/m,
    /^factotum_key_cache_entries 1$/m,
    /^factotum_key_cache_hits \d/m,
    /^factotum_key_cache_misses [1-9]/m,
  ])
    assert.match(text, line);
});
