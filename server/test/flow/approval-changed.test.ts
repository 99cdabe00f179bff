import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { selectApproval } from '#flow/approval';
import { listGenerated, moveGenerated } from '#flow/projection';
import { isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { eventually } from '../platform.ts';
import { approvalPlatform, isAskedAgain, mark } from './approval-platform.ts';
import { forge } from './people.ts';
import { hookedWorker } from './worker.ts';

const { platform, people, count, work, asked, openApproval, assertAskedAgain, assertDoneOnce } = await approvalPlatform();
const { accept } = people;

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
