import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { Rules } from '#flow/notice';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { cookiesOf } from '../../../test/identity.ts';
import { browserHeaders, codeOf, testMembers } from '../../../test/members.ts';

const { platform, send, ask, buildCustomer, join } = await testMembers();

interface Change {
  readonly id: string;
  readonly topic: string;
  readonly author: string;
  readonly changes: readonly { readonly name: string; readonly before: unknown; readonly after: unknown }[];
  readonly restorable: boolean;
}
interface Me {
  readonly appearance: { readonly theme: string; readonly density: string } | null;
  readonly language: string | null;
}

const ownChanges = async (cookie: string, query = '') =>
  (await ask<{ items: Change[] }>(`GET /api/v1/me/changes${query}`, { cookie })).items;
const putBack = (cookie: string, id: string | undefined) => send(`POST /api/v1/me/changes/${id}/restore`, { cookie });
const meOf = (cookie: string) => ask<Me>('GET /api/v1/me', { cookie });
const setAppearance = (cookie: string, theme: string, density: string) =>
  ask('PUT /api/v1/me/appearance', { cookie, json: { theme, density } });
const setLanguage = (cookie: string, language: string) => ask('PUT /api/v1/me/language', { cookie, json: { language } });
const rulesOf = async (cookie: string) => (await ask<{ rules: Rules }>('GET /api/v1/me/notice-rules', { cookie })).rules;
const saveRules = (cookie: string, rules: Rules) => ask('PUT /api/v1/me/notice-rules', { cookie, json: rules });

type Customer = Awaited<ReturnType<typeof buildCustomer>>;
/** What the log says of a kind, newest first. */
async function detailsOf({ tenantId }: Customer, kind: string): Promise<unknown[]> {
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
  return entries.filter((entry) => entry.kind === kind).map(({ detail }) => detail);
}

test('what somebody likes is kept and audited where it really changed, without its values in the log', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  await setAppearance(cookie, 'system', 'comfortable');
  await setLanguage(cookie, 'en');
  assert.deepEqual(await ownChanges(cookie), [], 'to say what holds anyway changes nothing');
  await setAppearance(cookie, 'dark', 'comfortable');
  await setAppearance(cookie, 'dark', 'comfortable');
  await setLanguage(cookie, 'de');
  await setLanguage(cookie, 'de');
  assert.deepEqual(
    (await ownChanges(cookie)).map(({ topic, changes, restorable }) => [topic, changes, restorable]),
    [
      ['language', [{ name: 'language', before: 'en', after: 'de' }], true],
      ['appearance', [{ name: 'theme', before: 'system', after: 'dark' }], true],
    ],
  );
  assert.deepEqual(await detailsOf(customer, 'preference.changed'), [{ changed: ['language'] }, { changed: ['theme'] }]);
  const rows = await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    tx.selectFrom('settingVersion').select(sql<string>`encode(body, 'escape')`.as('text')).execute(),
  );
  assert.ok(rows.length === 2 && rows.every(({ text }) => !text.includes('dark')), 'sealed');
});

test('who has said nothing read the language of their tenant before', async () => {
  const cookie = await (await buildCustomer({ locale: 'de-AT' })).signIn();
  await setLanguage(cookie, 'de');
  assert.deepEqual(await ownChanges(cookie), []);
  await setLanguage(cookie, 'en');
  const [change] = await ownChanges(cookie);
  assert.deepEqual(change?.changes, [{ name: 'language', before: 'de', after: 'en' }]);
});

test('appearance and language are put back, and that is a change as well', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  await setAppearance(cookie, 'dark', 'comfortable');
  await setLanguage(cookie, 'de');
  await setAppearance(cookie, 'dark', 'compact');
  const [density, language, theme] = await ownChanges(cookie);
  assert.equal((await putBack(cookie, theme?.id)).status, 204);
  assert.deepEqual((await meOf(cookie)).appearance, { theme: 'system', density: 'compact' }, 'what was changed since stays');
  assert.equal((await putBack(cookie, language?.id)).status, 204);
  assert.equal((await meOf(cookie)).language, 'en');
  assert.equal((await putBack(cookie, density?.id)).status, 204);
  assert.deepEqual((await meOf(cookie)).appearance, { theme: 'system', density: 'comfortable' });
  assert.equal((await putBack(cookie, density?.id)).status, 204);
  const after = await ownChanges(cookie);
  assert.equal(after.length, 6, 'what is so already is not put back a second time');
  assert.deepEqual(after[0]?.changes, [{ name: 'density', before: 'compact', after: 'comfortable' }]);
  assert.equal((await detailsOf(customer, 'preference.changed')).length, 6);
});

