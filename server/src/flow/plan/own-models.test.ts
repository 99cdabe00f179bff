import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FactotumError, type Id, isFactotumError, newId } from '#kernel';
import type { OwnModel } from '#trust/model';
import { exampleCatalogue } from '../../../test/example-tools.ts';
import { startFakeOpenai } from '../../../test/fake-openai.ts';
import { context, good, key, silent, task } from '../../../test/model-planner.ts';
import { createOwnModels } from './own-models.ts';
import { createPlanning } from './planning.ts';

const opened: { close(): Promise<void> }[] = [];
after(() => Promise.all(opened.map((each) => each.close())));

/** An endpoint on this machine, and planning for tenants whose secrets are in a map. */
async function buildWorld({ allowed = true, secrets = { 'secret://db/model': key } as Record<string, string> } = {}) {
  const fake = await startFakeOpenai({ key, script: [good, good, good] });
  const asked: { tenantId: Id<'tenant'>; reference: string }[] = [];
  const ownModels = createOwnModels({
    catalogue: exampleCatalogue,
    budget: null,
    log: silent,
    timeoutMs: 30_000,
    allowHosts: allowed ? [new URL(fake.url).host] : [],
    async resolveSecret(tenantId, reference) {
      asked.push({ tenantId, reference });
      const value = secrets[reference];
      if (value === 'away') throw new FactotumError('secret.unavailable', 'The store of secrets does not answer.');
      if (value === undefined) throw new FactotumError('secret.not_found', 'There is no secret model.');
      return value;
    },
  });
  const planning = createPlanning({ catalogue: exampleCatalogue, model: null, ownModels });
  opened.push(planning, fake);
  const own: OwnModel = { provider: 'openai-compatible', name: 'local', url: fake.url, key: 'secret://db/model' };
  return { fake, ownModels, planning, own, secrets, asked };
}

test('a tenant’s own model plans under its own key, without the operator’s leave', async () => {
  const { planning, own, asked } = await buildWorld();
  const work = task();
  const outcome = await planning.plan(work, context({ ownModel: own, maySpendOperatorModelKey: false }));
  assert.equal(outcome.kind, 'plan');
  assert.deepEqual(asked, [{ tenantId: work.tenantId, reference: 'secret://db/model' }]);
});

test('where no model is wanted, an own one is not asked either', async () => {
  const { planning, own, asked } = await buildWorld();
  const outcome = await planning.plan(task(), context({ ownModel: own, planner: 'playbooks' }));
  assert.equal(outcome.kind === 'question' && outcome.code, 'plan.no_planner');
  assert.deepEqual(asked, []);
});

test('a key that changes counts at the next question', async () => {
  const { planning, own, secrets } = await buildWorld({ secrets: { 'secret://db/model': 'sk-old-and-wrong' } });
  const refused = await planning.plan(task(), context({ ownModel: own }));
  assert.equal(refused.kind === 'question' && refused.code, 'model.misconfigured');
  secrets['secret://db/model'] = key;
  assert.equal((await planning.plan(task(), context({ ownModel: own }))).kind, 'plan');
});

test('a key that cannot be had now is waited for; one that is not there is said to a person', async () => {
  const { planning, own, secrets } = await buildWorld({ secrets: { 'secret://db/model': 'away' } });
  const waiting = await planning.plan(task(), context({ ownModel: own }));
  assert.deepEqual([waiting.kind, 'code' in waiting && waiting.code], ['retry', 'secret.unavailable']);
  delete secrets['secret://db/model'];
  const asked = await planning.plan(task(), context({ ownModel: own }));
  assert.ok(asked.kind === 'question' && /no secret model.*Correct it/.test(asked.question));
});

test('a connection ends with the keys of its tenant, and those of others stay', async () => {
  const { ownModels, own, planning, secrets } = await buildWorld();
  const [one, other] = [newId('tenant'), newId('tenant')];
  const [first, kept] = [await ownModels.plannerOf(one, own), await ownModels.plannerOf(other, own)];
  ownModels.forget(one);
  assert.notEqual(await ownModels.plannerOf(one, own), first);
  assert.equal(await ownModels.plannerOf(other, own), kept);
  ownModels.forget();
  assert.notEqual(await ownModels.plannerOf(other, own), kept);

  // Taken away while somebody reads the secret: what was read before is not used.
  secrets['secret://db/model'] = 'sk-old-and-wrong';
  const asking = planning.plan(task(), context({ ownModel: own }));
  secrets['secret://db/model'] = key;
  ownModels.forget();
  assert.equal((await asking).kind, 'plan');
});

test('an address in a private network is dialled only where the operator allows it', async () => {
  const { planning, ownModels, own, fake } = await buildWorld({ allowed: false });
  const keyless = { ...own, key: null };
  const outcome = await planning.plan(task(), context({ ownModel: keyless }));
  assert.ok(outcome.kind === 'question' && /not on the public internet/.test(outcome.question), JSON.stringify(outcome));
  const planner = await ownModels.plannerOf(newId('tenant'), keyless);
  assert.equal((await planner.probe(AbortSignal.timeout(30_000), new Date()))?.code, 'model.misconfigured');
  assert.deepEqual(fake.requests, []);
});

test('a key is sent to no address without TLS, unless the operator allows it', async () => {
  const { ownModels, own } = await buildWorld({ allowed: false });
  const open = { ...own, url: 'http://models.example/v1' };
  await assert.rejects(
    ownModels.plannerOf(newId('tenant'), open),
    (error) => isFactotumError(error, 'model.misconfigured') && /https/.test(error.message),
  );
  await ownModels.plannerOf(newId('tenant'), { ...open, key: null });
});

test('one planner serves as long as nothing changes, and tenants share none', async () => {
  const { ownModels, own } = await buildWorld();
  const [one, other] = [newId('tenant'), newId('tenant')];
  const first = await ownModels.plannerOf(one, own);
  assert.equal(await ownModels.plannerOf(one, own), first);
  assert.notEqual(await ownModels.plannerOf(other, own), first);
  assert.notEqual(await ownModels.plannerOf(one, { ...own, name: 'another' }), first);
});
