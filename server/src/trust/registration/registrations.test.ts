import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLogger, isFactotumError, newId, type RegistrationConfig, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { createPostman } from '#kernel/mail';
import { readTenant } from '#trust/tenant';
import { startMailbox } from '../../../test/mailbox.ts';
import { testPlatform } from '../../../test/platform.ts';
import { createRegistrations } from './registrations.ts';

const mailbox = await startMailbox();
const platform = await testPlatform();
const { identity, database } = platform;
const postman = createPostman({ url: mailbox.url, from: 'factotum@example.net' });
after(() => postman.close());

const under = (rule: RegistrationConfig | undefined, clock = systemClock) =>
  createRegistrations({
    rule,
    auth: database.auth,
    postman,
    clock,
    log: createLogger({ level: 'silent' }),
    origin: () => 'https://factotum.example',
    isTaken: async (name) => (await identity.findTenant(name)) !== null,
    createTenant: (tenant) => platform.createTenant(tenant),
    createSignInLink: (tenantId, email) => identity.createSignInLink(tenantId, email),
  });
const open = under({ approval: true, domains: ['ours.example'] });
let networks = 0;
const somewhere = () => {
  networks += 1;
  return { address: `10.9.${Math.floor(networks / 200)}.${networks % 200}`, language: 'en' as const };
};
const ask = async (tenantName: string, email: string, on = open) =>
  (await on.request({ tenantName, email, name: 'Ann' }, somewhere())).settled;
const tokenFor = async (email: string) => /#token=([\w-]{43})/.exec(await mailbox.letterTo(email))?.[1] ?? '';
const code = (wanted: string) => (error: unknown) => isFactotumError(error) && error.code === wanted;

test('a proved address in a listed domain has its tenant at once, and signs in to it', async () => {
  await ask('bakery', 'Ann@Ours.example');
  const token = await tokenFor('ann@ours.example');
  const confirmed = await open.confirm(token, undefined);
  assert.ok(confirmed.state === 'ready' && confirmed.signInToken !== null);
  const tenant = await identity.findTenant('bakery');
  assert.ok(tenant);
  const { rows } = await database.auth.pool.query(`select "emailVerified" from "user" where email = 'ann@ours.example'`);
  assert.deepEqual(rows, [{ emailVerified: true }]);
  await assert.rejects(open.confirm(token, undefined), code('auth.link_invalid'));

  await ask('bakery-two', 'ann@ours.example');
  const again = await open.confirm(await tokenFor('ann@ours.example'), undefined);
  assert.deepEqual(again, { state: 'ready', signInToken: null }, 'who has an account signs in as ever');
});

test('an account that somebody else made for the address before is not the owner of what its holder registers', async () => {
  const email = 'victim@ours.example';
  await identity.createTenantOwner({ tenantId: newId('tenant'), tenantName: 'squatters', email, name: 'Mallory' });
  const { pool } = database.auth;
  await pool.query(`insert into account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
    select 'squat', id, 'credential', id, 'a hash', now(), now() from "user" where email = '${email}'`);
  await ask('victims-own', email);
  assert.equal((await open.confirm(await tokenFor(email), undefined)).state, 'ready');
  const { rows } = await pool.query(`select "emailVerified", (select count(*)::int from account where "userId" = "user".id) as passwords
    from "user" where email = '${email}'`);
  assert.deepEqual(rows, [{ emailVerified: true, passwords: 0 }]);
});

test('other addresses wait for an operator, who approves once or turns them down', async () => {
  await ask('florist', 'bea@else.example');
  assert.deepEqual(await open.confirm(await tokenFor('bea@else.example'), undefined), { state: 'waiting' });
  assert.equal(await identity.findTenant('florist'), null);
  const [waiting] = await open.list({ state: 'waiting', limit: 10 });
  assert.equal(waiting?.tenantName, 'florist');
  const tries = await Promise.allSettled(Array.from({ length: 4 }, () => open.approve(waiting?.id ?? '', 'operator:usr_1')));
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal((await identity.findTenant('florist'))?.name, 'florist');
  assert.match(await mailbox.letterTo('bea@else.example'), /has been set up/);

  await ask('butcher', 'cleo@else.example');
  await open.confirm(await tokenFor('cleo@else.example'), undefined);
  const [next] = await open.list({ state: 'waiting', limit: 10 });
  assert.equal((await open.reject(next?.id ?? '', 'operator:usr_1')).state, 'rejected');
  await assert.rejects(open.approve(next?.id ?? '', 'operator:usr_1'), code('tenant.wrong_state'));
  await assert.rejects(open.approve('reg_000000000000000000000000', 'operator:usr_1'), code('registration.not_found'));
  assert.equal(await identity.findTenant('butcher'), null);
});

