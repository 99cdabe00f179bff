import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testIdentity } from '../../../test/identity.ts';
import { nobodyThere } from './activity.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Time that the tests move. It starts at the real one, which the database and better-auth use beside it. */
let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() + aheadMs };

const { identity, database, another, buildTenant, signIn, close } = await testIdentity(clock);
after(close);
const { pool } = database.auth;

/** What a process does by itself once a minute, and at the latest when it stops. */
const writeActivity = () => identity.stop();

test('a session that is not used for 12 hours is over', async () => {
  aheadMs = 0;
  const headers = await signIn((await buildTenant()).tenantId);
  aheadMs = 12 * hourMs - 60_000;
  assert.ok(await identity.principalOf(headers));
  aheadMs = 12 * hourMs + 60_000;
  assert.equal(await identity.principalOf(headers), null);
});

test('a session that is used slides, and ends after 30 days all the same', async () => {
  aheadMs = 0;
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  for (; aheadMs < 30 * dayMs - hourMs; aheadMs += 11 * hourMs) {
    assert.ok(await identity.principalOf(headers), `after ${aheadMs / hourMs} hours`);
    await writeActivity();
  }
  const { rows } = await pool.query('select "expiresAt" - "createdAt" = interval \'30 days\' as whole from session where "userId" = $1', [
    userId,
  ]);
  assert.equal(rows[0].whole, true, 'the row itself says 30 days, so better-auth refuses it as well');
  aheadMs = 30 * dayMs + hourMs;
  assert.equal(await identity.principalOf(headers), null);
});

test('what nobody does keeps no session from ending: a page that is left open, a connection that stays', async () => {
  aheadMs = 0;
  const headers = await signIn((await buildTenant()).tenantId);
  aheadMs = 11 * hourMs;
  assert.ok(await identity.principalOf(nobodyThere(headers)));
  await writeActivity();
  aheadMs = 12 * hourMs + 60_000;
  assert.equal(await identity.principalOf(nobodyThere(headers)), null);
});

test('30 days hold even when a row says that the session lives longer', async () => {
  aheadMs = 0;
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  await pool.query(
    `update session set "createdAt" = now() - interval '31 days', "expiresAt" = now() + interval '1 year' where "userId" = $1`,
    [userId],
  );
  assert.equal(await identity.principalOf(headers), null);
});

test('writing what was used cannot bring a session back that has ended', async () => {
  aheadMs = 0;
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  const second = await another();
  assert.ok(await second.principalOf(headers));
  await identity.endSession({ method: 'DELETE', headers }, { address: undefined });
  await second.stop();
  const { rows } = await pool.query('select count(*)::int as count from session where "userId" = $1', [userId]);
  assert.equal(rows[0].count, 0);
});
