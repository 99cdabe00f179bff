import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Planning } from '#flow/plan';
import { isFactotumError } from '#kernel';
import { approvalPlatform, isAskedAgain, isOver, mark } from './approval-platform.ts';
import { forge } from './people.ts';

const { platform, people, side, count, work, asked, openApproval, present, assertAskedAgain, assertDoneOnce } = await approvalPlatform();
const { accept, decide, changePolicy } = people;

describe('a decision', () => {
  it('is taken from one of many who decide at once; the others learn who and when', async () => {
    const value = mark('race');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) =>
        at % 2 === 0
          ? decide(tenant, approvalId, { decision: 'accept', payloadHash }, `user:${at}`)
          : decide(tenant, approvalId, { decision: 'reject', payloadHash, comment: 'No.' }, `user:${at}`),
      ),
    );
    const [winner, ...others] = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    assert.ok(winner);
    assert.equal(others.length, 0);
    for (const answer of answers)
      if (answer.status === 'rejected') {
        assert.ok(isFactotumError(answer.reason, 'approval.already_decided'));
        assert.equal(answer.reason.details?.decidedBy, winner.decidedBy);
        assert.equal(answer.reason.details?.decidedAt, winner.decidedAt?.toISOString());
      }
    const over = await work(tenant, task, isOver);
    assert.equal(count(`pay.it:${value}`), winner.state === 'approved' ? 1 : 0);
    assert.equal(over.task.outcome, winner.state === 'approved' ? 'completed' : 'refused');
  });

  it('is taken once, however often it is sent, also after the effect', async () => {
    const value = mark('replay');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const open = await openApproval(tenant, task);
    await accept(tenant, open);
    const alreadyDecided = (error: unknown) => isFactotumError(error, 'approval.already_decided');
    await assert.rejects(accept(tenant, open), alreadyDecided);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
    await assert.rejects(accept(tenant, open), alreadyDecided);
    assert.equal(count(`pay.it:${value}`), 1);
  });

  it('does nothing any more when whoever made it may not decide any more: it is asked anew', async () => {
    const value = mark('gone');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task), 'user:gone');
    const again = await assertAskedAgain(tenant, task, `pay.it:${value}`, { whoMayDecide: async () => new Set() });
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
  });

  it('survives a restart between the yes and the deed', async () => {
    const value = mark('restart');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const done = await assertDoneOnce(tenant, task, `pay.it:${value}`);
    assert.notEqual(done.approvals[0]?.usedAt, null);
  });

  it('that has been used does nothing a second time, not even when rows are put back by hand', async () => {
    const value = mark('used');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
    await forge(platform, 'step', `update app.step set state = 'waiting' where task_id = $1`, task);
    await forge(
      platform,
      'task',
      `update app.task set state = 'waiting', wait_reason = 'approval', run_at = now() where task_id = $1`,
      task,
    );
    const again = await work(tenant, task, isAskedAgain);
    assert.equal(again.task.state, 'waiting', 'the approval says that it was used');
    await forge(platform, 'attempt', 'delete from app.attempt where task_id = $1', task);
    await people.acceptAll(tenant, again);
    await work(tenant, task, isOver);
    assert.equal(count(`pay.it:${value}`), 1, 'the tool knows the key');
  });

  it('of another tenant does not exist', async () => {
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value: mark('tenant') }]);
    const open = await openApproval(tenant, task);
    const stranger = await platform.buildTenant();
    await assert.rejects(accept(stranger, open), (error) => isFactotumError(error, 'approval.not_found'));
  });
});

describe('an approval that has expired', () => {
  const tomorrow = { now: () => new Date(Date.now() + 25 * 3_600_000), monotonicMs: () => performance.now() };

  it('unanswered ends the task as refused, with a note, and cannot be decided any more', async () => {
    const [value, next] = [mark('expired'), mark('next')];
    const { tenant, task } = await asked([
      { id: 'pay', tool: 'pay.it', value },
      { id: 'next', tool: 'do.it', value: next, after: ['pay'] },
    ]);
    const open = await openApproval(tenant, task);
    const refused = await work(tenant, task, isOver, { clock: tomorrow });
    assert.equal(refused.task.outcome, 'refused');
    assert.deepEqual(refused.states, { pay: 'refused', next: 'skipped' });
    assert.equal(refused.detail.note, 'Refused: Nobody answered in time.');
    assert.equal(refused.approvals[0]?.state, 'expired');
    await assert.rejects(
      accept(tenant, open),
      (error) => isFactotumError(error, 'approval.already_decided') && error.details?.state === 'expired',
    );
    assert.equal(count(`pay.it:${value}`), 0);
  });

  it('after the yes and before the deed is asked again', async () => {
    const value = mark('late');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const again = await assertAskedAgain(tenant, task, `pay.it:${value}`, { clock: tomorrow });
    assert.ok((again.approvals[1]?.expiresAt ?? 0) > tomorrow.now());
  });
});

