import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { presentApproval, selectApproval } from '#flow/approval';
import type { Planning } from '#flow/plan';
import { listGenerated, moveGenerated } from '#flow/projection';
import { createCatalogue } from '#flow/tool';
import { type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { eventually, type LookedTask, testPlatform } from '../platform.ts';
import { forge, peopleOf } from './people.ts';
import { farSide, playbook, scriptedTool } from './tools.ts';
import { type Hooks, hookedWorker } from './worker.ts';

const side = farSide();
const tools = () => [
  scriptedTool({ name: 'see.it', effect: 'read', side }),
  scriptedTool({ name: 'do.it', effect: 'write', side }),
  scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
];
const platform = await testPlatform({ tools });
const people = peopleOf(platform);
const { accept, decide, changePolicy } = people;

type Steps = Parameters<typeof playbook>[0];
let marks = 0;
/** A value that no other test uses, so that its effects can be counted. */
const mark = (name: string) => `${name}${++marks}`;
const count = (effect: string) => side.effects.filter((other) => other === effect).length;

/** A task of these steps, brought to where it waits for a person. */
async function asked(steps: Steps): Promise<{ tenant: Id<'tenant'>; task: Id<'task'> }> {
  const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook(steps) });
  const task = await platform.send(tenant, {});
  await work(tenant, task, ({ task }) => task.waitReason === 'approval');
  return { tenant, task };
}

/** Lets a worker work until the task has come there, and takes it away again. */
async function work(tenant: Id<'tenant'>, task: string, isThere: (looked: LookedTask) => boolean, hooks: Hooks = {}): Promise<LookedTask> {
  const worker = await hookedWorker(platform, hooks);
  let last: LookedTask | undefined;
  const there = await eventually(
    async () => {
      last = await platform.look(tenant, task);
      return isThere(last) && worker.running === 0 ? last : undefined;
    },
    () =>
      `the task never came there: ${JSON.stringify([last?.task.state, last?.states, last?.approvals.map(({ state }) => state), last?.detail])}`,
  );
  await worker.stop();
  return there;
}

const openApproval = async (tenant: Id<'tenant'>, task: string) => {
  const { approvals } = await platform.look(tenant, task);
  const open = approvals.find(({ state }) => state === 'waiting');
  assert.ok(open, 'somebody is asked');
  return open;
};

const isOver = ({ task }: LookedTask) => ['done', 'failed', 'cancelled'].includes(task.state);
const isAskedAgain = ({ task, approvals }: LookedTask) =>
  isOver({ task } as LookedTask) ||
  (task.state === 'waiting' && approvals.filter(({ state }) => state === 'waiting').length === 1 && approvals.length === 2);

/** What follows a change between asking and doing: nothing was done, the same is asked anew, and a yes to that is done once. */
async function assertAskedAgain(tenant: Id<'tenant'>, task: string, effect: string, hooks: Hooks = {}): Promise<LookedTask> {
  const again = await work(tenant, task, isAskedAgain, hooks);
  assert.equal(count(effect), 0, 'never done');
  assert.equal(again.task.state, 'waiting', JSON.stringify(again.detail));
  assert.equal(again.approvals.filter(({ usedAt }) => usedAt !== null).length, 0);
  return again;
}

async function assertDoneOnce(tenant: Id<'tenant'>, task: string, effect: string, hooks: Hooks = {}): Promise<LookedTask> {
  const done = await work(tenant, task, isOver, hooks);
  assert.equal(done.task.outcome, 'completed', JSON.stringify([done.states, done.detail]));
  assert.equal(count(effect), 1);
  return done;
}

const flip = (column: string, at: string) => `${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 1)`;

