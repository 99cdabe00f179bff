import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEnv } from 'node:util';
import { createLogger, readConfig } from '#kernel';
import { type CommandDeps, runCommand } from '#surface/cli';
import { openSecret } from '#trust/secret';
import { operatorParts } from '../src/operator.ts';
import { testHttp } from './http.ts';

/** The commands about secrets, on a whole installation without a server. */
const { platform, http, buildCustomer } = await testHttp();
const folder = await mkdtemp(join(tmpdir(), 'factotum-secret-command-'));
after(() => rm(folder, { recursive: true }));
const customer = await buildCustomer();
const operator = operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1', onTenant: async () => undefined });

async function run(argv: readonly string[], input = ''): Promise<{ exit: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const deps = {
    configure: () => readConfig({ ...platform.environment, FACTOTUM_LOG_LEVEL: 'silent' }),
    openAlone: async () => ({ fetch: http.fetchAs, operator, close: async () => undefined }),
    keyFolder: () => join(folder, 'keys'),
    environment: {},
    terminal: {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
      input: async () => Buffer.from(input),
    },
    // What the other commands need is not asked for here.
  } as unknown as CommandDeps;
  const exit = await runCommand([...argv, '--data', join(folder, 'data')], deps);
  return { exit, out, err };
}

const storedValue = async (name: string) => {
  const { content } = await platform.inSecretUnit('installation', (unit) => openSecret(unit, { name }));
  return 'value' in content ? content.value : content.reference;
};

test('a value is read from standard input, stored for a tenant, replaced, listed by name alone and deleted', async () => {
  const tenant = ['--tenant', customer.name];
  const first = await run(['secret', 'set', 'mail/password', ...tenant, '--json'], 'the first value\n');
  assert.equal(first.exit, 0, first.err);
  assert.equal((JSON.parse(first.out) as { reference: string }).reference, 'secret://db/mail/password');
  const second = await run(['secret', 'set', 'mail/password', ...tenant], 'the second value');
  assert.match(second.out, /version 2/);
  assert.equal(await platform.secretResolver.resolve(customer.tenantId, 'secret://db/mail/password'), 'the second value');
  const listed = await run(['secret', 'list', ...tenant]);
  assert.match(listed.out, /mail\/password/);
  assert.ok(!`${first.out}${first.err}${second.out}${listed.out}`.includes('value\n') && !listed.out.includes('the second value'));
  assert.equal((await run(['secret', 'delete', 'mail/password', ...tenant])).exit, 0);
  assert.equal((await run(['secret', 'delete', 'mail/password', ...tenant])).exit, 2);
  assert.equal((await run(['secret', 'set', 'empty', ...tenant], '')).exit, 2);
});

test("the installation's own secrets have names of their own, and no tenant finds them", async () => {
  assert.equal((await run(['secret', 'set', 'scraper', '--installation', '--kind', 'api-key'], 'a token of scrapers')).exit, 0);
  assert.equal(await storedValue('scraper'), 'a token of scrapers');
  await assert.rejects(platform.secretResolver.resolve(customer.tenantId, 'secret://db/scraper'), /There is no secret/);
  assert.match((await run(['secret', 'list', '--installation'])).out, /scraper +api-key/);
  assert.equal((await run(['secret', 'set', 'scraper', '--installation', '--kind', 'nonsense'], 'x')).exit, 0, 'the kind stays');
  assert.equal((await run(['secret', 'delete', 'scraper', '--installation'])).exit, 0);
});

const original = `# Settings of the installation
FACTOTUM_PORT=4310

export FACTOTUM_MODEL_KEY='sk-model-0123456789abcdef' # of the vendor
  FACTOTUM_MAIL_URL = smtps://robot:mail-password@mail.example
FACTOTUM_MAIL_FROM=robot@mail.example
FACTOTUM_DATABASE_URL=postgres://owner:owner-password@db.example/factotum
FACTOTUM_METRICS_TOKEN="scrapers-may-read"
FACTOTUM_VAULT_SECRET_ID=vault-secret-id
AWS_SECRET_ACCESS_KEY=somebody-elses-key
# the end`;

