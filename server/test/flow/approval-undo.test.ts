import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFactotumError } from '#kernel';
import { eventually } from '../platform.ts';
import { approvalPlatform, isOver, mark } from './approval-platform.ts';
import { forge } from './people.ts';
import { playbook } from './tools.ts';
import { hookedWorker } from './worker.ts';

const { platform, people, count, work, asked, openApproval, assertAskedAgain, assertDoneOnce } = await approvalPlatform();
const { accept, decide, changePolicy, undo } = people;
const notUndoable = (error: unknown) => isFactotumError(error, 'approval.not_undoable');
const inAMinute = { now: () => new Date(Date.now() + 60_000), monotonicMs: () => performance.now() };

describe('a decision that is taken back', () => {
  it('before anything came of it is asked anew, and the old yes does nothing any more', async () => {
    const value = mark('undo');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const open = await openApproval(tenant, task);
    await accept(tenant, open);
    const undone = await undo(tenant, open.approvalId, 'user:late');
    assert.deepEqual([undone.state, undone.decidedBy], ['superseded', 'user:late']);
    await assert.rejects(undo(tenant, open.approvalId), notUndoable, 'once');
    const again = await assertAskedAgain(tenant, task, `pay.it:${value}`);
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
    await assert.rejects(
      undo(tenant, again.approvals[1]?.approvalId ?? ''),
      (error) => notUndoable(error) && (error as { details?: { why?: string } }).details?.why === 'begun',
    );
  });

  it('is asked anew also where the policies would let it run alone by then', async () => {
    const harmless = mark('harmless');
    const { tenant, task } = await askedOfHarmless(harmless);
    const open = await openApproval(tenant, task);
    await accept(tenant, open);
    await changePolicy(tenant, (text) => text.replace(asking, ''));
    await undo(tenant, open.approvalId);
    const again = await assertAskedAgain(tenant, task, `do.it:${harmless}`);
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `do.it:${harmless}`);
  });

  it('was a no: it is asked anew while nobody has taken the no in, and stands once somebody has', async () => {
    const value = mark('noundo');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const open = await openApproval(tenant, task);
    await decide(tenant, open.approvalId, { decision: 'reject', payloadHash: open.payloadHash, comment: 'No.' });
    for (const other of ['user:other', 'key:one'])
      await assert.rejects(
        undo(tenant, open.approvalId, other),
        (error) => notUndoable(error) && (error as { details?: { why?: string } }).details?.why === 'theirs',
        'a no of somebody else',
      );
    await undo(tenant, open.approvalId);
    await assertAskedAgain(tenant, task, `pay.it:${value}`);
    const next = await openApproval(tenant, task);
    await decide(tenant, next.approvalId, { decision: 'reject', payloadHash: next.payloadHash, comment: 'No.' });
    await work(tenant, task, isOver);
    await assert.rejects(undo(tenant, next.approvalId), notUndoable);
  });

  it('of a task that has failed is taken back as well: whoever resumes it is asked anew', async () => {
    const value = mark('dead');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const open = await openApproval(tenant, task);
    await accept(tenant, open);
    await forge(platform, 'task', `update app.task set state = 'failed', wait_reason = null, run_at = null where task_id = $1`, task);
    assert.equal((await undo(tenant, open.approvalId)).state, 'superseded');
    assert.equal((await platform.look(tenant, task)).task.runAt, null, 'taking it back resumes nothing');
    await people.resume(tenant, task);
    await work(tenant, task, ({ task, approvals }) => task.state === 'waiting' && approvals.length === 2);
    assert.equal(count(`pay.it:${value}`), 0);
  });
});

/** A policy under which `do.it` needs a person; taken out, it runs alone. */
const asking = '\n@id("careful") @title("Careful") forbid (principal, action == Action::"callUnattended", resource == Tool::"do.it");';
async function askedOfHarmless(value: string) {
  const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook([{ id: 'do', tool: 'do.it', value }]) });
  await changePolicy(tenant, (text) => `${text}${asking}`);
  const task = await platform.send(tenant, {});
  await work(tenant, task, ({ task }) => task.waitReason === 'approval');
  return { tenant, task };
}

