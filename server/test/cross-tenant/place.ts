import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { recordOffer } from '#flow/tool-server';
import { type Id, isId, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { addTenantJob } from '#trust/job';
import { createGrant } from '#trust/policy';
import type { Line, TestHttp } from '../http.ts';
import { testOrigin } from '../identity.ts';
import { eventually } from '../platform.ts';
import { testBrowser } from '../push.ts';

/** A tenant that has one or more of everything, and the credentials of its owner. */
export type Place = Awaited<ReturnType<typeof buildPlace>>;

/** Asks a person before it writes, since where to write is said by a stranger. */
const playbook = `---
title: Ask
when: { source: test, kind: ask }
steps:
  - { id: keep, tool: vault.write, args: { path: "Kept/\${event.subject}.md", content: $event.text } }
---
`;

/** A mail with something attached to it. */
const mailWith = (canary: string): string =>
  [
    ...['From: a@example.com', `Subject: ${canary}`, 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '', '--b', ''],
    ...[canary, '--b', `Content-Disposition: attachment; filename="${canary}.bin"`, '', canary, '--b--', ''],
  ].join('\r\n');

/** What a tenant needs so that somebody else can try to get at it. Everything is made by the doors of the product, as far as they go. */
export async function buildPlace(http: TestHttp) {
  const { platform, send, buildCustomer } = http;
  const customer = await buildCustomer();
  const { tenantId } = customer;
  const cookie = await customer.signIn();
  const key = await customer.key();
  // A word that stands in everything of this tenant that has words.
  const canary = `canary${randomBytes(8).toString('hex')}`;
  const ask = <T>(line: Line, json?: unknown, credential: { cookie?: string; key?: string } = { cookie }) =>
    http.ask<T>(line, { ...credential, ...(json === undefined ? {} : { json }) });
  const made = (line: Line, json: unknown) => ask<{ id: string }>(line, json).then(({ id }) => id);
  const owner = await ask<{ user: { id: Id<'user'> } }>('GET /api/v1/account').then(({ user }) => user.id);
  const note = `Secrets ${canary}.md`;
  const markdown = { 'content-type': 'text/markdown' };
  await send(`PUT /api/v1/vault/notes/${encodeURIComponent(note)}`, { key, body: canary, headers: markdown });
  const versionedPath = `Often ${canary}.md`;
  for (const headers of [markdown, { ...markdown, 'if-match': '*' }])
    await send(`PUT /api/v1/vault/notes/${encodeURIComponent(versionedPath)}`, {
      ...{ key, headers },
      body: `${canary} ${Object.keys(headers).length}`,
    });
  for (const gone of [`Gone ${canary}.md`, `Gone too ${canary}.md`]) {
    await send(`PUT /api/v1/vault/notes/${encodeURIComponent(gone)}`, { key, body: canary, headers: markdown });
    await send(`DELETE /api/v1/vault/notes/${encodeURIComponent(gone)}`, { key });
  }
  const history = await ask<{ items: { id: string }[] }>(`GET /api/v1/vault/history?path=${encodeURIComponent(versionedPath)}`, undefined, {
    key,
  });
  const versioned = history.items[0]?.id ?? '';
  const file = `Scans ${canary}.pdf`;
  for (const path of [file, `Copy of ${file}`]) {
    const stored = await send(`PUT /api/v1/vault/files/${encodeURIComponent(path)}`, { key, body: canary });
    if (stored.status !== 201) throw new Error(`storing a file was answered ${stored.status}: ${await stored.text()}`);
  }
  await send('PUT /api/v1/vault/notes/Playbooks%2FAsk.md', { cookie, body: playbook, headers: markdown });
  const tasks: string[] = [];
  for (const n of [1, 2]) {
    const json = { source: 'test', kind: 'ask', externalId: `${canary}-${n}`, payload: { subject: `${canary} ${n}`, text: canary } };
    tasks.push((await ask<{ taskId: string }>('POST /api/v1/events', json, { key })).taskId);
  }
  const mailed = await send('POST /api/v1/events/mail?as=history', {
    key,
    body: mailWith(canary),
    headers: { 'content-type': 'message/rfc822' },
  });
  const { eventId: event } = (await mailed.json()) as { eventId: string }; // What the route declares.
  const ledger = await buildLedger(http, key, canary);
  const approvals = await eventually(async () => {
    const { items } = await ask<{ items: { id: string; payloadHash: string }[] }>('GET /api/v1/approvals?state=waiting');
    return items.length === 2 ? items : undefined;
  });
  const role = await made('POST /api/v1/roles', { name: `r-${canary}`.slice(0, 30), title: canary, permissions: ['task:read'] });
  const team = await made('POST /api/v1/teams', { name: canary, members: [owner] });
  const invite = (n: number) =>
    ask<{ id: string; url: string }>('POST /api/v1/invitations', { email: `${canary}-${n}@example.com`, roles: ['member'] });
  const [invitation] = [await invite(1), await invite(2)];
  const joining = await invite(3);
  const token = new URL(joining.url).hash.slice(1).replace(/^.*[=]/, '');
  const accepted = await send('POST /api/v1/invitation/accept', {
    json: { token, name: 'Max Member', password: 'plover quartz lantern tundra' },
    headers: { origin: testOrigin, 'sec-fetch-site': 'same-origin' },
  });
  if (accepted.status !== 204) throw new Error(`joining was answered ${accepted.status}: ${await accepted.text()}`);
  const member = await eventually(async () => {
    const { items } = await ask<{ items: { userId: string }[] }>('GET /api/v1/members');
    return items.find(({ userId }) => userId !== owner)?.userId;
  });
  const serviceAccount = await made('POST /api/v1/service-accounts', { name: canary, permissions: ['task:read'] });
  const apiKey = await made('POST /api/v1/api-keys', { name: canary, permissions: ['task:read'] });
  const provider = await made('POST /api/v1/sso/providers', {
    kind: 'oidc',
    name: canary,
    enabled: false,
    joins: false,
    roles: { claim: null, rules: [], fallback: ['member'] },
    oidc: { issuer: 'https://idp.example', clientId: canary, clientSecret: canary },
  });
  const secret = await made('POST /api/v1/secrets', { name: canary, value: `${canary} in a secret` });
  const domain = `${canary}.example`;
  await ask(`POST /api/v1/sso/providers/${provider}/domains`, { domain });
  const scim = await ask<{ id: string; token: string }>('POST /api/v1/scim/tokens', { name: canary });
  const keys = await platform.keyring.of(tenantId);
  const later = { kind: 'test.nothing', actor: 'operator:test', at: new Date(), runAt: new Date(Date.now() + 86_400_000) };
  const job = await withTenant(platform.database.app.db, tenantId, async (tx) => {
    await addTenantJob(tx, keys, later);
    return addTenantJob(tx, keys, later);
  });
  const connection = await made('POST /api/v1/connections', {
    ...{ connector: 'feed', name: canary, settings: { feed: canary }, credentials: { password: canary } },
  });
  const schedule = await made('POST /api/v1/schedules', { name: canary, kind: 'canary', cron: '0 7 * * 1', payload: { canary } });
  const webhook = await made('POST /api/v1/webhooks', { url: `https://${canary}.example/hook`, kinds: ['note.moved'] });
  const told = () => ask<{ deliveryId: string }>(`POST /api/v1/webhooks/${webhook}/test`);
  const [{ deliveryId: delivery }] = [await told(), await told()];
  const view = await made('POST /api/v1/me/views', { page: 'tasks', name: canary, filter: { q: canary } });
  const browser = await made('POST /api/v1/me/push-subscriptions', {
    ...{ endpoint: `https://${canary}.example/push`, keys: testBrowser().keys, name: canary },
  });
  await ask('PUT /api/v1/me/appearance', { theme: 'light', density: 'compact' });
  const ownChange = await ask<{ items: { id: string }[] }>('GET /api/v1/me/changes').then(({ items }) => items[0]?.id ?? '');
  const device = await made('POST /api/v1/me/devices', { name: canary, permissions: ['vault:read'] });
  const slug = `s${canary.slice(6, 20)}`;
  const toolServer = await made('POST /api/v1/tool-servers', { slug, title: canary, endpoint: plainServer });
  const tool = `mcp.${slug}.${canary}`;
  await withTenant(platform.database.app.db, tenantId, (tx) =>
    recordOffer(tx, keys, { id: toolServer as Id<'toolServer'>, slug }, { offered: [offeredTool(canary)], at: new Date() }),
  );
  // Two versions of the policies, and with them two changes of the configuration.
  await ask('PUT /api/v1/policy', { thresholds: { recipientsMax: 6 } });
  await ask('PUT /api/v1/settings', { approvalTtlHours: 25 });
  const { id: grant } = await withTenant(platform.database.app.db, tenantId, (tx) =>
    createGrant(tx, keys, tenantId, {
      grant: { tool: canary, args: { start: '$event.date' }, source: { source: canary }, perDay: 1 },
      actor: `user:${owner}`,
      at: new Date(),
    }),
  );
  const session = await ask<{ items: { id: string }[] }>('GET /api/v1/account/sessions').then(({ items }) => items[0]?.id ?? '');
  const { token: jwt } = await ask<{ token: string }>('POST /api/v1/token', {}, { key });
  const { passkey, ssoTest } = await insertRest(platform.ownerUrl, { tenantId, owner, provider, canary });
  const ids = {
    ...{
      note,
      file,
      event,
      role,
      team,
      member,
      owner,
      apiKey,
      serviceAccount,
      provider,
      secret,
      domain,
      job,
      session,
      passkey,
      ssoTest,
      device,
      browser,
      view,
      ownChange,
      versioned,
      versionedPath,
      connection,
      schedule,
      webhook,
      delivery,
      toolServer,
      tool,
      grant,
      scimToken: scim.id,
      canary,
      ...ledger,
    },
    ...{
      task: tasks[0] ?? '',
      approval: approvals[0]?.id ?? '',
      payloadHash: approvals[0]?.payloadHash ?? '',
      invitation: invitation?.id ?? '',
    },
  };
  return { tenantId, name: customer.name, cookie, key, jwt, scimToken: scim.token, ids, people: [owner, member] };
}

const plainServer = { kind: 'http', url: 'https://tools.example/mcp', signIn: { kind: 'none' } };
const offeredTool = (name: string) => ({ name, title: null, description: name, inputSchema: {}, outputSchema: null, annotations: {} });

/** An account with a transaction, and an invoice. */
async function buildLedger({ ask }: TestHttp, key: string, canary: string) {
  const entry = (n: number) => `:61:2603010301D12,50NTRFNONREF//${canary.slice(0, 12)}${n}\n:86:${canary}`;
  const statement = `:20:S\n:25:DE89370400440532013000\n:28C:1/1\n:60F:C260301EUR99,00\n${entry(1)}\n${entry(2)}\n:62F:C260301EUR74,00\n-`;
  const headers = { 'content-type': 'text/plain' };
  const take = (line: Line, body?: string) =>
    ask<{ account: string; id: string; items: { id: string }[] }>(line, { key, ...(body === undefined ? {} : { body, headers }) });
  const { account } = await take('POST /api/v1/ledger/imports', statement);
  const { items } = await take('GET /api/v1/ledger/transactions');
  const bill = (n: number) => take('POST /api/v1/ledger/invoices', `Invoice number: 471${n}${canary}\nTotal EUR 12.50`);
  const { id: invoice } = await bill(1);
  await bill(2);
  // Its event is a task, which comes to rest before anybody looks for traces.
  await eventually(async () => {
    const { items: tasks } = await ask<{ items: { kind: string; state: string }[] }>('GET /api/v1/tasks', { key });
    return tasks.some(({ kind, state }) => kind === 'bank.transactions' && state === 'waiting') ? true : undefined;
  });
  return { account, transaction: items[0]?.id ?? '', invoice };
}

/** What only a device or a provider could make. */
async function insertRest(
  ownerUrl: string,
  { tenantId, owner, provider, canary }: { tenantId: string; owner: string; provider: string; canary: string },
) {
  const [passkey, ssoTest] = [newId('passkey'), newId('ssoTest')];
  if (!isId('user', owner)) throw new Error('the owner has no id');
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(
      `insert into auth.passkey (id, "userId", name, "credentialID", "publicKey", counter, "backedUp") values ($1, $2, $3, $3, $3, 0, false)`,
      [passkey, owner, canary],
    );
    await client.query(
      `insert into auth."ssoTest" (id, "tenantId", "providerId", state, "expiresAt") values ($1, $2, $3, 'waiting', now() + interval '1 hour')`,
      [ssoTest, tenantId, provider],
    );
    return { passkey, ssoTest };
  } finally {
    await client.end();
  }
}