test('a name that is taken, waited for or ours is told only to who has proved an address, and they choose another', async () => {
  await ask('florist', 'dan@else.example');
  const token = await tokenFor('dan@else.example');
  for (const name of [undefined, 'admin']) await assert.rejects(open.confirm(token, name), code('tenant.name_taken'));
  assert.deepEqual(await open.confirm(token, 'florist-dan'), { state: 'waiting' });
  await ask('other', 'eve@else.example');
  await assert.rejects(open.confirm(await tokenFor('eve@else.example'), 'florist-dan'), code('tenant.name_taken'));
});

test('asking says the same to all, whatever the address, and a mailbox is not flooded', async () => {
  const strict = under({ approval: false, domains: ['ours.example'] });
  assert.equal(await ask('x-ray', 'fay@else.example', strict), undefined);
  for (let time = 0; time < 6; time += 1) await ask('x-ray', 'gil@ours.example', strict);
  assert.deepEqual([mailbox.count('fay@else.example'), mailbox.count('gil@ours.example')], [0, 3]);
});

test('one network asks three times a minute, in IPv6 all of it', async () => {
  const from = (address: string) => ({ address, language: 'en' as const });
  const wish = { tenantName: 'y-axis', email: 'hal@else.example', name: 'Hal' };
  // In one minute, which a clock that goes on may leave in between.
  const now = new Date();
  const { request } = under({ approval: true, domains: [] }, { ...systemClock, now: () => now });
  for (let host = 1; host <= 3; host += 1) await request(wish, from(`2001:db8::${host}`));
  await assert.rejects(request(wish, from('2001:db8:0:0:ffff::1')), (error) => isFactotumError(error, 'auth.throttled'));
  await request(wish, from('2001:db8:0:1::1'));
});

test('an address has three tenants a month, and links die after a day', async () => {
  for (const name of ['one', 'two', 'three']) {
    await ask(`ivy-${name}`, 'ivy@ours.example');
    await open.confirm(await tokenFor('ivy@ours.example'), undefined);
  }
  const before = mailbox.count('ivy@ours.example');
  await ask('ivy-four', 'ivy@ours.example');
  assert.equal(mailbox.count('ivy@ours.example'), before);

  await ask('late', 'jo@ours.example');
  const token = await tokenFor('jo@ours.example');
  await database.auth.pool.query(`update "registration" set "expiresAt" = now() - interval '1 minute' where email = 'jo@ours.example'`);
  await assert.rejects(open.confirm(token, undefined), code('auth.link_invalid'));
});

test('without a rule nothing is taken', async () => {
  const closed = under(undefined);
  assert.equal(closed.isOpen, false);
  await assert.rejects(closed.request({ tenantName: 'zed', email: 'z@ours.example', name: 'Z' }, somewhere()), code('registration.closed'));
  await assert.rejects(closed.confirm('x'.repeat(43), undefined), code('registration.closed'));
});

test('who asked in German is written to in German, and has a German tenant', async () => {
  await (await open.request({ tenantName: 'backstube', email: 'ida@ours.example', name: 'Ida' }, { ...somewhere(), language: 'de' }))
    .settled;
  assert.match(await mailbox.letterTo('ida@ours.example'), /Guten Tag, Ida/);
  const confirmed = await open.confirm(await tokenFor('ida@ours.example'), undefined);
  assert.equal(confirmed.state, 'ready');
  const tenantId = (await identity.findTenant('backstube'))!.id;
  const { settings } = await withTenant(platform.database.app.db, tenantId, (tx) => readTenant(tx, tenantId));
  assert.equal(settings.locale, 'de');
});
