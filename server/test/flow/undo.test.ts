import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestUndo } from '#flow/run';
import { type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { eventually, type LookedTask, testPlatform } from '../platform.ts';
import { peopleOf } from './people.ts';
import { farSide, playbook, scriptedTool, type TestStep } from './tools.ts';
import { type Hooks, hookedWorker, mortalWorker } from './worker.ts';

const side = farSide();
const platform = await testPlatform({
  tools: () => [
    scriptedTool({ name: 'see.it', effect: 'read', side }),
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'do.lasting', effect: 'write', side, reversible: false }),
    // That a tool of money could be undone changes nothing.
    scriptedTool({ name: 'pay.it', effect: 'money', side }),
  ],
});
const people = peopleOf(platform);
const count = (effect: string) => side.effects.filter((other) => other === effect).length;

let marks = 0;
/** A task that has done these steps, and the values that it did them with. */
async function done(steps: readonly TestStep[]): Promise<{ tenant: Id<'tenant'>; task: string; value: (id: string) => string }> {
  marks += 1;
  const value = (id: string) => `${marks}-${id}`;
  const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook(steps.map((step) => ({ ...step, value: value(step.id) }))) });
  const task = await platform.send(tenant, {});
  const worker = await hookedWorker(platform, {});
  await eventually(async () => {
    const looked = await platform.look(tenant, task);
    if (looked.task.waitReason === 'approval') await people.acceptAll(tenant, looked);
    return looked.task.state === 'done' && worker.running === 0 ? looked : undefined;
  });
  await worker.stop();
  return { tenant, task, value };
}

async function undo(tenantId: Id<'tenant'>, taskId: string, stepId?: string): Promise<readonly string[]> {
  const keys = await platform.keyring.of(tenantId);
  const { catalogue, database } = platform;
  return withTenant(database.app.db, tenantId, (tx) =>
    requestUndo({ tx, tenantId, keys, catalogue, actor: 'user:boss', now: new Date() }, taskId, stepId),
  );
}
const isRefused = (error: unknown) => isFactotumError(error, 'task.not_undoable');

const isTried = ({ detail, task }: LookedTask) => detail.undo === undefined && task.owner === null;

/** Lets a worker take back what was asked for. */
async function takenBack(tenant: Id<'tenant'>, task: string, hooks: Hooks = {}): Promise<LookedTask> {
  const worker = await hookedWorker(platform, hooks);
  const looked = await eventually(async () => {
    const now = await platform.look(tenant, task);
    return isTried(now) ? now : undefined;
  });
  await worker.stop();
  return looked;
}

