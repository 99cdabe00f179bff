import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFactotumError } from '#kernel';
import { eventually } from '../platform.ts';
import { approvalPlatform, isOver, mark } from './approval-platform.ts';
import { playbook } from './tools.ts';
import { hookedWorker } from './worker.ts';

const { platform, people, count, work, asked, openApproval } = await approvalPlatform();
const { accept } = people;

describe('cancelling', () => {
  it('while a person is asked withdraws the question and does nothing', async () => {
    const value = mark('cancel');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const open = await openApproval(tenant, task);
    await people.cancel(tenant, task);
    const over = await work(tenant, task, isOver);
    assert.equal(over.task.state, 'cancelled');
    assert.deepEqual(over.states, { pay: 'skipped' });
    assert.equal(over.approvals[0]?.state, 'cancelled');
    await assert.rejects(accept(tenant, open), (error) => isFactotumError(error, 'approval.already_decided'));
    await assert.rejects(people.cancel(tenant, task), (error) => isFactotumError(error, 'task.not_cancellable'));
  });

  it('after the yes and before the deed does nothing', async () => {
    const value = mark('cancel');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    await people.cancel(tenant, task);
    assert.equal((await work(tenant, task, isOver)).task.state, 'cancelled');
    assert.equal(count(`pay.it:${value}`), 0);
  });

  it('while a step runs lets that step end, begins no other, and says what was done', async () => {
    const [one, two] = [mark('one'), mark('two')];
    const tenant = await platform.buildTenant({
      'Playbooks/Test.md': playbook([
        { id: 'one', tool: 'do.it', value: one },
        { id: 'two', tool: 'do.it', value: two, after: ['one'] },
      ]),
    });
    const task = await platform.send(tenant, {});
    const over = await work(tenant, task, isOver, {
      host: (next) => ({
        async call(call) {
          const answer = await next.call(call);
          if (call.argsJson.includes(one)) await people.cancel(tenant, task);
          return answer;
        },
      }),
    });
    assert.equal(over.task.state, 'cancelled');
    assert.deepEqual(over.states, { one: 'done', two: 'skipped' });
    assert.match(over.detail.note ?? '', /One step had been done already/);
    assert.equal(count(`do.it:${two}`), 0);
  });

  it('between the intent and the effect stops the effect', async () => {
    const value = mark('between');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const over = await work(tenant, task, isOver, {
      async beforeCommit({ attempts = [] }) {
        if (attempts.length > 0) await people.cancel(tenant, task);
      },
    });
    assert.equal(over.task.state, 'cancelled');
    assert.deepEqual(over.states, { pay: 'skipped' });
    assert.equal(count(`pay.it:${value}`), 0);
  });

  it('after a crash between effect and outcome finds out what happened before it says so', async () => {
    const value = mark('crashed');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    let happened = false;
    const worker = await hookedWorker(platform, {
      host: (next) => ({
        async call(call) {
          await next.call(call);
          happened = true;
          return new Promise(() => undefined);
        },
      }),
    });
    await eventually(async () => (happened ? true : undefined));
    await worker.stop(0);
    await people.cancel(tenant, task);
    const over = await work(tenant, task, isOver);
    assert.equal(over.task.state, 'cancelled');
    assert.deepEqual(over.states, { pay: 'done' });
    assert.equal(over.attempts[0]?.outcome, 'done');
    assert.match(over.detail.note ?? '', /One step had been done already/);
  });
});
