import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConfigFaults, readConfig } from './config.ts';

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults;
    throw error;
  }
  return [];
};

it('an empty environment is a whole configuration, on loopback, with the demo and without a model', () => {
  const config = readConfig({});
  assert.equal(config.port, 4310);
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.demo, true);
  assert.equal(config.model, undefined);
});

it('all faults are named at once, each with its setting', () => {
  const faults = faultsOf({
    FACTOTUM_PORT: '99999',
    FACTOTUM_ROLES: 'api,king',
    FACTOTUM_LOG_LEVEL: 'loud',
    FACTOTUM_DATABASE_URL: 'mysql://x',
  });
  const named = faults.map((fault) => fault.split(':')[0]).sort();
  assert.deepEqual(named, ['FACTOTUM_DATABASE_URL', 'FACTOTUM_LOG_LEVEL', 'FACTOTUM_PORT', 'FACTOTUM_ROLES']);
});

it('a misspelt setting is a fault and not silence', () => {
  assert.match(faultsOf({ FACTOTUM_PROT: '1' })[0] ?? '', /FACTOTUM_PROT: there is no such setting/);
});

it('three of the four role addresses are not enough', () => {
  const url = 'postgres://u:p@localhost/x';
  const faults = faultsOf({ FACTOTUM_DATABASE_APP_URL: url, FACTOTUM_DATABASE_ENGINE_URL: url, FACTOTUM_DATABASE_AUTH_URL: url });
  assert.match(faults[0] ?? '', /set all four/);
});

it("Anthropic's key alone connects Anthropic, and is never sent to another endpoint", () => {
  assert.deepEqual(readConfig({ ANTHROPIC_API_KEY: 'k' }).model, {
    provider: 'anthropic',
    url: undefined,
    name: 'claude-sonnet-5-5',
    key: 'k',
    timeoutMs: 60_000,
  });
  const other = readConfig({
    ANTHROPIC_API_KEY: 'k',
    FACTOTUM_MODEL_PROVIDER: 'openai-compatible',
    FACTOTUM_MODEL_URL: 'http://localhost:1/v1',
    FACTOTUM_MODEL_NAME: 'm',
  });
  assert.equal(other.model?.key, undefined);
});

it('a database of the operator comes without the demo', () => {
  assert.equal(readConfig({ FACTOTUM_DATABASE_URL: 'postgres://u:p@localhost/x' }).demo, false);
});

it('lets nobody register, those whom operators approve, domains, or both; and never without mail', () => {
  const mail = { FACTOTUM_MAIL_URL: 'smtp://mail.example', FACTOTUM_MAIL_FROM: 'a@mail.example' };
  const under = (value: string) => readConfig({ ...mail, FACTOTUM_REGISTRATION: value }).registration;
  assert.equal(readConfig({}).registration, undefined);
  assert.equal(under('off'), undefined);
  assert.deepEqual(under('approval'), { approval: true, domains: [] });
  assert.deepEqual(under('Example.com, approval'), { approval: true, domains: ['example.com'] });
  for (const wrong of ['off,approval', 'everybody', '*.example.com', 'approval,']) assert.throws(() => under(wrong), ConfigFaults, wrong);
  assert.throws(() => readConfig({ FACTOTUM_REGISTRATION: 'approval' }), /FACTOTUM_MAIL_URL/);
});

it('tools elsewhere: where they listen, where they are found, and certificates in files, whole or not at all', () => {
  assert.deepEqual(readConfig({}).tools, { listen: undefined, url: undefined, files: undefined, clients: [], programs: '{}' });
  assert.deepEqual(readConfig({ FACTOTUM_TOOLS_LISTEN: '[::1]:4343' }).tools.listen, { host: '::1', port: 4343 });
  const files = { FACTOTUM_TOOLS_CERT: 'c', FACTOTUM_TOOLS_KEY: 'k', FACTOTUM_TOOLS_CA: 'a' };
  assert.deepEqual(readConfig({ ...files, FACTOTUM_TOOLS_URL: 'https://tools:1' }).tools.files, { cert: 'c', key: 'k', ca: 'a' });
  for (const [wrong, names] of [
    [{ FACTOTUM_TOOLS_CERT: 'c' }, /all three/],
    [{ FACTOTUM_TOOLS_URL: 'http://tools:1' }, /must be a URL starting with https/],
    [{ FACTOTUM_TOOLS_LISTEN: 'tools' }, /must be host:port/],
    [{ FACTOTUM_TOOLS_LISTEN: 'tools:1', FACTOTUM_ROLES: 'api' }, /FACTOTUM_ROLES must name tools/],
    [{ FACTOTUM_TOOLS_LISTEN: 'tools:1', ...files }, /FACTOTUM_TOOLS_CLIENTS/],
    [{ FACTOTUM_TOOLS_CLIENTS: 'a' }, /the internal CA knows workers by itself/],
    [{ FACTOTUM_ROLES: 'tools' }, /would do nothing/],
  ] as const)
    assert.throws(() => readConfig(wrong), names, JSON.stringify(wrong));
});