describe('a person', () => {
  it('who edits is asked about what they wrote, and after a yes exactly that is done', async () => {
    const [value, edited] = [mark('edit'), mark('edited')];
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    await decide(tenant, approvalId, { decision: 'edit', payloadHash, edits: { value: edited } });
    const again = await assertAskedAgain(tenant, task, `pay.it:${edited}`);
    const shown = await present(tenant, again, 1);
    assert.deepEqual(shown.args, { value: edited });
    assert.deepEqual(shown.fields[0]?.origins, [{ kind: 'member', text: 'user:boss' }]);
    assert.equal(shown.fields[0]?.integrity, 'trusted');
    assert.equal(shown.headline, `pay.it ${edited}`);
    assert.match(shown.reason, /Edited by user:boss/);
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${edited}`);
    assert.equal(count(`pay.it:${value}`), 0);
  });

  it('who edits is asked once more even where the gate would let it run alone by now', async () => {
    const edited = mark('alone');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value: mark('ask') }]);
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    await decide(tenant, approvalId, { decision: 'edit', payloadHash, edits: { value: edited } });
    await changePolicy(tenant, () => '@id("all")\n@title("All runs alone")\npermit (principal, action, resource);\n');
    const again = await assertAskedAgain(tenant, task, `pay.it:${edited}`);
    assert.deepEqual((await present(tenant, again, 1)).args, { value: edited });
  });

  it('who edits into what the tool does not take is told so, and nothing is decided', async () => {
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value: mark('unfit') }]);
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    for (const edits of [{ value: 3 }, { value: 'x', more: 'y' }, {}])
      await assert.rejects(decide(tenant, approvalId, { decision: 'edit', payloadHash, edits }), (error) =>
        isFactotumError(error, 'approval.edit_invalid'),
      );
    assert.equal((await openApproval(tenant, task)).approvalId, approvalId);
  });

  it('who asks back gets another plan, for which what was done is taken back first', async () => {
    const [first, value, less] = [mark('first'), mark('much'), mark('less')];
    const seen: string[][] = [];
    const step = (id: string, tool: string, text: string) => ({ id, tool, args: { value: { value: text } }, after: [], why: '' });
    const planning: Planning = {
      isQuick: () => true,
      async plan({ answers }) {
        seen.push(answers.map(({ text }) => text));
        const steps = answers.length === 0 ? [step('first', 'do.it', first), step('pay', 'pay.it', value)] : [step('pay', 'pay.it', less)];
        return {
          kind: 'plan',
          planner: 'fake',
          plan: { summary: '', literal: { sources: ['model:fake'], integrity: 'trusted', readers: 'anyone' }, values: {}, steps },
        };
      },
      close: async () => undefined,
    };
    const tenant = await platform.buildTenant();
    const task = await platform.send(tenant, {});
    await work(tenant, task, ({ task, states }) => task.waitReason === 'approval' && states.first === 'done', { planning });
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    await decide(tenant, approvalId, { decision: 'respond', payloadHash, comment: 'Half of it.' });
    const again = await work(tenant, task, ({ task }) => task.planVersion === 2 && task.state === 'waiting', { planning });
    assert.deepEqual(seen, [[], ['Half of it.']]);
    assert.deepEqual(
      side.effects.filter((effect) => effect.endsWith(first)),
      [`do.it:${first}`, `undo do.it:${first}`],
    );
    await people.acceptAll(tenant, again);
    await work(tenant, task, isOver, { planning });
    assert.equal(count(`pay.it:${value}`), 0);
    assert.equal(count(`pay.it:${less}`), 1);
  });

  it('who says no, with a reason, ends what depends on it and nothing else', async () => {
    const [value, next, beside] = [mark('no'), mark('next'), mark('beside')];
    const { tenant, task } = await asked([
      { id: 'pay', tool: 'pay.it', value },
      { id: 'next', tool: 'do.it', value: next, after: ['pay'] },
      { id: 'beside', tool: 'do.it', value: beside },
    ]);
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    await decide(tenant, approvalId, { decision: 'reject', payloadHash, comment: 'We never ordered this.' });
    const over = await work(tenant, task, isOver);
    assert.deepEqual(over.states, { pay: 'refused', next: 'skipped', beside: 'done' });
    assert.equal(over.task.outcome, 'partly');
    assert.match(over.detail.note ?? '', /We never ordered this/);
    assert.deepEqual([count(`pay.it:${value}`), count(`do.it:${next}`), count(`do.it:${beside}`)], [0, 0, 1]);
  });

  it('who delegates leaves it waiting, with a name, and the other decides', async () => {
    const value = mark('delegate');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const open = await openApproval(tenant, task);
    const { approvalId, payloadHash } = open;
    const after = await decide(tenant, approvalId, { decision: 'delegate', payloadHash, to: 'user:cfo' });
    assert.deepEqual([after.state, after.assignedTo, after.decidedBy], ['waiting', 'user:cfo', null]);
    const waiting = await work(tenant, task, ({ task }) => task.state === 'waiting' && task.runAt !== null && task.runAt > new Date());
    assert.equal(waiting.approvals.length, 1);
    assert.equal(waiting.approvals[0]?.expiresAt.getTime(), open.expiresAt.getTime(), 'the expiry does not move');
    await accept(tenant, open, 'user:cfo');
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
  });
});
