import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { withTenant } from '#kernel/database';
import { startFakeAnthropic } from '../fake-anthropic.ts';
import { answer, key, step } from '../model-planner.ts';
import { eventually, testPlatform } from '../platform.ts';
import { farSide, scriptedTool } from './tools.ts';

const side = farSide();
const fake = await startFakeAnthropic({ key, script: [answer([step('one', 'do.it', { value: { value: 'planned' } })])] });
after(() => fake.close());
const platform = await testPlatform({
  tools: () => [scriptedTool({ name: 'do.it', effect: 'write', side })],
  environment: {
    FACTOTUM_MODEL_PROVIDER: 'anthropic',
    FACTOTUM_MODEL_URL: fake.url,
    FACTOTUM_MODEL_NAME: 'claude-sonnet-5-5',
    FACTOTUM_MODEL_KEY: key,
  },
});
await platform.startWorker();

/** A tenant that may ask the model for so much a day. */
const withBudget = (modelMicrosPerDay: number) => platform.buildTenant({}, { maySpendOperatorModelKey: true, modelMicrosPerDay });
type TenantId = Awaited<ReturnType<typeof withBudget>>;
const spent = async (tenantId: TenantId) =>
  (await platform.quotas.usage(tenantId)).find(({ quota }) => quota === 'modelMicrosPerDay')?.used;

test('what the model was paid is counted to the micro, and what was put aside for the call is given back', async () => {
  const tenantId = await withBudget(1_000_000);
  const task = await platform.until(tenantId, await platform.send(tenantId, {}), 'done', 'waiting', 'failed');
  assert.notEqual(task.task.waitReason, 'quota');
  assert.ok(task.plan);
  assert.equal(await spent(tenantId), task.plan.costMicros);
});

test('a task whose budget is used up asks no model, waits with its reason until the window ends, and does not try again', async () => {
  const tenantId = await withBudget(10);
  const before = fake.requests.length;
  const tasks = await Promise.all(Array.from({ length: 5 }, () => platform.send(tenantId, {})));
  for (const taskId of tasks) {
    const { task, detail } = await platform.until(tenantId, taskId, 'waiting');
    assert.deepEqual([task.waitReason, task.errorCode], ['quota', 'quota.exceeded']);
    assert.match(
      detail.error ?? '',
      /^The model budget of the day is used up until \d{4}-\d\d-\d\d 00:00 UTC: 0\.00 USD of 0\.00 USD are spent/,
    );
    assert.equal(task.runAt?.toISOString().slice(11), '00:00:00.000Z');
  }
  assert.equal(fake.requests.length, before);
  assert.equal(await spent(tenantId), 0);
});

test('it goes on by itself when the limit is raised', async () => {
  const tenantId = await withBudget(10);
  const taskId = await platform.send(tenantId, {});
  await platform.until(tenantId, taskId, 'waiting');
  await platform.quotas.change(tenantId, { modelMicrosPerDay: 1_000_000 }, 'operator:test');
  const { plan, detail } = await eventually(async () => {
    const found = await platform.look(tenantId, taskId);
    return found.plan === undefined ? undefined : found;
  });
  assert.equal(plan?.planner, 'anthropic');
  assert.equal(detail.error, undefined);
});

test('it goes on by itself when the window has ended', async () => {
  const tenantId = await withBudget(10);
  const taskId = await platform.send(tenantId, {});
  await platform.until(tenantId, taskId, 'waiting');
  // As at midnight: there is room, the task is due, and nobody rings.
  await withTenant(platform.database.app.db, tenantId, async (tx) => {
    await tx.updateTable('quotaLimit').set({ value: 1_000_000 }).execute();
    await sql`update app.task set run_at = now() where task_id = ${taskId}`.execute(tx);
  });
  await eventually(async () => ((await platform.look(tenantId, taskId)).plan === undefined ? undefined : true));
});

test('a task that lies down while the limit is being raised is not forgotten', async () => {
  const tenantId = await withBudget(10);
  const tasks = await Promise.all(Array.from({ length: 20 }, () => platform.send(tenantId, {})));
  await platform.quotas.change(tenantId, { modelMicrosPerDay: 100_000_000 }, 'operator:test');
  for (const taskId of tasks)
    await eventually(
      async () => ((await platform.look(tenantId, taskId)).plan === undefined ? undefined : true),
      () => 'a task was forgotten',
    );
});