it('TLS needs both of its files and a public address that says so, and an edge that shows certificates needs TLS', () => {
  const [FACTOTUM_TLS_CERT, FACTOTUM_TLS_KEY, FACTOTUM_EDGE_CA] = ['tls.crt', 'tls.key', 'ca.pem'];
  const both = { FACTOTUM_TLS_CERT, FACTOTUM_TLS_KEY };
  assert.deepEqual(readConfig(both).tls, { certificateFile: 'tls.crt', keyFile: 'tls.key' });
  assert.equal(readConfig({ ...both, FACTOTUM_EDGE_CA }).edge.clientCaFile, 'ca.pem');
  assert.match(faultsOf({ FACTOTUM_TLS_KEY })[0] ?? '', /^FACTOTUM_TLS_CERT: set it together/);
  assert.match(faultsOf({ FACTOTUM_EDGE_CA })[0] ?? '', /^FACTOTUM_EDGE_CA: /);
  assert.match(faultsOf({ ...both, FACTOTUM_PUBLIC_URL: 'http://factotum.example' })[0] ?? '', /^FACTOTUM_PUBLIC_URL: /);
  assert.match(faultsOf({ FACTOTUM_CLIENT_ADDRESS_HEADER: 'x-anything' })[0] ?? '', /^FACTOTUM_CLIENT_ADDRESS_HEADER: /);
  assert.match(faultsOf({ FACTOTUM_CONNECTIONS: '1' })[0] ?? '', /^FACTOTUM_CONNECTIONS: /);
});

it('a secret may be referred to instead of given, and is checked like any other once it is known', () => {
  const config = readConfig({
    FACTOTUM_DATABASE_URL: 'secret://file/run/secrets/database-url',
    FACTOTUM_MAIL_URL: 'secret://db/mail-url',
    FACTOTUM_MAIL_FROM: 'a@mail.example',
  });
  assert.deepEqual(config.secrets.references, [
    { setting: 'FACTOTUM_DATABASE_URL', reference: 'secret://file/run/secrets/database-url', isEarly: true },
    { setting: 'FACTOTUM_MAIL_URL', reference: 'secret://db/mail-url', isEarly: false },
  ]);
  const known = config.withValues({ FACTOTUM_MAIL_URL: 'smtps://a:b@mail.example' });
  assert.equal(known.mail?.url, 'smtps://a:b@mail.example');
  assert.deepEqual(
    known.secrets.references.map(({ setting }) => setting),
    ['FACTOTUM_DATABASE_URL'],
  );
  assert.throws(
    () => config.withValues({ FACTOTUM_MAIL_URL: 'the-value-in-place' }),
    (error: unknown) => {
      assert.ok(
        error instanceof ConfigFaults && error.message.includes('FACTOTUM_MAIL_URL') && !error.message.includes('the-value-in-place'),
      );
      return true;
    },
  );
});

it('there is one way to sign in to Vault, and its secret is a value or a file', () => {
  assert.equal(readConfig({}).vault, undefined);
  const login = { FACTOTUM_VAULT_ROLE_ID: 'role', FACTOTUM_VAULT_SECRET_ID_FILE: '/run/secrets/id' };
  assert.deepEqual(readConfig(login).vault, { method: 'approle', roleId: 'role', secretId: { file: '/run/secrets/id' } });
  assert.match(faultsOf({ ...login, FACTOTUM_VAULT_SECRET_ID: 'x' })[0] ?? '', /FACTOTUM_VAULT_SECRET_ID: it is set/);
  assert.match(faultsOf({ ...login, FACTOTUM_VAULT_KUBERNETES_ROLE: 'x' })[0] ?? '', /several ways/);
  assert.match(faultsOf({ FACTOTUM_VAULT_ROLE_ID: 'x' })[0] ?? '', /set it together/);
});

it('tenants are let into a store outside only below a place that bears their id', () => {
  assert.deepEqual(readConfig({ FACTOTUM_SECRET_STORES: 'vault/kv/tenants/{tenant}/' }).secrets.tenantStores, [
    'vault/kv/tenants/{tenant}/',
  ]);
  for (const wrong of ['vault/kv/', 'vault/kv/{tenant}', 'file/run/{tenant}/', 'vault'])
    assert.match(faultsOf({ FACTOTUM_SECRET_STORES: wrong })[0] ?? '', /FACTOTUM_SECRET_STORES/, wrong);
});
