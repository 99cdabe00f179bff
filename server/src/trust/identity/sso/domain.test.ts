import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Clock, createLogger, isFactotumError, newId } from '#kernel';
import { testIdentity } from '../../../../test/identity.ts';
import { authDb } from '../store.ts';
import { claimDomain, dropDomain, recheckDomains, type TxtLookup, verifyDomain } from './domain.ts';
import { domainOf, domainSchema } from './schema.ts';
import { findHolder, insertProvider, listDomains } from './store.ts';

const day = 24 * 3_600_000;
let nowMs = Date.parse('2026-03-01T12:00:00Z');
const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
const { database, buildTenant, close } = await testIdentity();
after(close);
const db = authDb(database.auth);
const zone = new Map<string, string[]>();
let isDnsDown = false;
const lookupTxt: TxtLookup = async (name) => {
  if (isDnsDown) throw new Error('SERVFAIL');
  return zone.get(name) ?? [];
};
const context = { db, clock, lookupTxt, log: createLogger({ level: 'silent' }) };

async function buildClaim(domain: string) {
  const { tenantId } = await buildTenant();
  const providerId = newId('ssoProvider');
  const now = clock.now();
  await insertProvider(db, {
    id: providerId,
    tenantId,
    kind: 'oidc',
    name: 'x',
    enabled: true,
    sealed: Buffer.from('x'),
    createdAt: now,
    updatedAt: now,
  });
  const claim = { tenantId, providerId, domain };
  await claimDomain(context, claim);
  const [row] = await listDomains(db, tenantId);
  const publish = () => zone.set(`_factotum.${domain}`, [...(zone.get(`_factotum.${domain}`) ?? []), `factotum-domain=${row!.token}`]);
  const withdraw = () => zone.delete(`_factotum.${domain}`);
  return { ...claim, claim, publish, withdraw, isProven: async () => (await listDomains(db, tenantId))[0]?.verifiedAt !== null };
}

test('a domain is proven by the record with the tenant’s own token, and by nothing else', async () => {
  const { claim, publish } = await buildClaim('one.example');
  assert.deepEqual(await verifyDomain(context, claim), { state: 'unverified', found: [] });
  zone.set('_factotum.one.example', ['factotum-domain=somebody-else', 'v=spf1 -all']);
  assert.deepEqual(await verifyDomain(context, claim), { state: 'unverified', found: ['factotum-domain=somebody-else', 'v=spf1 -all'] });
  publish();
  assert.equal((await verifyDomain(context, claim)).state, 'verified');
  await assert.rejects(claimDomain(context, claim), (error) => isFactotumError(error, 'request.invalid'));
});

test('a domain is proven by one tenant: a second one waits until the first one’s record is gone', async () => {
  const [first, second] = [await buildClaim('two.example'), await buildClaim('two.example')];
  first.publish();
  await verifyDomain(context, first.claim);
  second.publish();
  await assert.rejects(verifyDomain(context, second.claim), (error) => isFactotumError(error, 'sso.domain_taken'));
  first.withdraw();
  second.publish();
  assert.equal((await verifyDomain(context, second.claim)).state, 'verified');
  assert.deepEqual([await first.isProven(), await second.isProven()], [false, true]);
});

test('of two tenants that prove a domain at the same moment one has it', async () => {
  const claims = [await buildClaim('three.example'), await buildClaim('three.example')];
  for (const { publish } of claims) publish();
  const outcomes = await Promise.allSettled(claims.map(({ claim }) => verifyDomain(context, claim)));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(await findHolder(db, 'three.example'));
});

test('a proven domain is looked up again each day, and is lost when its record has been missing for a week', async () => {
  const { claim, publish, withdraw, isProven } = await buildClaim('four.example');
  publish();
  await verifyDomain(context, claim);
  const lostAfter = async (days: number) => {
    nowMs += days * day;
    return (await recheckDomains(context)).filter(({ domain }) => domain === 'four.example').length;
  };
  assert.equal(await lostAfter(2), 0);
  withdraw();
  assert.deepEqual([await lostAfter(2), await lostAfter(3), await isProven()], [0, 0, true]);
  publish();
  assert.equal(await lostAfter(3), 0, 'it came back in time');
  withdraw();
  assert.deepEqual([await lostAfter(2), await lostAfter(8), await isProven()], [0, 1, false]);
});

test('DNS that does not answer changes nothing', async () => {
  const { claim, publish, isProven } = await buildClaim('five.example');
  publish();
  await verifyDomain(context, claim);
  isDnsDown = true;
  await assert.rejects(verifyDomain(context, claim), (error) => isFactotumError(error, 'sso.unavailable'));
  nowMs += 30 * day;
  assert.deepEqual(await recheckDomains(context), []);
  isDnsDown = false;
  assert.equal(await isProven(), true);
});

test('processes share the looking: each domain is looked up once a day by all of them', async () => {
  for (let index = 0; index < 45; index++) {
    const { claim, publish } = await buildClaim(`many-${index}.example`);
    publish();
    await verifyDomain(context, claim);
  }
  nowMs += 2 * day;
  let looks = 0;
  const counting = {
    ...context,
    lookupTxt: async (name: string) => {
      if (name.startsWith('_factotum.many-')) looks += 1;
      return lookupTxt(name);
    },
  };
  await Promise.all([recheckDomains(counting), recheckDomains(counting), recheckDomains(counting)]);
  assert.equal(looks, 45);
});

test('a domain that is given up can be claimed anew, with another token', async () => {
  const { claim, tenantId } = await buildClaim('six.example');
  const [before] = await listDomains(db, tenantId);
  await dropDomain(context, claim);
  await assert.rejects(verifyDomain(context, claim), (error) => isFactotumError(error, 'request.not_found'));
  await claimDomain(context, claim);
  const [after] = await listDomains(db, tenantId);
  assert.notEqual(after?.token, before?.token);
});

test('domains are compared in one form, and what is none is refused', () => {
  const forms: Record<string, string> = {
    'Example.COM': 'example.com',
    'bücher.example.': 'xn--bcher-kva.example',
    ' a.b.example ': 'a.b.example',
  };
  for (const [given, form] of Object.entries(forms)) assert.equal(domainSchema.parse(given), form);
  for (const given of [
    '',
    'com',
    'localhost',
    '127.0.0.1',
    'a..example',
    '-a.example',
    'a_b.example',
    'http://example.com',
    'x@example.com',
    'a b.example',
    '[::1]',
  ])
    assert.equal(domainSchema.safeParse(given).success, false, given);
  assert.equal(domainOf('A@Example.com'), 'example.com');
  for (const given of ['', '@example.com', 'a@b@example.com', 'a@localhost', 'a@[127.0.0.1]', '"a@evil.example"@example.com'])
    assert.equal(domainOf(given), null, given);
});
