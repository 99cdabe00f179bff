import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isConnectorFault } from '@factotum/connector-sdk';
import { createSecret, listVersions, openSecret, replaceValue, tenantUnit } from '#trust/secret';
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
  const provider = {
    asked: () => asked,
    good: 'refresh-0',
    /** Answers wait for it, if it is there. */
    gate: null as PromiseWithResolvers<void> | null,
    fetch: async (_url: string | URL, init?: RequestInit): Promise<Response> => {
      asked += 1;
      const isGood = new URLSearchParams(String(init?.body)).get('refresh_token') === provider.good;
      if (isGood) issued += 1;
      if (isGood) provider.good = `refresh-${issued}`;
      const answer = isGood
        ? { access_token: `access-${issued}`, refresh_token: `refresh-${issued}`, expires_in: 3_600 }
        : { error: 'invalid_grant' };
      await provider.gate?.promise;
      return Response.json(answer, { status: isGood ? 200 : 400 });
    },
  };
  return provider;
}

/** Somebody waits for a lock in this test's database. */
const isWaiting = async (): Promise<boolean> => {
  const { rows } = await database.app.pool.query(
    'select from pg_stat_activity a join pg_locks l using (pid) where a.datname = current_database() and not l.granted',
  );
  return rows.length > 0;
};

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

test('of two processes at once the slower uses what the faster has got, and never the same refresh token', async () => {
  const { provider, open } = await buildAccount(await tenants.build());
  provider.gate = Promise.withResolvers<void>();
  const [one, other] = [await open(), await open()];
  const faster = accessOf(one);
  await until(() => provider.asked() === 1);
  const slower = accessElsewhere(other);
  await until(async () => provider.asked() > 1 || (await isWaiting()));
  assert.equal(provider.asked(), 1);
  provider.gate.resolve();
  assert.deepEqual(await accessTokens(faster, slower), ['access-1', 'access-2']);
  assert.equal((await open()).credentials.refreshToken, 'refresh-2');
});

test('a new refresh token that cannot be kept is not lost: the next try uses it and keeps what it gives', async () => {
  const { open } = await buildAccount(await tenants.build());
  const context = await open();
  const { saved } = context;
  assert.ok(saved !== undefined);
  const away: MailContext = {
    ...context,
    saved: {
      ...saved,
      exclusively: (name, work) =>
        saved.exclusively(name, (held) => work({ ...held, replace: () => Promise.reject(new Error('the database is away')) })),
    },
  };
  await assert.rejects(accessOf(away), /away/);
  assert.equal((await open()).credentials.refreshToken, 'refresh-0');
  assert.deepEqual(await accessTokens(accessOf(await open())), ['access-2']);
  assert.equal((await open()).credentials.refreshToken, 'refresh-2');
});

test('settings that are tried out before they are saved do not use up their refresh token', async () => {
  const { open } = await buildAccount(await tenants.build());
  const { saved: _saved, ...account } = await open();
  const trial = { ...account, connectionId: 'unsaved' };
  assert.deepEqual(await accessTokens(accessOf(trial), accessOf(trial, true)), ['access-1', 'access-1']);
  assert.deepEqual(await accessTokens(accessOf(trial, true)), ['access-2']);
  assert.deepEqual(await accessTokens(accessOf(await open())), ['access-3']);
  assert.equal((await open()).credentials.refreshToken, 'refresh-3');
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
  const { id } = await look();
  const outcome = await saved?.exclusively('refreshToken', async (held) => {
    await connections.change(tenant.tenantId, id, { credentials: { refreshToken: 'entered' } }, act);
    return held.replace('refresh-1');
  });
  assert.equal(outcome, 'superseded');
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

/** A tenant whose refresh token is a member of a secret of its own. */
async function buildShared(name: string) {
  const tenant = await tenants.build();
  const by = { actor: 'user:usr_1', at: new Date() };
  const content = { value: JSON.stringify({ user: 'office', token: 'refresh-0' }) };
  const { id } = await tenant.run((tx) => createSecret(tenantUnit(tx, tenant.keys), { name, content, ...by }));
  const reference = `secret://db/${name}#token`;
  secrets.set(reference, 'refresh-0');
  return {
    reference,
    account: await buildAccount(tenant, reference),
    put: (value: object, ifVersion: number, before: () => Promise<void> = async () => undefined) =>
      tenant.run(async (tx) => {
        await replaceValue(tenantUnit(tx, tenant.keys), id, { value: JSON.stringify(value), ifVersion, ...by });
        await before();
      }),
    content: () => tenant.run(async (tx) => (await openSecret(tenantUnit(tx, tenant.keys), { name })).content),
  };
}

test('a refresh token that somebody puts behind the reference ends the login that came of the one before', async () => {
  const { reference, account, put } = await buildShared('by-hand');
  const { provider, open } = account;
  assert.deepEqual(await accessTokens(accessOf(await open())), ['access-1']);
  await put({ token: 'entered' }, 2);
  secrets.set(reference, 'entered');
  provider.good = 'entered';
  assert.deepEqual(await accessTokens(accessOf(await open())), ['access-2']);
});

test('a secret whose other member changes at the same moment keeps both changes', async () => {
  const { account, put, content } = await buildShared('shared');
  const { saved } = await account.open();
  const [isPut, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const other = put({ user: 'another', token: 'refresh-0' }, 1, () => {
    isPut.resolve();
    return mayCommit.promise;
  });
  await isPut.promise;
  const outcome = saved?.exclusively('refreshToken', (held) => held.replace('refresh-1'));
  await until(isWaiting);
  mayCommit.resolve();
  await other;
  assert.equal(await outcome, 'kept');
  assert.deepEqual(await content(), { value: JSON.stringify({ user: 'another', token: 'refresh-1' }) });
});

test('one that lies in a store outside serves until it is refused, and then it is said what to do', async () => {
  const reference = 'secret://vault/kv/office#token';
  secrets.set(reference, 'refresh-0');
  const { open } = await buildAccount(await tenants.build(), reference);
  const context = await open();
  assert.deepEqual(await accessTokens(accessOf(context)), ['access-1']);
  assert.match(await refusal(accessOf(context, true)), /secret:\/\/db/);
});