test('rules of notices are kept part by part, and put back without what was changed since', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const usual = await rulesOf(cookie);
  await saveRules(cookie, usual);
  assert.deepEqual(await ownChanges(cookie), []);
  const first = {
    ...usual,
    quiet: { ...usual.quiet, from: '18:30' },
    kinds: { ...usual.kinds, comment: { ...usual.kinds.comment, push: false } },
  };
  await saveRules(cookie, first);
  await saveRules(cookie, { ...first, zone: 'Europe/Berlin' });
  await saveRules(cookie, { ...first, zone: 'Europe/Berlin' });
  const [zone, both, ...rest] = await ownChanges(cookie);
  assert.deepEqual(rest, []);
  assert.deepEqual(zone?.changes, [{ name: 'zone', before: null, after: 'Europe/Berlin' }]);
  assert.deepEqual(both?.changes, [
    { name: 'kinds.comment.push', before: true, after: false },
    { name: 'quiet.from', before: '21:00', after: '18:30' },
  ]);
  assert.equal((await putBack(cookie, both?.id)).status, 204);
  assert.deepEqual(await rulesOf(cookie), { ...usual, zone: 'Europe/Berlin' });
  const [undone] = await ownChanges(cookie);
  assert.deepEqual([undone?.topic, undone?.changes[1]?.after], ['notices', '21:00']);
  assert.equal((await detailsOf(customer, 'notice.changed')).length, 3);
});

test('one sees the topics that one asks for, a page at a time', async () => {
  const cookie = await (await buildCustomer()).signIn();
  const usual = await rulesOf(cookie);
  await setAppearance(cookie, 'dark', 'comfortable');
  await saveRules(cookie, { ...usual, minimumRisk: 'high' });
  await setLanguage(cookie, 'de');
  const topics = async (query: string) => (await ownChanges(cookie, query)).map(({ topic }) => topic);
  assert.deepEqual(await topics('?topic=appearance,language'), ['language', 'appearance']);
  assert.deepEqual(await topics('?topic=notices'), ['notices']);
  assert.equal((await send('GET /api/v1/me/changes?topic=policy', { cookie })).status, 400);
  const first = await ask<{ items: Change[]; nextCursor: string }>('GET /api/v1/me/changes?limit=2', { cookie });
  assert.deepEqual(await topics(`?limit=2&cursor=${first.nextCursor}`), ['appearance']);
});

test('changes of oneself are nobody else’s: neither colleagues nor who may change settings see them or put them back', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const colleague = await join(customer, ['admin']);
  await setAppearance(cookie, 'dark', 'compact');
  await setAppearance(colleague.cookie, 'light', 'comfortable');
  const key = await customer.key();
  await ask('PUT /api/v1/settings', { key, json: { approvalTtlHours: 48 } });
  const [mine, ...others] = await ownChanges(cookie);
  assert.deepEqual(others, []);
  assert.deepEqual(
    (await ownChanges(colleague.cookie)).map(({ author }) => author),
    [`user:${colleague.userId}`],
  );
  const { items: settings } = await ask<{ items: Change[] }>('GET /api/v1/settings/history', { key });
  assert.deepEqual(
    settings.map(({ topic }) => topic),
    ['settings'],
  );
  const stranger = await (await buildCustomer()).signIn();
  for (const as of [colleague.cookie, stranger]) assert.equal(await codeOf(await putBack(as, mine?.id)), '404 history.not_found');
  assert.equal(await codeOf(await putBack(cookie, settings[0]?.id)), '404 history.not_found');
  const byKey = (line: 'restore' | 'own') =>
    line === 'own'
      ? send(`POST /api/v1/me/changes/${mine?.id}/restore`, { key })
      : send(`POST /api/v1/settings/history/${mine?.id}/restore`, { key });
  for (const line of ['restore', 'own'] as const) assert.equal(await codeOf(await byKey(line)), '404 history.not_found', line);
  assert.equal(await codeOf(await send(`POST /api/v1/settings/history/${mine?.id}/restore`, { cookie })), '404 history.not_found');
  assert.equal(await codeOf(await send('GET /api/v1/me/changes', { key })), '403 auth.forbidden');
  assert.deepEqual((await meOf(cookie)).appearance, { theme: 'dark', density: 'compact' });
});

test('an operator who is in no tenant says what they like, and there is nothing to look back at', async () => {
  const { token } = await platform.identity.operators.create({ email: 'ops@example.com', name: 'Olga Operator' });
  const cookie = cookiesOf(await send('POST /api/v1/session', { json: { token }, headers: browserHeaders }));
  await setAppearance(cookie, 'dark', 'compact');
  await setLanguage(cookie, 'de');
  const me = await meOf(cookie);
  assert.deepEqual([me.appearance, me.language], [{ theme: 'dark', density: 'compact' }, 'de']);
  assert.equal(await codeOf(await send('GET /api/v1/me/changes', { cookie })), '401 auth.required');
});
