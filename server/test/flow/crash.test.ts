import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Id } from '#kernel';
import { verifyTenantLog } from '#trust/audit';
import { eventually, type LookedTask, testPlatform } from '../platform.ts';
import { peopleOf } from './people.ts';
import { farSide, playbook, scriptedTool } from './tools.ts';
import { mortalWorker } from './worker.ts';

const side = farSide();
const platform = await testPlatform({
  tools: () => [
    scriptedTool({ name: 'see.it', effect: 'read', side }),
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
    scriptedTool({ name: 'blind.it', effect: 'write', side, canLookup: false }),
    scriptedTool({
      name: 'fail.it',
      effect: 'write',
      side,
      script: () => ({ kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'The far side said no.' }),
    }),
  ],
});

const people = peopleOf(platform);

const tenants: Id<'tenant'>[] = [];

/** Runs a playbook once for every point at which a worker can die, and hands each outcome over to be judged. */
async function dieEverywhere(steps: Parameters<typeof playbook>[0], judge: (looked: LookedTask, mark: string) => void): Promise<number> {
  for (let dieAt = 0; ; dieAt += 1) {
    const mark = `${steps.length}-${dieAt}-`;
    const tenant = await platform.buildTenant({
      'Playbooks/Test.md': playbook(steps.map((step) => ({ ...step, value: `${mark}${step.id}` }))),
    });
    tenants.push(tenant);
    const task = await platform.send(tenant, {});
    const { worker, life } = await mortalWorker(platform, dieAt);
    const advance = async (isOver: () => boolean) => {
      const looked = await platform.look(tenant, task);
      if (looked.task.state === 'waiting' && looked.task.waitReason === 'approval') await people.acceptAll(tenant, looked);
      return isOver() || ['done', 'failed'].includes(looked.task.state) || looked.task.waitReason === 'unknown' ? looked : undefined;
    };
    await eventually(() => advance(() => life.dead));
    await worker.stop(0);
    if (!life.dead) return dieAt;
    const successor = await platform.startWorker();
    const looked = await eventually(
      () => advance(() => false),
      () => `died at ${dieAt}: never ended`,
    );
    await successor.stop();
    judge(looked, mark);
  }
}

const count = (effect: string) => side.effects.filter((other) => other === effect).length;

it('a worker killed at any point loses nothing, and every effect is there exactly once', async () => {
  const steps = [
    { id: 'look', tool: 'see.it' },
    { id: 'write', tool: 'do.it', after: ['look'] },
    { id: 'pay', tool: 'pay.it', after: ['write'] },
    { id: 'note', tool: 'do.it', after: ['pay'] },
  ];
  const points = await dieEverywhere(steps, ({ task, states }, mark) => {
    assert.equal(task.state, 'done', `${mark} ${JSON.stringify(states)}`);
    assert.equal(task.outcome, 'completed');
    for (const effect of [`do.it:${mark}write`, `pay.it:${mark}pay`, `do.it:${mark}note`]) assert.equal(count(effect), 1, effect);
  });
  assert.ok(points >= 16, `only ${points} points were tried`);
});

it('a worker killed at any point of an undo has everything undone once, newest first', async () => {
  const steps = [
    { id: 'one', tool: 'do.it' },
    { id: 'two', tool: 'do.it', after: ['one'] },
    { id: 'three', tool: 'fail.it', after: ['two'] },
  ];
  const points = await dieEverywhere(steps, ({ task, states, attempts }, mark) => {
    assert.equal(task.state, 'failed', mark);
    assert.deepEqual(states, { one: 'undone', two: 'undone', three: 'failed' });
    const undone = side.undone.filter((key) => key.startsWith(`${task.taskId}/`)).map((key) => key.split('/').at(-1));
    assert.deepEqual(undone, ['two', 'one']);
    assert.equal(attempts.filter(({ direction, outcome }) => direction === 'undo' && outcome === 'done').length, 2);
  });
  assert.ok(points >= 14, `only ${points} points were tried`);
});

it('an effect that nobody can look up is never repeated: after a crash a person is asked what happened', async () => {
  let asked = 0;
  await dieEverywhere([{ id: 'blind', tool: 'blind.it' }], ({ task, states, detail }, mark) => {
    assert.ok(count(`blind.it:${mark}blind`) <= 1, 'never twice');
    if (task.state === 'done') return;
    asked += 1;
    assert.equal(task.waitReason, 'unknown');
    assert.deepEqual(states, { blind: 'unknown' });
    assert.match(detail.question ?? '', /Nobody can tell whether this happened/);
  });
  assert.ok(asked > 0);
});

it('the audit log of everything that happened here verifies', async () => {
  await platform.sequencer.drained();
  for (const tenant of tenants) {
    const { holds, fault } = await verifyTenantLog(platform.database, platform.keyring, tenant, { auditorKey: platform.auditor });
    assert.ok(holds, JSON.stringify(fault));
  }
});
