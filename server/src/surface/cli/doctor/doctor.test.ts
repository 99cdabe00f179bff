import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Id, newId, readConfig } from '#kernel';
import { withTenant } from '#kernel/database';
import { testDatabase } from '../../../../test/database.ts';
import { examine } from '../control/examine.ts';
import type { OperatorParts } from '../control/operator.ts';
import { examineEnvironment } from './environment.ts';
import type { Finding } from './finding.ts';
import { examineFolders } from './folders.ts';
import { examinePort } from './port.ts';
import { examineSecretPlaces } from './secrets.ts';

const root = await mkdtemp(join(tmpdir(), 'factotum-doctor-'));
after(() => rm(root, { recursive: true }));

const configIn = (folder: string) =>
  readConfig({ FACTOTUM_DATA: join(folder, 'data'), FACTOTUM_DROP: join(folder, 'drop'), FACTOTUM_OUTBOX: join(folder, 'outbox') });
const failed = (findings: readonly Finding[]) => findings.filter(({ state }) => state === 'fail').map(({ check }) => check);

test('a key file that others may read fails, with the command that mends it', async () => {
  const config = configIn(root);
  const keys = join(root, 'data', 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await writeFile(join(keys, 'kek.key'), 'x', { mode: 0o600 });
  assert.deepEqual(failed(await examineFolders(config, keys)), []);
  await chmod(join(keys, 'kek.key'), 0o644);
  const findings = await examineFolders(config, keys);
  assert.deepEqual(failed(findings), ['key file kek.key']);
  assert.equal(findings.find(({ state }) => state === 'fail')?.fix, `chmod 600 '${join(keys, 'kek.key')}'`);
});

test('a folder that cannot be written to fails, and trying leaves nothing behind', async () => {
  const folder = join(root, 'writable');
  await mkdir(join(folder, 'drop'), { recursive: true });
  await writeFile(join(folder, 'outbox'), 'a file where a folder should be');
  const findings = await examineFolders(configIn(folder), join(folder, 'keys'));
  assert.deepEqual(failed(findings), ['outbox folder']);
  assert.deepEqual(await readdir(join(folder, 'drop')), []);
  assert.deepEqual((await readdir(folder)).sort(), ['drop', 'outbox']);
});

test('a port that somebody else has fails, a free one does not', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const config = readConfig({ FACTOTUM_PORT: String(port) });
  assert.equal((await examinePort(config, null)).state, 'fail');
  await new Promise((resolve) => other.close(resolve));
  assert.equal((await examinePort(config, null)).state, 'ok');
  assert.equal((await examinePort(config, `http://127.0.0.1:${port}`)).state, 'fail', 'a server that says it is there and is not');
});

test('secrets of others in the environment are named, never shown; what weakens the process fails', () => {
  const clean = examineEnvironment({ PATH: '/bin', FACTOTUM_MODEL_KEY: 'ours', ANTHROPIC_API_KEY: 'ours', KEYBOARD: 'us' });
  assert.deepEqual(
    clean.map(({ state }) => state),
    ['ok'],
  );
  const findings = examineEnvironment({ AWS_SECRET_ACCESS_KEY: 'hush', NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--inspect=0' });
  assert.deepEqual(
    findings.map(({ state }) => state),
    ['warn', 'fail', 'fail'],
  );
  assert.ok(!JSON.stringify(findings).includes('hush'));
  assert.ok(JSON.stringify(findings).includes('AWS_SECRET_ACCESS_KEY'));
});

test('secrets that lie in clear are named with where they belong, never shown', async () => {
  const folder = join(root, 'places');
  await mkdir(folder);
  assert.deepEqual(failed(await examineSecretPlaces({ FACTOTUM_MODEL_KEY: 'secret://db/model-key', FACTOTUM_PORT: '1' }, folder)), []);
  const lines = ['FACTOTUM_MAIL_URL=smtps://robot:hush-hush@mail.example', 'FACTOTUM_PORT=4310', 'GITHUB_TOKEN=hush-hush'];
  await writeFile(join(folder, '.env'), lines.join('\n'), { mode: 0o644 });
  const token = join(folder, 'token');
  await writeFile(token, 'hush-hush', { mode: 0o604 });
  const environment = {
    FACTOTUM_MODEL_KEY: 'hush-hush',
    FACTOTUM_DATABASE_URL: 'postgres://owner:hush-hush@db.example/x',
    FACTOTUM_DATABASE_APP_URL: 'postgres://app@db.example/x',
    FACTOTUM_VAULT_TOKEN: 'hush-hush',
    FACTOTUM_VAULT_SECRET_ID_FILE: token,
    FACTOTUM_METRICS_TOKEN: `secret://file${token}`,
  };
  const findings = await examineSecretPlaces(environment, folder);
  const said = JSON.stringify(findings);
  assert.ok(!said.includes('hush'));
  for (const name of ['FACTOTUM_MODEL_KEY', 'FACTOTUM_DATABASE_URL', 'FACTOTUM_VAULT_TOKEN', 'FACTOTUM_MAIL_URL', 'GITHUB_TOKEN'])
    assert.ok(
      findings.some(({ text }) => text.includes(name)),
      name,
    );
  assert.ok(!said.includes('FACTOTUM_DATABASE_APP_URL'), 'an address without a password is no secret');
  assert.deepEqual(failed(findings).sort(), [`file ${join(folder, '.env')}`, `file ${token}`, `file ${token}`]);
  assert.match(findings.find(({ text }) => text.startsWith('FACTOTUM_DATABASE_URL'))?.fix ?? '', /secret:\/\/file/);
});

test('inside, walls, migrations, sequencer and logs are tried, and what waits for a sequencer that does not run is found', async () => {
  const { database, close } = await testDatabase();
  after(close);
  const tenantId = newId('tenant');
  // The rest of the parts is for commands.
  const parts = {
    database,
    pendingMigrations: async (): Promise<string[] | null> => [],
    listTenants: async () => [{ id: tenantId, name: 'acme', createdAt: new Date() }],
    verifyAuditLog: async (_: Id<'tenant'>) => ({ ok: true, entries: 7, checkpointAt: null, root: null }),
    secrets: { examine: async () => [] },
    logins: { madeAt: async (): Promise<Date | null> => null },
  } as unknown as OperatorParts;
  const well = await examine(parts);
  assert.deepEqual(failed(well), []);
  assert.equal(well.length, 7);
  assert.deepEqual(failed(await examine({ ...parts, pendingMigrations: async () => ['0009_new.sql'] })), ['migrations']);
  const daysAgo = (days: number) =>
    examine({ ...parts, logins: { ...parts.logins, madeAt: async () => new Date(Date.now() - days * 86_400_000) } });
  const states = async (days: number) => (await daysAgo(days)).find(({ check }) => check === 'database passwords')?.state;
  assert.deepEqual([await states(30), await states(60)], ['ok', 'warn']);
  const broken = await examine({
    ...parts,
    verifyAuditLog: async () => ({ ok: false, entries: 2, checkpointAt: null, root: null, fault: 'cut' }),
  });
  assert.deepEqual(failed(broken), ['audit log of acme']);

  await withTenant(database.app.db, tenantId, (tx) =>
    tx
      .insertInto('auditPending')
      .values({ tenantId, entries: ['{}'] })
      .execute(),
  );
  assert.deepEqual(failed(await examine(parts, { waitMs: 200 })), ['audit sequencer']);
});
