import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { type TestCustomer, testHttp } from '../../../test/http.ts';
import { startJobs } from '../../../test/jobs.ts';
import { eventually } from '../../../test/platform.ts';
import { startVault } from '../../../test/stand-in/vault.ts';

const vault = await startVault({ after });
const { platform, send, buildCustomer } = await testHttp({ environment: { FACTOTUM_KEK_ALLOW_HOSTS: new URL(vault.address).host } });
const uri = `vault-transit:${vault.address}/transit/seeds`;
const role = vault.addAppRole({ rules: [{ path: 'transit/*', allow: ['read', 'update'] }] });
startJobs(platform);

let customer: TestCustomer;
let owner: string;
before(async () => {
  const made = await fetch(`${vault.address}/v1/transit/keys/seeds`, {
    method: 'POST',
    headers: { 'x-vault-token': vault.rootToken, 'x-vault-request': 'true' },
    body: '{}',
  });
  assert.equal(made.status, 204);
  customer = await buildCustomer();
  owner = await customer.signIn();
});

const put = async (json: unknown) => {
  const response = await send('PUT /api/v1/encryption/provider', { cookie: owner, json });
  return { status: response.status, text: await response.text() };
};
const custody = async () => ((await (await send('GET /api/v1/settings', { cookie: owner })).json()) as { custody: string }).custody; // as declared
const guards = async () => {
  const { rows } = await platform.database.engine.pool.query<{ provider: string }>(
    'select distinct provider from app.tenant_key where tenant_id = $1',
    [customer.tenantId],
  );
  return rows.map(({ provider }) => provider);
};

test('a key service that cannot be used is refused with what is wrong, and nothing changes', async () => {
  const refused: readonly (readonly [json: unknown, status: number, words: RegExp])[] = [
    [{ uri: 'local:' }, 422, /operator's machine/],
    [{ uri: 'pkcs11:token=a;object=b?module-path=/m.so&pin-source=/p' }, 422, /operator's machine/],
    [{ uri: 'nonsense' }, 422, /vault-transit:/],
    [{ uri }, 422, /credential/],
    [{ uri, credential: { roleId: role.roleId } }, 422, /credential/],
    [{ uri, credential: { roleId: role.roleId, secretId: 'not-the-secret' } }, 422, /Nothing was changed.*login/],
    [{ uri: uri.replace('seeds', 'absent'), credential: role }, 422, /Nothing was changed.*not there/],
    // Not on the list: a private address, whatever answers there.
    [{ uri: 'vault-transit:http://127.0.0.1:1/transit/seeds', credential: role }, 422, /Nothing was changed/],
    [{ uri: null, credential: role }, 400, /Leave it out/],
  ];
  for (const [json, status, words] of refused) {
    const answer = await put(json);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, words);
    assert.ok(!answer.text.includes('not-the-secret') && !answer.text.includes(role.secretId), 'a credential was said back');
  }
  vault.setMood('lying');
  assert.match((await put({ uri, credential: role })).text, /Nothing was changed/);
  vault.setMood('active');
  assert.deepEqual([await guards(), await custody()], [['local'], 'installation']);
});

test('a tenant has its keys guarded by its own Vault, goes on as before, and comes back', async () => {
  assert.equal((await put({ uri, credential: role })).status, 202);
  await eventually(async () => (isDeepStrictEqual(await guards(), ['vault-transit']) ? true : undefined));
  assert.equal(await custody(), 'own');
  const before = vault.requests.length;
  platform.keyring.forget(customer.tenantId);
  const keys = await platform.keyring.of(customer.tenantId);
  assert.ok(vault.requests.slice(before).includes('POST transit/decrypt/seeds'), 'its own Vault was asked');
  const sealed = keys.seal('content', { kind: 'note', id: 'n' }, Buffer.from('text'));

  // Without its Vault nobody opens its content, the operator included.
  vault.setMood('forbidding');
  platform.keyring.forget(customer.tenantId);
  await assert.rejects(platform.keyring.of(customer.tenantId), { code: 'key.unavailable' });
  vault.setMood('active');

  // The credential lies in the table sealed, and never comes back.
  const { rows } = await withTenant(platform.database.app.db, customer.tenantId, async (tx) => ({
    rows: await tx.selectFrom('kekProvider').selectAll().execute(),
  }));
  assert.equal(rows.length, 1);
  assert.ok(rows.every(({ credential }) => credential !== null && !credential.includes(role.secretId)));

  assert.equal((await put({ uri: null })).status, 202);
  await eventually(async () => (isDeepStrictEqual(await guards(), ['local']) ? true : undefined));
  assert.equal(await custody(), 'installation');
  platform.keyring.forget(customer.tenantId);
  const opened = (await platform.keyring.of(customer.tenantId)).open('content', { kind: 'note', id: 'n' }, sealed);
  assert.equal(opened.toString(), 'text');
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    listEntries(tx, { tenantId: customer.tenantId, limit: 100 }),
  );
  assert.equal(entries.filter(({ kind }) => kind === 'encryption.provider_changed').length, 2);
});

test('a credential that was copied to another tenant does not open there', async () => {
  assert.equal((await put({ uri, credential: role })).status, 202);
  const stranger = await buildCustomer();
  const own = await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    tx.selectFrom('kekProvider').selectAll().executeTakeFirstOrThrow(),
  );
  await withTenant(platform.database.app.db, stranger.tenantId, (tx) =>
    tx
      .insertInto('kekProvider')
      .values({ ...own, tenantId: stranger.tenantId, isCurrent: true })
      .execute(),
  );
  await assert.rejects(platform.keks.wrapping(stranger.tenantId), { code: 'seal.broken' });
});

test('what guards the keys of the installation is not told to its tenants, neither in answers nor in faults', async () => {
  const tenant = await buildCustomer();
  const cookie = await tenant.signIn();
  const status = async (as: string) => {
    const answer = await send('GET /api/v1/encryption', { cookie: as });
    return { status: answer.status, text: await answer.text() };
  };
  const before = await status(cookie);
  assert.equal(before.status, 200);
  assert.ok(!before.text.includes(platform.keks.installation.kekId), before.text);
  assert.match((await status(owner)).text, /transit/, 'its own it is told');
  // As after a change of FACTOTUM_KEK without the former one.
  const place = 'arn:aws:kms:eu-central-1:111122223333:key/of-the-operator';
  await withTenant(platform.database.app.db, tenant.tenantId, (tx) => tx.updateTable('tenantKey').set({ kekId: place }).execute());
  platform.keyring.forget(tenant.tenantId);
  const refused = await send('POST /api/v1/encryption/rotation', { cookie, json: {} });
  assert.equal(refused.status, 503);
  const said = await refused.text();
  assert.match(said, /key.unavailable/);
  assert.ok(!said.includes('111122223333'), said);
});
