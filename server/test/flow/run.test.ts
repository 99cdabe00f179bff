import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testPlatform } from '../platform.ts';
import { farSide, playbook, scriptedTool } from './tools.ts';

const side = farSide();
let flaky = 0;
const platform = await testPlatform({
  tools: () => [
    scriptedTool({ name: 'see.it', effect: 'read', side }),
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'do.lasting', effect: 'write', side, reversible: false }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
    scriptedTool({
      name: 'fail.it',
      effect: 'write',
      side,
      script: () => ({ kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'The far side said no.' }),
    }),
    scriptedTool({
      name: 'flaky.it',
      effect: 'write',
      side,
      script: (_, { value }) => {
        flaky += 1;
        return flaky < 3
          ? { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message: 'Not now.', retryAfterMs: 1 }
          : { kind: 'done', result: { value } };
      },
    }),
    scriptedTool({
      name: 'lost.it',
      effect: 'write',
      side,
      canLookup: false,
      reversible: false,
      script: () => ({ kind: 'unknown', message: 'The line went dead.' }),
    }),
  ],
});
await platform.startWorker();

const withPlaybook = (steps: Parameters<typeof playbook>[0]) => platform.buildTenant({ 'Playbooks/Test.md': playbook(steps) });

describe('a task', () => {
  it('that a playbook knows is planned, performed step by step and done', async () => {
    const tenant = await withPlaybook([
      { id: 'one', tool: 'see.it', value: 'a' },
      { id: 'two', tool: 'do.it', value: 'b', after: ['one'] },
      { id: 'three', tool: 'do.it', value: 'c', after: ['two'] },
    ]);
    const task = await platform.send(tenant, { hello: 'world' });
    const done = await platform.until(tenant, task, 'done', 'failed', 'waiting');
    assert.equal(done.task.state, 'done', JSON.stringify(done.detail));
    assert.equal(done.task.outcome, 'completed');
    assert.deepEqual(done.states, { one: 'done', two: 'done', three: 'done' });
    assert.deepEqual(
      done.attempts.map(({ stepId, outcome }) => [stepId, outcome]),
      [
        ['two', 'done'],
        ['three', 'done'],
      ],
    );
  });

  it('that nobody knows how to plan waits with a clear question', async () => {
    const tenant = await platform.buildTenant();
    const task = await platform.send(tenant, {});
    const waiting = await platform.until(tenant, task, 'waiting');
    assert.equal(waiting.task.waitReason, 'question');
    assert.match(waiting.detail.question ?? '', /No playbook says what to do/);
    assert.equal(waiting.task.runAt, null);
  });

  it('whose tool fails for a while is tried again and done once', async () => {
    const tenant = await withPlaybook([{ id: 'one', tool: 'flaky.it', value: 'flaky' }]);
    const task = await platform.send(tenant, {});
    const done = await platform.until(tenant, task, 'done', 'failed');
    assert.equal(done.task.state, 'done');
    assert.equal(side.effects.filter((effect) => effect === 'flaky.it:flaky').length, 1);
    assert.equal(done.attempts.length, 3);
  });

  it('whose third step fails for good has the second and first undone, in that order, once', async () => {
    const tenant = await withPlaybook([
      { id: 'one', tool: 'do.it', value: 'u1' },
      { id: 'two', tool: 'do.it', value: 'u2', after: ['one'] },
      { id: 'three', tool: 'fail.it', value: 'u3', after: ['two'] },
      { id: 'four', tool: 'do.it', value: 'u4', after: ['three'] },
    ]);
    const task = await platform.send(tenant, {});
    const failed = await platform.until(tenant, task, 'failed', 'done', 'waiting');
    assert.equal(failed.task.state, 'failed');
    assert.deepEqual(failed.states, { one: 'undone', two: 'undone', three: 'failed', four: 'skipped' });
    assert.deepEqual(
      side.effects.filter((effect) => effect.includes('u')).filter((effect) => /:u\d$/.test(effect)),
      ['do.it:u1', 'do.it:u2', 'undo do.it:u2', 'undo do.it:u1'],
    );
    assert.match(failed.detail.note ?? '', /Everything done before was undone/);
  });

  it('that cannot take back what it did asks a person', async () => {
    const tenant = await withPlaybook([
      { id: 'one', tool: 'do.lasting', value: 'l1' },
      { id: 'two', tool: 'fail.it', value: 'l2', after: ['one'] },
    ]);
    // An effect that cannot be undone is not among what runs alone by default.
    const task = await platform.send(tenant, {});
    const waiting = await platform.until(tenant, task, 'waiting');
    assert.equal(waiting.task.waitReason, 'approval');
    assert.equal(waiting.approvals[0]?.state, 'waiting');
  });

  it('whose payment waits holds no lease, and nothing is done before somebody says yes', async () => {
    const tenant = await withPlaybook([{ id: 'pay', tool: 'pay.it', value: 'p1' }]);
    const task = await platform.send(tenant, {});
    const waiting = await platform.until(tenant, task, 'waiting');
    assert.equal(waiting.approvals.length, 1);
    assert.equal(
      side.effects.some((effect) => effect.includes('p1')),
      false,
    );
    assert.notEqual(waiting.task.runAt, null, 'it wakes when the approval expires');
  });

  it('whose effect nobody can tell waits for a person to say what happened', async () => {
    const tenant = await withPlaybook([{ id: 'lost', tool: 'lost.it', value: 'x' }]);
    const task = await platform.send(tenant, {});
    const waiting = await platform.until(tenant, task, 'waiting');
    assert.ok(waiting.task.waitReason === 'approval' || waiting.task.waitReason === 'unknown');
  });
});