test('import moves secrets, leaves references in their place and everything else as it was, and can be run again', async () => {
  const path = join(folder, '.env');
  await writeFile(path, original, { mode: 0o644 });
  const first = await run(['secret', 'import', path, '--json']);
  assert.equal(first.exit, 0, first.err);
  const told = JSON.parse(first.out) as {
    moved: { setting: string; name: string }[];
    left: { setting: string; why: string }[];
    rotate: string[];
  };
  assert.deepEqual(told.moved.map(({ setting, name }) => [setting, name]).sort(), [
    ['FACTOTUM_MAIL_URL', 'mail-url'],
    ['FACTOTUM_METRICS_TOKEN', 'metrics-token'],
    ['FACTOTUM_MODEL_KEY', 'model-key'],
  ]);
  assert.deepEqual(told.left.map(({ setting }) => setting).sort(), [
    'AWS_SECRET_ACCESS_KEY',
    'FACTOTUM_DATABASE_URL',
    'FACTOTUM_VAULT_SECRET_ID',
  ]);
  assert.match(
    told.left.find(({ setting }) => setting === 'FACTOTUM_DATABASE_URL')?.why ?? '',
    /secret:\/\/file\/run\/secrets\/database-url/,
  );
  assert.equal(await storedValue('model-key'), 'sk-model-0123456789abcdef');
  assert.equal(await storedValue('mail-url'), 'smtps://robot:mail-password@mail.example');

  const text = await readFile(path, 'utf8');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(
    text,
    original
      .replace("'sk-model-0123456789abcdef'", 'secret://db/model-key')
      .replace('smtps://robot:mail-password@mail.example', 'secret://db/mail-url')
      .replace('"scrapers-may-read"', 'secret://db/metrics-token'),
  );
  const { FACTOTUM_DATABASE_URL: _, AWS_SECRET_ACCESS_KEY: __, FACTOTUM_VAULT_SECRET_ID: ___, ...variables } = parseEnv(text);
  assert.equal(readConfig(variables).secrets.references.length, 3);
  for (const secret of ['sk-model-0123456789abcdef', 'mail-password', 'scrapers-may-read', 'owner-password'])
    assert.ok(!`${first.out}${first.err}`.includes(secret), secret);

  const again = await run(['secret', 'import', path, '--json']);
  assert.deepEqual((JSON.parse(again.out) as { moved: unknown[] }).moved, []);
  assert.equal(await readFile(path, 'utf8'), text);
  const listed = await run(['secret', 'list', '--installation', '--json']);
  const states = (JSON.parse(listed.out) as { name: string; state: string; version: number }[]).map(
    ({ name, state, version }) => `${name} ${state} ${version}`,
  );
  assert.deepEqual(states, ['mail-url due 1', 'metrics-token due 1', 'model-key due 1']);
});

test('import that was interrupted before the file was written ends with the same versions', async () => {
  const path = join(folder, 'again.env');
  await writeFile(path, original);
  assert.equal((await run(['secret', 'import', path])).exit, 0);
  const listed = JSON.parse((await run(['secret', 'list', '--installation', '--json'])).out) as { version: number }[];
  assert.deepEqual(
    listed.map(({ version }) => version),
    [1, 1, 1],
  );
});

test('a file in a form that cannot be changed safely is left alone, and nothing is stored', async () => {
  const path = join(folder, 'odd.env');
  const odd = `FACTOTUM_MODEL_KEY="sk-other-0123456789abcdef" trailing words\n`;
  await writeFile(path, odd);
  const before = await storedValue('model-key');
  assert.equal((await run(['secret', 'import', path])).exit, 2);
  assert.equal(await readFile(path, 'utf8'), odd);
  assert.equal(await storedValue('model-key'), before);
});

test('settings find what they refer to when a platform opens, and all that is missing is told at once', async () => {
  const { openPlatform } = await import('../src/platform.ts');
  const open = (environment: Record<string, string>) =>
    openPlatform({
      config: readConfig({ ...platform.environment, ...environment }),
      log: createLogger({ level: 'silent' }),
      onProgress: () => undefined,
      publicOrigins: () => ['http://127.0.0.1:4310'],
      onWork: () => undefined,
    });
  const opened = await open({
    FACTOTUM_MODEL_PROVIDER: 'anthropic',
    FACTOTUM_MODEL_KEY: 'secret://db/model-key',
    FACTOTUM_METRICS_TOKEN: 'secret://db/metrics-token',
  });
  assert.equal(opened.config.metricsToken, 'scrapers-may-read');
  assert.equal(opened.config.model?.key, 'sk-model-0123456789abcdef');
  assert.deepEqual([...(await opened.secretUsers('installation')).keys()].sort(), ['metrics-token', 'model-key']);
  await opened.close();
  await assert.rejects(
    open({ FACTOTUM_METRICS_TOKEN: 'secret://db/nothing', ANTHROPIC_API_KEY: 'secret://db/neither' }),
    (error: Error) => {
      assert.match(error.message, /FACTOTUM_METRICS_TOKEN: There is no secret at secret:\/\/db\/nothing/);
      assert.match(error.message, /ANTHROPIC_API_KEY/);
      return true;
    },
  );
  await assert.rejects(
    open({ FACTOTUM_DATABASE_URL: 'secret://db/url', FACTOTUM_MODEL_KEY: 'secret://file/etc/passwd' }),
    (error: Error) => {
      assert.match(error.message, /FACTOTUM_DATABASE_URL: .*cannot lie in the database/);
      assert.match(error.message, /FACTOTUM_MODEL_KEY: .*none of the folders/);
      return true;
    },
  );
});

test('the doctor says which references do not resolve and which secrets are due', async () => {
  const findings = await operator.secrets.examine();
  assert.ok(findings.some(({ state, text }) => state === 'warn' && text.includes('model-key')));
  const references = [{ reference: 'secret://db/nothing', by: 'setting FACTOTUM_MAIL_URL' }];
  const broken = operatorParts(
    { ...platform, secretReferences: async (scope) => (scope === 'installation' ? references : []) },
    { address: () => null, publicUrl: () => '', onTenant: async () => undefined },
  );
  const found = (await broken.secrets.examine()).find(({ state }) => state === 'fail');
  assert.match(found?.text ?? '', /setting FACTOTUM_MAIL_URL: There is no secret/);
  assert.equal(found?.fix, 'factotum secret set nothing --installation');
});