describe('an approval that was given, then changed in the table', () => {
  const changes: Readonly<Record<string, string>> = {
    'its hash': `payload_hash = overlay(payload_hash placing case when left(payload_hash, 1) = '0' then '1' else '0' end from 1 for 1)`,
    'the last digit of its hash': `payload_hash = overlay(payload_hash placing case when right(payload_hash, 1) = '0' then '1' else '0' end from 64 for 1)`,
    'the hash of its policies': `policy_hash = overlay(policy_hash placing case when left(policy_hash, 1) = '0' then '1' else '0' end from 1 for 1)`,
    'the hash of its tool': `tool_schema_hash = overlay(tool_schema_hash placing case when left(tool_schema_hash, 1) = '0' then '1' else '0' end from 1 for 1)`,
    'its tool': `tool = 'do.it'`,
    'its expiry, a second later': `expires_at = expires_at + interval '1 second'`,
    'the first byte of what was shown': flip('body', '0'),
    'a byte in the middle of what was shown': flip('body', 'length(body) / 2'),
    'the last byte of what was shown': flip('body', 'length(body) - 1'),
    'a byte of what was answered': flip('answer', 'length(answer) - 1'),
    'who decided': `decided_by = 'user:somebody-else'`,
    'when it was decided': `decided_at = decided_at - interval '1 millisecond'`,
    'a byte of the proof that a person decided': flip('decision_mac', '0'),
    'the proof that a person decided, taken away': 'decision_mac = null',
    'the name of who decided, taken away': 'decided_by = null',
    'its use, entered by hand': 'used_at = now()',
  };
  for (const [what, change] of Object.entries(changes))
    it(`(${what}) is asked again and never done`, async () => {
      const value = mark('changed');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      await accept(tenant, await openApproval(tenant, task));
      await forge(platform, 'approval', `update app.approval set ${change} where task_id = $1`, task);
      const worker = await hookedWorker(platform, {});
      const again = await eventually(async () => {
        const looked = await platform.look(tenant, task);
        return isAskedAgain(looked) ? looked : undefined;
      });
      await worker.stop();
      assert.equal(count(`pay.it:${value}`), 0, 'never done');
      assert.equal(again.task.state, 'waiting');
      await people.acceptAll(tenant, again);
      await assertDoneOnce(tenant, task, `pay.it:${value}`);
    });

  it('(moved to another plan) is asked again and never done', async () => {
    const value = mark('moved');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    await forge(platform, 'approval', 'update app.approval set plan_version = 2 where task_id = $1', task);
    await assertAskedAgain(tenant, task, `pay.it:${value}`);
  });

  it('(the arguments that would be sent) is asked again and never done', async () => {
    const value = mark('args');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    await forge(platform, 'step', `update app.step set ${flip('body', 'length(body) / 2')} where task_id = $1`, task);
    const again = await assertAskedAgain(tenant, task, `pay.it:${value}`);
    assert.deepEqual(
      again.approvals.map(({ state }) => state),
      ['superseded', 'waiting'],
    );
  });
});

describe('an approval that nobody has given', () => {
  it('is not given by writing "approved" into the table', async () => {
    const value = mark('forged');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    const set = `state = 'approved', decided_by = 'user:boss', decided_at = now(), answer = '\\x00', decision_mac = decode(repeat('00', 32), 'hex')`;
    await forge(platform, 'approval', `update app.approval set ${set} where task_id = $1`, task);
    await forge(platform, 'task', 'update app.task set run_at = now(), signals = signals + 1 where task_id = $1', task);
    await assertAskedAgain(tenant, task, `pay.it:${value}`);
  });

  it('is not given by carrying over the yes to another', async () => {
    const [small, large] = [mark('small'), mark('large')];
    const { tenant, task } = await asked([
      { id: 'small', tool: 'pay.it', value: small },
      { id: 'large', tool: 'pay.it', value: large },
    ]);
    const { approvals } = await platform.look(tenant, task);
    const given = approvals.find(({ stepId }) => stepId === 'small');
    assert.ok(given);
    await accept(tenant, given);
    const copied = 'state, answer, decision_mac, decided_by, decided_at, payload_hash, body';
    await forge(
      platform,
      'approval',
      `update app.approval set (${copied}) = (select ${copied} from app.approval where approval_id = $1) where task_id = $2 and step_id = 'large'`,
      given.approvalId,
      task,
    );
    await work(
      tenant,
      task,
      ({ task, states, approvals }) => states.small === 'done' && task.state === 'waiting' && approvals.length === 3,
    );
    assert.equal(count(`pay.it:${small}`), 1);
    assert.equal(count(`pay.it:${large}`), 0);
  });

  it('takes no decision once its stored question was altered, and is asked anew', async () => {
    const alterations = [
      flip('body', 'length(body) / 2'),
      `expires_at = expires_at + interval '1 day'`,
      `tool = 'do.it'`,
      `step_id = 'other'`,
    ];
    for (const alteration of alterations) {
      const value = mark('altered');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      const open = await openApproval(tenant, task);
      await forge(platform, 'approval', `update app.approval set ${alteration} where task_id = $1`, task);
      await assert.rejects(accept(tenant, open), (error) => isFactotumError(error, 'approval.changed'), alteration);
      const again = await assertAskedAgain(tenant, task, `pay.it:${value}`);
      await people.acceptAll(tenant, again);
      await assertDoneOnce(tenant, task, `pay.it:${value}`);
    }
  });

  it('takes no decision about other bytes than those that stand', async () => {
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value: mark('hash') }]);
    const { approvalId, payloadHash } = await openApproval(tenant, task);
    const other = payloadHash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await assert.rejects(accept(tenant, { approvalId, payloadHash: other }), (error) => isFactotumError(error, 'approval.changed'));
    assert.equal((await openApproval(tenant, task)).approvalId, approvalId);
  });

  it('is not decided by a note that was changed', async () => {
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value: mark('note') }]);
    const { approvalId } = await openApproval(tenant, task);
    const keys = await platform.keyring.of(tenant);
    await withTenant(platform.database.app.db, tenant, async (tx) => {
      const context = { tx, tenantId: tenant, keys, catalogue: platform.catalogue, now: new Date() };
      const note = (await listGenerated(context, 'Pending_Approval/')).find(({ path }) => path.includes(approvalId));
      assert.ok(note, 'the note of the approval is listed');
      const name = note.path;
      const move = { from: name, to: name.replace('Pending_Approval/', 'Approved/'), actor: 'user:boss' };
      const ifMatch = note.etag.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
      await assert.rejects(moveGenerated(context, { ...move, ifMatch }), (error) => isFactotumError(error, 'approval.note_changed'));
      assert.equal((await selectApproval(tx, tenant, approvalId))?.state, 'waiting');
      assert.equal((await moveGenerated(context, { ...move, ifMatch: note.etag })).decision, 'accept');
    });
  });
});