describe('taking back and doing at the same moment', () => {
  it('wherever it falls: either it is taken back and nothing happens, or it is told to be too late and happens once', async () => {
    let [takenBack, tooLate] = [0, 0];
    for (let at = 0; ; at += 1) {
      const value = mark('race');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      const open = await openApproval(tenant, task);
      await accept(tenant, open);
      let points = 0;
      let said: 'undone' | 'too late' | undefined;
      const point = async () => {
        if (points++ !== at) return;
        said = await undo(tenant, open.approvalId).then(
          () => 'undone' as const,
          (error: unknown) => {
            assert.ok(notUndoable(error), String(error));
            return 'too late' as const;
          },
        );
      };
      const isThere = ({ task, approvals }: Parameters<Parameters<typeof work>[2]>[0]) =>
        isOver({ task }) || (approvals.length === 2 && task.state === 'waiting');
      const there = await work(tenant, task, isThere, {
        beforeCommit: point,
        afterCommit: point,
        host: (next) => ({
          async call(call) {
            await point();
            return next.call(call);
          },
        }),
      });
      if (said === undefined) break;
      if (said === 'undone') takenBack += 1;
      else tooLate += 1;
      assert.equal(count(`pay.it:${value}`), said === 'undone' ? 0 : 1, `at ${at}: ${said}`);
      assert.equal(there.task.state, said === 'undone' ? 'waiting' : 'done');
      if (said === 'undone') {
        await people.acceptAll(tenant, there);
        await assertDoneOnce(tenant, task, `pay.it:${value}`);
      }
    }
    assert.ok(takenBack >= 1 && tooLate >= 2, `${takenBack} taken back, ${tooLate} too late`);
  });

  it('a worker that is killed at any point after the taking back leaves nothing done and the question open', async () => {
    for (let dieAt = 0; ; dieAt += 1) {
      const value = mark('killed');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      const open = await openApproval(tenant, task);
      await accept(tenant, open);
      const life = { points: -1, isUndone: false, isDead: false };
      const point = async () => {
        if (life.isUndone && !life.isDead) life.isDead = ++life.points === dieAt;
        if (life.isDead) await new Promise(() => undefined);
      };
      const worker = await hookedWorker(platform, {
        async beforeCommit({ attempts = [] }) {
          if (attempts.length > 0 && !life.isUndone) {
            await undo(tenant, open.approvalId);
            life.isUndone = true;
          }
          await point();
        },
        afterCommit: point,
      });
      const isAsked = async () => {
        const { task: row, approvals } = await platform.look(tenant, task);
        return life.isDead || (approvals.length === 2 && row.state === 'waiting') ? approvals : undefined;
      };
      await eventually(isAsked);
      await worker.stop(0);
      const again = await work(tenant, task, ({ task, approvals }) => task.state === 'waiting' && approvals.length === 2);
      assert.deepEqual(
        again.approvals.map(({ state }) => state),
        ['superseded', 'waiting'],
        `died at ${dieAt}`,
      );
      assert.equal(count(`pay.it:${value}`), 0, `died at ${dieAt}`);
      if (!life.isDead) {
        assert.ok(dieAt >= 3, `only ${dieAt} points were tried`);
        return;
      }
    }
  });
});

describe('a decision that is held back for a moment', () => {
  it('is carried out after it and not before, whatever else of the task is decided meanwhile', async () => {
    const [held, plain] = [mark('held'), mark('plain')];
    const { tenant, task } = await asked([
      { id: 'one', tool: 'pay.it', value: held },
      { id: 'two', tool: 'pay.it', value: plain },
    ]);
    const { approvals } = await platform.look(tenant, task);
    const [one, two] = ['one', 'two'].map((step) => approvals.find(({ stepId }) => stepId === step));
    assert.ok(one && two);
    await decide(tenant, one.approvalId, { decision: 'accept', payloadHash: one.payloadHash, graceSeconds: 30 });
    await accept(tenant, two);
    const parked = await work(tenant, task, ({ task, states }) => states.two === 'done' && task.state === 'waiting' && task.runAt !== null);
    assert.deepEqual([count(`pay.it:${held}`), count(`pay.it:${plain}`)], [0, 1]);
    assert.ok(Math.abs((parked.task.runAt?.getTime() ?? 0) - Date.now()) < 31_000, 'it comes back by itself');
    await assertDoneOnce(tenant, task, `pay.it:${held}`, { clock: inAMinute });
    assert.equal(count(`pay.it:${plain}`), 1);
  });

  it('can be taken back until then, a yes as well as a no', async () => {
    for (const decision of ['accept', 'reject'] as const) {
      const value = mark('grace');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      const { approvalId, payloadHash } = await openApproval(tenant, task);
      const said = { payloadHash, graceSeconds: 30, comment: 'Said too quickly.' };
      await decide(tenant, approvalId, { decision, ...said });
      const { runAt } = (await platform.look(tenant, task)).task;
      assert.ok(runAt !== null && runAt.getTime() > Date.now() + 5_000, 'nobody is woken before');
      await undo(tenant, approvalId);
      const again = await assertAskedAgain(tenant, task, `pay.it:${value}`);
      await people.acceptAll(tenant, again);
      await assertDoneOnce(tenant, task, `pay.it:${value}`);
    }
  });

  it('was a no and has been taken in by a worker whose clock is ahead: it stands', async () => {
    const { tenant, task } = await asked([
      { id: 'one', tool: 'pay.it', value: mark('ahead') },
      { id: 'two', tool: 'pay.it', value: mark('beside') },
    ]);
    const { approvals } = await platform.look(tenant, task);
    const one = approvals.find(({ stepId }) => stepId === 'one');
    assert.ok(one);
    const no = { decision: 'reject', payloadHash: one.payloadHash, comment: 'No.', graceSeconds: 30 } as const;
    await decide(tenant, one.approvalId, no);
    await work(tenant, task, ({ task, states }) => states.one === 'refused' && task.state === 'waiting', { clock: inAMinute });
    await assert.rejects(undo(tenant, one.approvalId), notUndoable);
  });
});
