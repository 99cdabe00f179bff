import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { newId } from '#kernel';
import { openGenerationCertificate } from '#trust/encryption';
import { type TestCustomer, testHttp } from '../../../test/http.ts';
import { startJobs } from '../../../test/jobs.ts';
import { eventually } from '../../../test/platform.ts';

const { platform, send, buildCustomer } = await testHttp({ rotation: { settleMs: 20, pace: { rowsPerSecondMax: 50_000, share: 0.9 } } });
startJobs(platform);
await platform.keyWatch.start();
after(() => platform.keyWatch.stop());
const path = '/api/v1/encryption';

const statusSchema = z.object({
  provider: z.object({ kind: z.string(), own: z.boolean(), health: z.object({ ok: z.boolean() }) }),
  generations: z.array(z.object({ generation: z.number(), state: z.string(), objects: z.number() })),
  columns: z.object({ sealed: z.number(), clear: z.number() }),
  job: z.object({ id: z.string(), kind: z.string(), state: z.string() }).nullable(),
});
const statusOf = async (cookie: string) => statusSchema.parse(await (await send(`GET ${path}`, { cookie })).json());
const problemOf = async (response: Response) => [response.status, z.object({ code: z.string() }).parse(await response.json()).code];
const jobOf = async (response: Response) => {
  assert.equal(response.status, 202);
  return z.object({ jobId: z.string() }).parse(await response.json()).jobId;
};
/** Waits until the tenant's newest job of keys is this one and done. */
const done = (cookie: string, jobId: string) =>
  eventually(
    async () => {
      const { job } = await statusOf(cookie);
      assert.notEqual(job?.state, 'failed');
      return job?.id === jobId && job.state === 'done' ? true : undefined;
    },
    () => `${jobId} did not end`,
    60_000,
  );
const generationsOf = async (cookie: string) => (await statusOf(cookie)).generations.map(({ generation, state }) => [generation, state]);

test('keys are rotated and wrapped anew by request, and the status tells of it', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const before = await statusOf(cookie);
  assert.deepEqual([before.provider.kind, before.provider.own, before.provider.health.ok, before.job], ['local', false, true, null]);
  assert.deepEqual(
    before.generations.map(({ generation, state, objects }) => [generation, state, objects > 0]),
    [[1, 'active', true]],
  );
  assert.ok(before.columns.sealed > 10 && before.columns.clear > before.columns.sealed);

  await done(cookie, await jobOf(await send(`POST ${path}/rewrap`, { cookie })));
  assert.deepEqual(await generationsOf(cookie), [[1, 'active']], 'a new wrap is no new generation');
  await done(cookie, await jobOf(await send(`POST ${path}/rotation`, { cookie, json: { destroyOld: true } })));
  assert.deepEqual(await generationsOf(cookie), [
    [1, 'destroyed'],
    [2, 'active'],
  ]);
});

test('a second rotation is refused while one is under way', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const answers = await Promise.all([1, 2].map(() => send(`POST ${path}/rotation`, { cookie, json: {} })));
  const refused = answers.filter(({ status }) => status !== 202);
  assert.deepEqual(await Promise.all(refused.map(problemOf)), [[409, 'key.busy']]);
  await done(cookie, await jobOf(answers.find(({ status }) => status === 202) ?? assert.fail('both were refused')));
});

test('a generation is destroyed by whoever says so, when nothing is sealed under it, and its certificate is kept', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const destroy = (generation: string, json: unknown = { confirm: 'destroy' }) =>
    send(`DELETE ${path}/generations/${generation}`, { cookie, json });
  assert.deepEqual(await problemOf(await destroy('1')), [409, 'key.in_use']);
  for (const generation of ['7', 'x', '-1']) assert.equal((await destroy(generation)).status, 404, generation);
  await done(cookie, await jobOf(await send(`POST ${path}/rotation`, { cookie, json: {} })));
  for (const json of [{}, { confirm: 'yes' }, { confirm: 'destroy', more: 1 }]) assert.equal((await destroy('1', json)).status, 400);
  assert.deepEqual(await generationsOf(cookie), [
    [1, 'retired'],
    [2, 'active'],
  ]);

  const answer = await destroy('1');
  const schema = z.object({ generation: z.number(), note: z.string(), verifierKey: z.string(), createdAt: z.string() });
  const certificate = schema.parse(await answer.json());
  const said = openGenerationCertificate(certificate.note, certificate.verifierKey);
  // A database outside, whose owner's login this process does not have.
  assert.deepEqual([said.tenantId, said.generation, said.sealedUnder, said.remains], [customer.tenantId, 1, 2, 'rows']);
  assert.throws(() => openGenerationCertificate(certificate.note.replace(customer.tenantId, newId('tenant')), certificate.verifierKey), {
    code: 'seal.broken',
  });
  const listed = z.object({ items: z.array(schema), nextCursor: z.null() });
  assert.deepEqual(listed.parse(await (await send(`GET ${path}/certificates`, { cookie })).json()).items, [certificate]);
  assert.deepEqual(schema.parse(await (await destroy('1')).json()), certificate, 'once more changes nothing');
});

test('a revocation takes the keys out of memory: handles in use end, and the next use asks the provider', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const keys = await platform.keyring.of(customer.tenantId);
  assert.equal((await send(`POST ${path}/revocation`, { cookie })).status, 204);
  assert.throws(() => keys.mac('x', 'y'), { code: 'key.unavailable' });
  const { misses } = platform.keyring.stats();
  assert.equal((await send(`GET /api/v1/settings`, { cookie })).status, 200);
  await platform.keyring.of(customer.tenantId);
  assert.ok(platform.keyring.stats().misses > misses);
});

test('who may only look changes nothing', async () => {
  const customer: TestCustomer = await buildCustomer();
  const key = await customer.key('encryption:read');
  assert.equal((await send(`GET ${path}`, { key })).status, 200);
  for (const [line, json] of [
    [`POST ${path}/rotation`, {}],
    [`POST ${path}/rewrap`, undefined],
    [`POST ${path}/revocation`, undefined],
    [`DELETE ${path}/generations/1`, { confirm: 'destroy' }],
  ] as const)
    assert.equal((await send(line, { key, ...(json === undefined ? {} : { json }) })).status, 403, line);
});
