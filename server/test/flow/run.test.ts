import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, testPlatform } from '../platform.ts';
import { peopleOf } from './people.ts';
import { farSide, playbook, scriptedTool } from './tools.ts';
import { hookedWorker } from './worker.ts';

const side = farSide();
let flaky = 0;
const busy = new Set<string>();
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
      name: 'fail.see',
      effect: 'read',
      side,
      script: () => ({ kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'There is nothing to see.' }),
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
      name: 'busy.bank',
      effect: 'money',
      side,
      reversible: false,
      script: (context, { value }) => {
        const isFirst = !busy.has(value);
        busy.add(value);
        return isFirst
          ? { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message: 'The bank is busy.' }
          : { kind: 'done', result: { key: context.key } };
      },
    }),
    scriptedTool({
      name: 'blur.it',
      effect: 'write',
      side,
      canLookup: false,
      script: (_, { value }) => {
        side.effects.push(`blur.it:${value}`);
        return { kind: 'unknown', message: 'The line went dead.' };
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
let worker = await platform.startWorker();
const people = peopleOf(platform);

const count = (effect: string) => side.effects.filter((other) => other === effect).length;
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
    await people.acceptAll(tenant, await platform.until(tenant, task, 'waiting'));
    const asked = await eventually(async () => {
      const looked = await platform.look(tenant, task);
      return looked.task.waitReason === 'question' ? looked : undefined;
    });
    assert.deepEqual(asked.states, { one: 'done', two: 'failed' });
    assert.match(asked.detail.question ?? '', /cannot be taken back by itself: do.lasting l1/);
    await people.resume(tenant, task);
    const over = await platform.until(tenant, task, 'done', 'failed');
    assert.deepEqual([over.task.state, over.task.outcome, over.task.planVersion], ['done', 'partly', 1]);
    assert.equal(count('do.lasting:l1'), 1);
  });

  it('whose plan says how to take a step back has it taken back like that, if the gate lets it', async () => {
    const tenant = await withPlaybook([
      { id: 'one', tool: 'do.it', value: 'w1', undo: { tool: 'do.it', value: 'w1 back' } },
      { id: 'two', tool: 'fail.it', value: 'w2', after: ['one'] },
    ]);
    const task = await platform.send(tenant, {});
    const failed = await platform.until(tenant, task, 'failed', 'done', 'waiting');
    assert.deepEqual(failed.states, { one: 'undone', two: 'failed' });
    assert.deepEqual(
      side.effects.filter((effect) => effect.includes('w1')),
      ['do.it:w1', 'do.it:w1 back'],
    );
  });

  it('whose plan would take a step back by a payment asks a person instead', async () => {
    const tenant = await withPlaybook([
      { id: 'one', tool: 'do.it', value: 'm1', undo: { tool: 'pay.it', value: 'm1 back' } },
      { id: 'two', tool: 'fail.it', value: 'm2', after: ['one'] },
    ]);
    const task = await platform.send(tenant, {});
    const waiting = await platform.until(tenant, task, 'failed', 'done', 'waiting');
    assert.deepEqual(waiting.states, { one: 'done', two: 'failed' });
    assert.equal(waiting.task.waitReason, 'question');
    assert.equal(count('pay.it:m1 back'), 0);
  });

  it('whose payment fails is never paid again by itself; resumed, it is planned and asked anew, and paid once', async () => {
    const tenant = await withPlaybook([{ id: 'pay', tool: 'busy.bank', value: 'b1' }]);
    const task = await platform.send(tenant, {});
    await people.acceptAll(tenant, await platform.until(tenant, task, 'waiting'));
    const failed = await platform.until(tenant, task, 'failed', 'done');
    assert.equal(failed.task.state, 'failed');
    assert.equal(failed.task.errorCode, 'tool.unavailable');
    assert.equal(count('busy.bank:b1'), 0);
    await people.resume(tenant, task);
    const again = await platform.until(tenant, task, 'waiting');
    assert.deepEqual([again.task.planVersion, again.task.waitReason], [2, 'approval']);
    await people.acceptAll(tenant, again);
    assert.equal((await platform.until(tenant, task, 'failed', 'done')).task.outcome, 'completed');
    assert.equal(count('busy.bank:b1'), 1);
  });

  it('that fails in the very commit in which somebody is asked asks nobody', async () => {
    const tenant = await withPlaybook([
      { id: 'pay', tool: 'pay.it', value: 'n1' },
      { id: 'look', tool: 'fail.see', value: 'n2' },
    ]);
    const task = await platform.send(tenant, {});
    const failed = await platform.until(tenant, task, 'failed', 'done', 'waiting');
    assert.deepEqual(failed.states, { pay: 'skipped', look: 'failed' });
    assert.deepEqual(
      failed.approvals.map(({ state }) => state),
      ['cancelled'],
    );
  });

  it('cannot be resumed by two people at once', async () => {
    const tenant = await platform.buildTenant();
    const task = await platform.send(tenant, {});
    await platform.until(tenant, task, 'waiting');
    // A worker could take the first answer in and ask anew before the second comes, which would then be right.
    await worker.stop();
    const answers = await Promise.allSettled([
      people.resume(tenant, task, { comment: 'a' }),
      people.resume(tenant, task, { comment: 'b' }),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    worker = await platform.startWorker();
  });

  it('of which one step is unknown and another has failed asks about the first before it takes anything back', async () => {
    const tenant = await withPlaybook([
      { id: 'blurred', tool: 'blur.it', value: 'x1' },
      { id: 'failing', tool: 'fail.it', value: 'x2' },
    ]);
    const task = await platform.send(tenant, {});
    const waiting = await platform.until(tenant, task, 'waiting', 'failed', 'done');
    assert.equal(waiting.task.waitReason, 'unknown', JSON.stringify(waiting.states));
    assert.deepEqual(waiting.states, { blurred: 'unknown', failing: 'failed' });
    await people.resume(tenant, task, { settle: { blurred: 'done' } });
    const failed = await platform.until(tenant, task, 'failed', 'done');
    assert.deepEqual(failed.states, { blurred: 'undone', failing: 'failed' });
    assert.equal(count('blur.it:x1'), 1);
  });

  it('whose worker died is not taken for failed because its tool cannot be asked just now', async () => {
    const tenant = await withPlaybook([{ id: 'one', tool: 'do.it', value: 'q1' }]);
    await worker.stop();
    let [happened, refusals] = [false, 0];
    const dying = await hookedWorker(platform, {
      host: (next) => ({
        async call(call) {
          await next.call(call);
          happened = true;
          return new Promise(() => undefined);
        },
      }),
    });
    const task = await platform.send(tenant, {});
    await eventually(async () => (happened ? true : undefined));
    await dying.stop(0);
    const successor = await hookedWorker(platform, {
      host: (next) => ({
        call: async (call) =>
          call.operation === 'lookup' && refusals++ < 2
            ? { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message: 'Away.', retryAfterMs: 1 }
            : next.call(call),
      }),
    });
    const done = await platform.until(tenant, task, 'failed', 'done', 'waiting');
    assert.equal(done.task.state, 'done', JSON.stringify([done.states, done.detail]));
    assert.equal(count('do.it:q1'), 1);
    assert.equal(refusals, 3);
    await successor.stop();
    worker = await platform.startWorker();
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
    await people.acceptAll(tenant, await platform.until(tenant, task, 'waiting'));
    const asked = await eventually(async () => {
      const looked = await platform.look(tenant, task);
      return looked.task.waitReason === 'unknown' ? looked : undefined;
    });
    assert.match(asked.detail.question ?? '', /Nobody can tell whether this happened: lost.it x/);
    await people.resume(tenant, task, { settle: { lost: 'done' } });
    assert.equal((await platform.until(tenant, task, 'done', 'failed')).task.outcome, 'completed');
    assert.equal(asked.attempts.length, 1);
  });
});