describe('what the approval rested on', () => {
  it('changed with the tool: asked again by a worker that has the new one', async () => {
    const value = mark('tool');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const changed = tools().map((tool) => ({ ...tool, manifest: { ...tool.manifest, consequence: 'Something else is done.' } }));
    await assertAskedAgain(tenant, task, `pay.it:${value}`, { catalogue: createCatalogue(changed) });
  });

  const stricter = (text: string) => text.replace('Every payment needs a person', 'Every payment needs two looks');
  const elsewhere = (text: string) => text.replace('Sending mail needs a person', 'Mail goes past a person');
  const forbidden = (text: string) =>
    `${text}\n@id("no-pay")\n@title("Nothing is paid")\nforbid (principal, action, resource) when { context.effect == "money" };\n`;

  it('changed with the policy that decides, before somebody said yes: asked again', async () => {
    const value = mark('before');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await changePolicy(tenant, stricter);
    await accept(tenant, await openApproval(tenant, task));
    await assertAskedAgain(tenant, task, `pay.it:${value}`);
  });

  it('changed with the policy that decides, after somebody said yes: asked again', async () => {
    const value = mark('after');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    await changePolicy(tenant, stricter);
    const again = await assertAskedAgain(tenant, task, `pay.it:${value}`);
    const why = await present(tenant, again, 1);
    assert.match(why.reason, /You are asked again: the policy that decides about it has changed since/);
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
  });

  /** Saves a policy between the gate's look and the commit of the intent. */
  const inTheWindow = (change: (text: string) => string): Hooks => {
    let changed = false;
    return {
      async beforeCommit({ attempts = [] }, { snapshot }) {
        if (changed || attempts.length === 0) return;
        changed = true;
        await changePolicy(snapshot.task.tenantId, change);
      },
    };
  };

  it('changed with the policy between the last look and the commit of the intent: asked again', async () => {
    const value = mark('window');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const worker = await hookedWorker(platform, inTheWindow(stricter));
    const again = await eventually(async () => {
      const looked = await platform.look(tenant, task);
      return isAskedAgain(looked) ? looked : undefined;
    });
    await worker.stop();
    assert.equal(count(`pay.it:${value}`), 0);
    assert.equal(again.task.state, 'waiting');
    assert.deepEqual(
      again.attempts.map(({ outcome }) => outcome),
      ['failed'],
      'the intent is on record as not carried out',
    );
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
  });

  it('forbidden by a new policy, also in the window: refused, never done', async () => {
    for (const hooks of [undefined, inTheWindow(forbidden)]) {
      const value = mark('forbidden');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      await accept(tenant, await openApproval(tenant, task));
      if (hooks === undefined) await changePolicy(tenant, forbidden);
      const refused = await work(tenant, task, isOver, hooks);
      assert.equal(refused.task.outcome, 'refused');
      assert.match(refused.detail.note ?? '', /Nothing is paid/);
      assert.equal(count(`pay.it:${value}`), 0);
      assert.equal(refused.approvals.filter(({ state }) => state === 'approved' || state === 'waiting').length, 0);
    }
  });

  it('not touched by a policy about something else: nobody is disturbed, at no moment', async () => {
    const moments = ['before', 'after', 'window'] as const;
    for (const moment of moments) {
      const value = mark('elsewhere');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      if (moment === 'before') await changePolicy(tenant, elsewhere);
      await accept(tenant, await openApproval(tenant, task));
      if (moment === 'after') await changePolicy(tenant, elsewhere);
      const done = await assertDoneOnce(tenant, task, `pay.it:${value}`, moment === 'window' ? inTheWindow(elsewhere) : {});
      assert.equal(done.approvals.length, 1, moment);
    }
  });

  it('an effect that needed nobody is looked at again as well when the policy changes in the window', async () => {
    const value = mark('auto');
    const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook([{ id: 'one', tool: 'do.it', value }]) });
    const task = await platform.send(tenant, {});
    const asks = (text: string) =>
      text.replace('context.effect == "write" && context.reversible', 'context.effect == "nothing" && context.reversible');
    const waiting = await work(tenant, task, ({ task }) => task.state === 'waiting' || task.state === 'done', inTheWindow(asks));
    assert.equal(waiting.task.waitReason, 'approval');
    assert.equal(count(`do.it:${value}`), 0);
  });
});

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

/** The n-th approval of a task as a person sees it. */
async function present(tenant: Id<'tenant'>, { task, approvals }: LookedTask, at: number) {
  const row = approvals[at];
  assert.ok(row);
  return presentApproval(await platform.keyring.of(tenant), platform.catalogue, { ...row, taskId: task.taskId });
}

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
