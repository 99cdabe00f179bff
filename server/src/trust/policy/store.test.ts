import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CompiledQuery, sql } from 'kysely';
import { isFactotumError } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { tamper } from '../../../test/tamper.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { createGrant, defaultPolicyText, type GrantInput, listGrants, loadPolicy, revokeGrant, savePolicy, useGrant } from './index.ts';

const { database, ownerUrl, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const actor = 'user:usr_1';
const at = new Date('2026-03-02T10:00:00Z');
const holds: GrantInput = { tool: 'calendar.hold', args: { start: '$event.date' }, source: { source: 'mail' }, perDay: 3 };
const textOf = (title: string): string => `@id("all") @title("${title}") permit (principal, action, resource);`;

const load = ({ tenantId, keys, run }: TestTenant) => run((tx) => loadPolicy(tx, keys, tenantId));
const save = ({ tenantId, keys, run }: TestTenant, text: string, basedOn: number) =>
  run((tx) => savePolicy(tx, keys, tenantId, { text, basedOn, actor, at }));
const give = ({ tenantId, keys, run }: TestTenant, grant: GrantInput = holds) =>
  run((tx) => createGrant(tx, keys, tenantId, { grant, actor, at }));
const list = ({ tenantId, keys, run }: TestTenant) => run((tx) => listGrants(tx, keys, tenantId));

test('the newest version is in force, sealed, and recorded with who saved it', async () => {
  const tenant = await tenants.build();
  assert.deepEqual(await load(tenant), { tenantId: tenant.tenantId, version: 0, text: '' });
  await save(tenant, defaultPolicyText(), 0);
  await save(tenant, textOf('Canary title'), 1);
  assert.deepEqual(await load(tenant), { tenantId: tenant.tenantId, version: 2, text: textOf('Canary title') });
  const stored = JSON.stringify(await tenant.run((tx) => tx.selectFrom('policy').selectAll().execute()));
  assert.ok(!stored.includes('Canary') && !stored.includes(JSON.stringify([...Buffer.from('Canary')]).slice(1, -1)));
  const entries = await database.sequencer.db
    .selectFrom('auditPending')
    .select('entries')
    .where('tenantId', '=', tenant.tenantId)
    .execute();
  const recorded = entries.flatMap((row) => row.entries).filter((entry) => entry.includes('policy.changed'));
  assert.equal(recorded.length, 2);
  assert.ok(recorded.every((entry) => entry.includes(actor) && !entry.includes('Canary')));
});

test('a faulty text is not saved and its faults are named', async () => {
  const tenant = await tenants.build();
  await assert.rejects(
    save(tenant, 'permit (principal, action, resource);', 0),
    (error: unknown) => isFactotumError(error, 'policy.invalid') && /no @id/.test(error.message),
  );
  assert.equal((await load(tenant)).version, 0);
});

test('of two who save at once one wins and the other is told', async () => {
  const tenant = await tenants.build();
  const answers = await Promise.allSettled([save(tenant, textOf('One'), 0), save(tenant, textOf('Two'), 0)]);
  const lost = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(isFactotumError(lost[0]?.reason, 'policy.changed'));
  await assert.rejects(save(tenant, textOf('Three'), 0), (error: unknown) => isFactotumError(error, 'policy.changed'));
  await assert.rejects(save(tenant, textOf('Three'), 7), (error: unknown) => isFactotumError(error, 'policy.changed'));
  assert.equal((await load(tenant)).version, 1);
});

test('a policy that was changed in the database does not open', async () => {
  const tenant = await tenants.build();
  await save(tenant, textOf('One'), 0);
  await save(tenant, textOf('Two'), 1);
  const exchange = `update app.policy set body = (select body from app.policy where version = 1 and tenant_id = $1) where version = 2 and tenant_id = $1`;
  await assert.rejects(
    tenant.run((tx) => tx.executeQuery(CompiledQuery.raw(exchange, [tenant.tenantId]))),
    /exchanged by a rotation/,
  );
  await tamper(ownerUrl, 'policy', exchange, [tenant.tenantId]);
  await assert.rejects(load(tenant), (error: unknown) => isFactotumError(error, 'seal.broken'));
});

test('a change of policy or grants is noticed by whoever looks at the revision', async () => {
  const tenant = await tenants.build();
  const revision = async (): Promise<number> => {
    const answer = await tenant.run((tx) =>
      sql<{ revision: string }>`select revision from tenant_queue where tenant_id = ${tenant.tenantId}`.execute(tx),
    );
    return Number(answer.rows[0]?.revision);
  };
  const seen = [await revision()];
  await save(tenant, textOf('One'), 0);
  seen.push(await revision());
  const { id } = await give(tenant);
  seen.push(await revision());
  await tenant.run((tx) => revokeGrant(tx, tenant.tenantId, { grantId: id, actor, at }));
  seen.push(await revision());
  assert.deepEqual(
    seen,
    [...new Set(seen)].sort((left, right) => left - right),
  );
});

test('a grant is listed until it is revoked, and only by its own tenant', async () => {
  const [tenant, other] = [await tenants.build(), await tenants.build()];
  const expiresAt = new Date('2026-04-01T00:00:00Z');
  const grant = await give(tenant, { ...holds, source: { playbook: 'Meetings' }, args: { start: '$extract.date' }, expiresAt });
  assert.deepEqual(await list(tenant), [grant]);
  assert.deepEqual(grant, {
    id: grant.id,
    tool: 'calendar.hold',
    args: { start: '$extract.date' },
    source: { playbook: 'Meetings' },
    perDay: 3,
    expiresAt,
  });
  assert.deepEqual(await list(other), []);
  const foreign = other.run((tx) => revokeGrant(tx, other.tenantId, { grantId: grant.id, actor, at }));
  await assert.rejects(foreign, (error: unknown) => isFactotumError(error, 'grant.not_found'));
  assert.equal(await other.run((tx) => useGrant(tx, { tenantId: other.tenantId, grantId: grant.id, now: at })), false);
  await tenant.run((tx) => revokeGrant(tx, tenant.tenantId, { grantId: grant.id, actor, at }));
  assert.deepEqual(await list(tenant), []);
});

test('of many uses at once exactly the number for the day is allowed', async () => {
  const tenant = await tenants.build();
  const { id } = await give(tenant, { ...holds, perDay: 7 });
  const use = (now: Date) => tenant.run((tx) => useGrant(tx, { tenantId: tenant.tenantId, grantId: id, now }));
  const uses = await Promise.all(Array.from({ length: 30 }, () => use(at)));
  assert.equal(uses.filter(Boolean).length, 7);
  assert.equal(await use(new Date('2026-03-03T00:00:00Z')), true, 'the next day has its own');
});

test('there are a thousand standing grants at most, also when the last is given twice at once; revoking one makes room', async () => {
  const tenant = await tenants.build();
  const { id } = await give(tenant);
  const insert = `insert into standing_grant (tenant_id, grant_id, tool, body, per_day, author)
    select tenant_id, 'grt_' || lpad(to_hex(n), 24, '0'), tool, body, 1, author from standing_grant, generate_series(1, 998) n`;
  await tenant.run((tx) => tx.executeQuery(CompiledQuery.raw(insert)));
  const answers = await Promise.allSettled([give(tenant), give(tenant), give(tenant), give(tenant)]);
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(give(tenant), (error: unknown) => isFactotumError(error, 'quota.exceeded'));
  await tenant.run((tx) => revokeGrant(tx, tenant.tenantId, { grantId: id, actor, at }));
  await give(tenant);
});

test('a revoked or expired grant is of no use', async () => {
  const tenant = await tenants.build();
  const revoked = await give(tenant);
  const expiring = await give(tenant, { ...holds, expiresAt: new Date('2026-03-02T11:00:00Z') });
  const use = (grantId: typeof revoked.id, now: Date) => tenant.run((tx) => useGrant(tx, { tenantId: tenant.tenantId, grantId, now }));
  assert.equal(await use(revoked.id, at), true);
  await tenant.run((tx) => revokeGrant(tx, tenant.tenantId, { grantId: revoked.id, actor, at }));
  assert.equal(await use(revoked.id, at), false);
  assert.equal(await use(expiring.id, at), true);
  assert.equal(await use(expiring.id, new Date('2026-03-02T11:00:00Z')), false);
});

test('a grant that would bind nothing is refused with the reason', async () => {
  const tenant = await tenants.build();
  const faulty: readonly [Partial<GrantInput>, RegExp][] = [
    [{ args: { start: '$s1.date' } }, /reference into the event/],
    [{ args: { start: '2026-03-04' } }, /reference into the event/],
    [{ args: { start: '$extract.date' } }, /must name the playbook/],
    [{ args: {} }, /at least one|between one and twenty/],
    [{ perDay: 0 }, /perDay/],
    [{ perDay: 100_000 }, /perDay/],
  ];
  for (const [part, message] of faulty)
    await assert.rejects(
      give(tenant, { ...holds, ...part }),
      (error: unknown) => isFactotumError(error, 'request.invalid') && message.test(error.message),
    );
  assert.deepEqual(await list(tenant), []);
});