describe('a finished task', () => {
  it('is taken back newest first, each step with an attempt of its own, and says so', async () => {
    const { tenant, task, value } = await done([
      { id: 'look', tool: 'see.it' },
      { id: 'one', tool: 'do.it' },
      { id: 'two', tool: 'do.it', after: ['one'] },
    ]);
    assert.deepEqual(await undo(tenant, task), ['one', 'two']);
    const { task: row, states, attempts, detail } = await takenBack(tenant, task);
    assert.deepEqual([row.state, row.outcome, states], ['done', 'undone', { look: 'done', one: 'undone', two: 'undone' }]);
    assert.equal(detail.note, `Taken back: do.it ${value('one')}; do.it ${value('two')}.`);
    const order = side.effects.filter((effect) => effect.startsWith(`undo do.it:${marks}-`));
    assert.deepEqual(order, [`undo do.it:${value('two')}`, `undo do.it:${value('one')}`]);
    assert.equal(attempts.filter(({ direction, outcome }) => direction === 'undo' && outcome === 'done').length, 2);
    await assert.rejects(undo(tenant, task), isRefused, 'once');
  });

  it('keeps what cannot be taken back, and money whatever its tool says', async () => {
    const { tenant, task } = await done([
      { id: 'pay', tool: 'pay.it' },
      { id: 'keep', tool: 'do.lasting', after: ['pay'] },
      { id: 'note', tool: 'do.it', after: ['keep'] },
    ]);
    assert.deepEqual(await undo(tenant, task), ['note']);
    const { task: row, states } = await takenBack(tenant, task);
    assert.deepEqual([row.outcome, states], ['partly', { pay: 'done', keep: 'done', note: 'undone' }]);
    assert.equal(side.undone.filter((key) => key.endsWith('/pay')).length, 0);
    await assert.rejects(undo(tenant, task), isRefused, 'what is left cannot be');
  });

  it('is taken back from one step on: with what was built upon it, without the rest', async () => {
    const { tenant, task } = await done([
      { id: 'one', tool: 'do.it' },
      { id: 'two', tool: 'do.it' },
      { id: 'upon', tool: 'do.it', after: ['two'] },
    ]);
    assert.deepEqual(await undo(tenant, task, 'two'), ['two', 'upon']);
    const { task: row, states } = await takenBack(tenant, task);
    assert.deepEqual([row.outcome, states], ['partly', { one: 'done', two: 'undone', upon: 'undone' }]);
    assert.deepEqual(await undo(tenant, task), ['one']);
    assert.equal((await takenBack(tenant, task)).task.outcome, 'undone');
  });

  it('is not taken back where something that stays was built upon the step, nor twice at once, nor before it is done', async () => {
    const { tenant, task } = await done([
      { id: 'one', tool: 'do.it' },
      { id: 'keep', tool: 'do.lasting', after: ['one'] },
    ]);
    await assert.rejects(undo(tenant, task, 'one'), isRefused);
    assert.deepEqual(await undo(tenant, task), ['one']);
    await assert.rejects(undo(tenant, task), isRefused);
    await assert.rejects(people.cancel(tenant, task), (error) => isFactotumError(error, 'task.not_cancellable'));
    const waiting = await platform.send(tenant, {});
    await assert.rejects(undo(tenant, waiting), isRefused);
    await assert.rejects(undo(tenant, 'tsk_000000000000000000000000'), (error) => isFactotumError(error, 'task.not_found'));
  });

  it('is taken back by the call that its plan names also when the tool that did it is gone', async () => {
    const undoing = { tool: 'do.it', value: 'back again' };
    const { tenant, task } = await done([{ id: 'gone', tool: 'do.lasting', undo: undoing }]);
    assert.deepEqual(await undo(tenant, task), ['gone']);
    const { catalogue } = platform.runTools;
    const without = { ...catalogue, get: (name: string) => (name === 'do.lasting' ? null : catalogue.get(name)) };
    const { task: row, states } = await takenBack(tenant, task, { catalogue: without });
    assert.deepEqual([row.state, row.outcome, states], ['done', 'undone', { gone: 'undone' }]);
    assert.equal(count('do.it:back again'), 1);
  });

  it('whose worker is killed at any point while it is taken back is taken back once, by the next', async () => {
    for (let dieAt = 0; ; dieAt += 1) {
      const { tenant, task, value } = await done([
        { id: 'one', tool: 'do.it' },
        { id: 'two', tool: 'do.it', after: ['one'] },
      ]);
      await undo(tenant, task);
      const { worker: mortal, life } = await mortalWorker(platform, dieAt);
      await eventually(async () => (life.dead || isTried(await platform.look(tenant, task)) ? true : undefined));
      await mortal.stop(0);
      const { task: row, states, attempts } = await takenBack(tenant, task);
      assert.deepEqual([row.state, row.outcome, states], ['done', 'undone', { one: 'undone', two: 'undone' }], `died at ${dieAt}`);
      const keys = side.undone.filter((key) => key.startsWith(`${task}/`)).map((key) => key.split('/').at(-1));
      assert.deepEqual(keys, ['two', 'one'], 'newest first, by keys that a tool knows again');
      assert.equal(attempts.filter(({ direction, outcome }) => direction === 'undo' && outcome === 'done').length, 2);
      assert.equal(count(`do.it:${value('one')}`), 1, 'and never done again');
      if (life.dead) continue;
      assert.ok(dieAt >= 8, `only ${dieAt} points were tried`);
      return;
    }
  });
});

describe('another plan', () => {
  const planned = async (tenant: Id<'tenant'>, task: string, version: number): Promise<LookedTask> => {
    const worker = await hookedWorker(platform, {});
    const looked = await eventually(async () => {
      const now = await platform.look(tenant, task);
      return now.task.planVersion === version && now.task.state === 'waiting' && worker.running === 0 ? now : undefined;
    });
    await worker.stop();
    return looked;
  };

  it('of a task that waits takes back what was done, withdraws what is asked, and asks anew', async () => {
    const steps = [
      { id: 'one', tool: 'do.it', value: 'replanned' },
      { id: 'pay', tool: 'pay.it', value: 'replanned', after: ['one'] },
    ];
    const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook(steps) });
    const task = await platform.send(tenant, {});
    const { approvals: before } = await planned(tenant, task, 1);
    await people.replan(tenant, task, 'Pay half of it.');
    await assert.rejects(people.replan(tenant, task, 'No, all of it.'), (error) => isFactotumError(error, 'task.not_replannable'));
    const { detail, approvals, states } = await planned(tenant, task, 2);
    assert.deepEqual([detail.replan, detail.answers?.map(({ text }) => text)], [undefined, ['Pay half of it.']]);
    assert.deepEqual([count('do.it:replanned'), count('undo do.it:replanned'), count('pay.it:replanned')], [2, 1, 0]);
    assert.deepEqual(states, { one: 'done', pay: 'waiting' });
    assert.deepEqual(
      approvals.map(({ approvalId, state }) => [approvalId === before[0]?.approvalId, state]),
      [
        [true, 'cancelled'],
        [false, 'waiting'],
      ],
    );
  });

  it('is never made of a task that is over', async () => {
    const { tenant, task } = await done([{ id: 'one', tool: 'do.it' }]);
    await assert.rejects(people.replan(tenant, task, 'Again.'), (error) => isFactotumError(error, 'task.not_replannable'));
  });
});
