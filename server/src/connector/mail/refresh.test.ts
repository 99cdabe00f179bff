import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isConnectorFault } from '@factotum/connector-sdk';
import { createSecret, listVersions, openSecret, tenantUnit } from '#trust/secret';
import { connectionWorld, until } from '../../../test/connections.ts';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { type Access, accessOf } from './access.ts';
import { mailAccount } from './account.ts';
import { createMailConnector } from './connector.ts';
import type { MailContext } from './settings.ts';

/** As another process does it, whose memory is its own: what is kept in memory is kept apart by the scope. */
const accessElsewhere = (context: MailContext) =>
  accessOf({ ...context, settings: { ...context.settings, tokenScope: 'another process' } });

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
const { connections, secrets } = connectionWorld(database, tenants, { connectors: [createMailConnector()] });
after(async () => {
  await tenants.close();
  await close();
});

/** A provider whose refresh tokens are good once: each gives the next, and a used one is refused. */
function strictProvider() {
  let issued = 0;
  let asked = 0;
  const both = Promise.withResolvers<void>();
  const provider = {
    asked: () => asked,
    /** The first two answers wait until both have been asked for. */
    together: false,
    /** Answers wait for it, if it is there. */
    gate: null as PromiseWithResolvers<void> | null,
    fetch: async (_url: string | URL, init?: RequestInit): Promise<Response> => {
      asked += 1;
      const isGood = new URLSearchParams(String(init?.body)).get('refresh_token') === `refresh-${issued}`;
      if (isGood) issued += 1;
      const answer = isGood
        ? { access_token: `access-${issued}`, refresh_token: `refresh-${issued}`, expires_in: 3_600 }
        : { error: 'invalid_grant' };
      await provider.gate?.promise;
      if (asked === 2) both.resolve();
      if (provider.together && asked <= 2) await both.promise;
      return Response.json(answer, { status: isGood ? 200 : 400 });
    },
  };
  return provider;
}

/** A tenant's account at such a provider. */
async function buildAccount(tenant: TestTenant, refreshToken = 'refresh-0') {
  const { tenantId } = tenant;
  const settings = {
    ...{ imapHost: 'imap.example', user: 'office', fromAddress: 'office@demo.example' },
    ...{ tokenUrl: 'https://login.example/token', clientId: 'client' },
  };
  const { id } = await connections.create(
    tenantId,
    { connector: 'mail', name: 'Office', settings, credentials: { refreshToken } },
    { actor: 'user:usr_1' },
  );
  const provider = strictProvider();
  return {
    provider,
    look: () => connections.get(tenantId, id),
    /** As a process that opens the account now is handed it. */
    async open(signal = new AbortController().signal): Promise<MailContext> {
      const opened = await connections.open(tenantId, { connector: mailAccount, signal });
      assert.ok(opened !== null);
      return {
        ...opened.context,
        fetch: async (url, { outlives = false, ...init } = {}) => {
          const answer = await provider.fetch(url, init);
          if (!outlives) signal.throwIfAborted();
          return answer;
        },
      };
    },
  };
}

const accessTokens = async (...work: Promise<Access>[]) =>
  (await Promise.all(work)).map((access) => ('accessToken' in access ? access.accessToken : 'none'));
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(isConnectorFault(error) && error.kind === 'auth', String(error));
  return error.message;
};

test('a refresh token that is replaced with its use is kept, and other processes go on with the new one', async () => {
  const { provider, open, look } = await buildAccount(await tenants.build());
  const stale = await open();
  assert.deepEqual(await accessTokens(accessOf(stale), accessOf(stale)), ['access-1', 'access-1'], 'two at once ask once');
  assert.equal((await open()).credentials.refreshToken, 'refresh-1');
  assert.equal((await look()).version, 1, 'nobody who edits it is sent away');
  assert.deepEqual(await accessTokens(accessElsewhere(stale)), ['access-2']);
  assert.deepEqual(await accessTokens(accessOf(await open()), accessElsewhere(await open())), ['access-1', 'access-2']);
  assert.equal(provider.asked(), 2, 'neither asks anew because the other has');
});

test('of two processes that use the same refresh token at once the slower goes on with what the faster has got', async () => {
  const { provider, open } = await buildAccount(await tenants.build());
  provider.together = true;
  const [one, other] = [await open(), await open()];
  assert.deepEqual((await accessTokens(accessOf(one), accessElsewhere(other))).sort(), ['access-1', 'access-2']);
  assert.equal((await open()).credentials.refreshToken, 'refresh-2');
});

test('whoever goes away while a token is fetched takes it from nobody, and what came with it is kept', async () => {
  const { provider, open } = await buildAccount(await tenants.build());
  provider.gate = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const first = accessOf(await open(leaving.signal));
  await until(() => provider.asked() === 1);
  const second = accessOf(await open());
  leaving.abort(new Error('gone'));
  await assert.rejects(first, /gone/);
  provider.gate.resolve();
  assert.deepEqual(await accessTokens(second), ['access-1']);
  assert.equal((await open()).credentials.refreshToken, 'refresh-1');
});

test('what a person has entered meanwhile is not replaced by what came of the old', async () => {
  const tenant = await tenants.build();
  const { open, look } = await buildAccount(tenant);
  const { saved } = await open();
  const act = { actor: 'user:usr_1', basedOn: null, mayRefer: true };
  await connections.change(tenant.tenantId, (await look()).id, { credentials: { refreshToken: 'entered' } }, act);
  assert.equal(await saved?.replace('refreshToken', 'refresh-0', 'refresh-1'), 'superseded');
  assert.equal((await open()).credentials.refreshToken, 'entered');
});

test('one that lies in a secret of the tenant’s own becomes a new version of it, also as a member of JSON', async () => {
  for (const [name, field, whole] of [
    ['plain', '', (token: string) => token],
    ['json', '#token', (token: string) => JSON.stringify({ user: 'office', token })],
  ] as const) {
    const tenant = await tenants.build();
    const content = { value: whole('refresh-0') };
    const secret = await tenant.run((tx) =>
      createSecret(tenantUnit(tx, tenant.keys), { name, content, actor: 'user:usr_1', at: new Date() }),
    );
    const reference = `secret://db/${name}${field}`;
    secrets.set(reference, 'refresh-0');
    const { open, look } = await buildAccount(tenant, reference);
    assert.deepEqual(await accessTokens(accessOf(await open())), ['access-1']);
    const unit = await tenant.run(async (tx) => {
      const own = tenantUnit(tx, tenant.keys);
      return { opened: await openSecret(own, { name }), versions: await listVersions(own, secret.id) };
    });
    assert.deepEqual(unit.opened.content, { value: whole('refresh-1') });
    assert.deepEqual(
      unit.versions.map(({ version, createdBy }) => [version, createdBy]),
      [
        [2, 'connector:mail'],
        [1, 'user:usr_1'],
      ],
    );
    assert.equal((await look()).credentials.refreshToken, reference);
  }
});

test('one that lies in a store outside serves until it is refused, and then it is said what to do', async () => {
  const reference = 'secret://vault/kv/office#token';
  secrets.set(reference, 'refresh-0');
  const { open } = await buildAccount(await tenants.build(), reference);
  const context = await open();
  assert.deepEqual(await accessTokens(accessOf(context)), ['access-1']);
  assert.match(await refusal(accessOf(context, true)), /secret:\/\/db/);
});
