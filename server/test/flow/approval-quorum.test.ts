import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFactotumError } from '#kernel';
import { approvalPlatform, isOver, mark } from './approval-platform.ts';
import { forge } from './people.ts';
import { randomFrom } from './random.ts';

const { platform, people, count, work, asked, openApproval, present, assertAskedAgain, assertDoneOnce } = await approvalPlatform();
const { accept, decide, changePolicy } = people;
const everybody = async (actors: readonly string[]) => new Set(actors);

/** A question about `pay.it` under a policy with these annotations. */
async function askedUnder(annotations: string, value: string) {
  const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
  const care = `@id("care") @title("Care") ${annotations} permit (principal, action == Action::"callWithApproval", resource == Tool::"pay.it");`;
  await changePolicy(tenant, (text) => `${text}\n${care}`);
  // What was asked under the old policy is asked anew at the latest when somebody agrees to it.
  await accept(tenant, await openApproval(tenant, task), 'user:early');
  await assertAskedAgain(tenant, task, `pay.it:${value}`);
  return { tenant, task, open: await openApproval(tenant, task), effect: `pay.it:${value}` };
}
const refusedWith = (code: Parameters<typeof isFactotumError>[1]) => (error: unknown) => isFactotumError(error, code);

describe('where a policy asks for two people', () => {
  it('one yes changes nothing, the second person’s lets it be done, once', async () => {
    const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('two'));
    const first = await accept(tenant, open, 'user:one');
    assert.deepEqual([first.state, first.decidedBy], ['waiting', null]);
    await assert.rejects(accept(tenant, open, 'user:one'), refusedWith('approval.already_agreed'));
    await assert.rejects(accept(tenant, open, 'key:key_1'), refusedWith('approval.person_required'));
    await assert.rejects(
      decide(tenant, open.approvalId, { decision: 'accept', payloadHash: open.payloadHash }, 'user:two', {}),
      refusedWith('approval.person_required'),
    );
    await work(tenant, task, ({ task }) => task.state === 'waiting');
    assert.equal(count(effect), 0);
    const second = await accept(tenant, open, 'user:two');
    assert.deepEqual([second.state, second.decidedBy], ['approved', 'user:two']);
    const done = await assertDoneOnce(tenant, task, effect);
    const shown = await present(tenant, done, 1);
    assert.deepEqual(
      shown.quorum.given.map(({ by }) => by),
      ['user:one', 'user:two'],
    );
  });

  it('one no of anybody ends it, also after a yes', async () => {
    const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('no'));
    await accept(tenant, open, 'user:one');
    await decide(tenant, open.approvalId, { decision: 'reject', payloadHash: open.payloadHash, comment: 'No.' }, 'user:two');
    await assert.rejects(accept(tenant, open, 'user:three'), refusedWith('approval.already_decided'));
    assert.equal((await work(tenant, task, isOver)).task.outcome, 'refused');
    assert.equal(count(effect), 0);
  });

  it('whoever may not decide any more does not count', async () => {
    const { tenant, open, effect } = await askedUnder('@approvals("2")', mark('left'));
    await accept(tenant, open, 'user:left');
    const yes = { decision: 'accept', payloadHash: open.payloadHash } as const;
    const after = await decide(tenant, open.approvalId, yes, 'user:two', { mayDecide: async () => new Set() });
    assert.equal(after.state, 'waiting');
    assert.equal(count(effect), 0);
  });

  it('a vote that was written into the table by hand, changed or carried over counts for nothing', async () => {
    const { tenant, open, effect } = await askedUnder('@approvals("3")', mark('forged'));
    const other = await askedUnder('@approvals("2")', mark('other'));
    await accept(tenant, open, 'user:one');
    await accept(other.tenant, other.open, 'user:four');
    const columns = 'tenant_id, approval_id, voter, payload_hash, proven, answer, vote_mac, voted_at';
    await forge(
      platform,
      'approval_vote',
      `insert into app.approval_vote (${columns}) select tenant_id, approval_id, 'user:ghost', payload_hash, proven, answer, vote_mac, voted_at
      from app.approval_vote where approval_id = $1`,
      open.approvalId,
    );
    await forge(
      platform,
      'approval_vote',
      `insert into app.approval_vote (${columns}) select $1, $2, voter, payload_hash, proven, answer, vote_mac, voted_at
      from app.approval_vote where approval_id = $3`,
      tenant,
      open.approvalId,
      other.open.approvalId,
    );
    assert.equal((await accept(tenant, open, 'user:two')).state, 'waiting', 'two of three');
    assert.equal((await accept(tenant, open, 'user:ghost')).state, 'approved', 'whose name was misused still has a vote');
    assert.equal(count(effect), 0);
  });

  it('more people than have agreed are asked for by the time it is to be done: it is asked anew', async () => {
    const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('stricter'));
    await accept(tenant, open, 'user:one');
    await accept(tenant, open, 'user:two');
    await changePolicy(tenant, (text) => text.replace('@approvals("2")', '@approvals("3")'));
    const again = await work(tenant, task, ({ approvals }) => approvals.length === 3);
    assert.deepEqual([again.task.state, again.approvals[2]?.state, count(effect)], ['waiting', 'waiting', 0]);
  });

  it('a yes counts while whoever said it may decide, up to the moment before it is done', async () => {
    const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('left'));
    await accept(tenant, open, 'user:one');
    await accept(tenant, open, 'user:two');
    const again = await work(tenant, task, ({ approvals }) => approvals.length === 3, { whoMayDecide: async () => new Set(['user:two']) });
    assert.deepEqual([again.task.state, count(effect)], ['waiting', 0]);
    const next = await openApproval(tenant, task);
    for (const actor of ['user:two', 'user:three']) await accept(tenant, next, actor);
    await assertDoneOnce(tenant, task, effect);
  });

  it('a yes can be taken back until there are enough', async () => {
    const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('sorry'));
    await accept(tenant, open, 'user:one');
    await assert.rejects(people.undo(tenant, open.approvalId, 'user:two'), refusedWith('approval.not_undoable'));
    await people.undo(tenant, open.approvalId, 'user:one');
    assert.equal((await accept(tenant, open, 'user:two')).state, 'waiting');
    assert.equal((await accept(tenant, open, 'user:one')).state, 'approved');
    await assertDoneOnce(tenant, task, effect);
  });

  it('of many who agree and take back in any order, it is decided exactly when two agree', async () => {
    const random = randomFrom('votes');
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    for (let round = 0; round < 4; round += 1) {
      const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('any'));
      const agreed = new Set<string>();
      let isDecided = false;
      for (let act = 0; act < 12 && !isDecided; act += 1) {
        const actor = pick(['user:a', 'user:b', 'user:c', 'key:k']);
        const isUndo = random() < 0.4;
        const said = await (isUndo ? people.undo(tenant, open.approvalId, actor) : accept(tenant, open, actor)).catch((error: unknown) => {
          assert.ok(isFactotumError(error));
          return null;
        });
        if (said !== null) agreed[isUndo ? 'delete' : 'add'](actor);
        isDecided = said?.state === 'approved';
        assert.equal(isDecided, agreed.size === 2, `${[...agreed]} after ${actor}`);
        assert.ok(!agreed.has('key:k'));
      }
      if (isDecided) await assertDoneOnce(tenant, task, effect);
      else await work(tenant, task, ({ task }) => task.state === 'waiting');
      assert.equal(count(effect), isDecided ? 1 : 0);
    }
  });

  it('of many who agree at the same moment, two are taken and the others are told', async () => {
    const { tenant, task, open, effect } = await askedUnder('@approvals("2")', mark('crowd'));
    const answers = await Promise.allSettled(Array.from({ length: 6 }, (_, at) => accept(tenant, open, `user:${at}`)));
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 2);
    for (const answer of answers) if (answer.status === 'rejected') assert.ok(isFactotumError(answer.reason, 'approval.already_decided'));
    await assertDoneOnce(tenant, task, effect);
  });
});

describe('where a policy asks for a proof of presence', () => {
  it('only a person who has just given it lets it be done', async () => {
    const { tenant, task, open, effect } = await askedUnder('@stepup("true")', mark('proof'));
    const yes = { decision: 'accept', payloadHash: open.payloadHash } as const;
    await assert.rejects(decide(tenant, open.approvalId, yes, 'user:one', { mayDecide: everybody }), refusedWith('auth.step_up_required'));
    await assert.rejects(
      decide(tenant, open.approvalId, yes, 'key:key_1', { proven: true, mayDecide: everybody }),
      refusedWith('approval.person_required'),
    );
    const said = await decide(tenant, open.approvalId, yes, 'user:one', { proven: true, mayDecide: everybody });
    assert.equal(said.state, 'approved');
    await assertDoneOnce(tenant, task, effect);
  });
});

describe('where a policy asks for four eyes', () => {
  it('whoever wrote what would be sent is not among those who agree to it', async () => {
    const edited = mark('own');
    const { tenant, task, open } = await askedUnder('@foureyes("true")', mark('eyes'));
    await decide(tenant, open.approvalId, { decision: 'edit', payloadHash: open.payloadHash, edits: { value: edited } }, 'user:writer');
    await work(tenant, task, ({ task, approvals }) => task.state === 'waiting' && approvals.length === 3);
    const again = await openApproval(tenant, task);
    await assert.rejects(accept(tenant, again, 'user:writer'), refusedWith('approval.own_request'));
    await assert.rejects(accept(tenant, again, 'key:test'), refusedWith('approval.own_request'), 'the key that sent the event');
    await assert.rejects(accept(tenant, again, 'key:writers'), refusedWith('approval.person_required'), 'a key that may be theirs');
    assert.equal(count(`pay.it:${edited}`), 0);
    await accept(tenant, again, 'user:other');
    await assertDoneOnce(tenant, task, `pay.it:${edited}`);
  });

  it('whoever wrote it first is not among them either when somebody else has edited it once more', async () => {
    const written = mark('first');
    const { tenant, task, open } = await askedUnder('@foureyes("true")', mark('both'));
    const edit = { decision: 'edit', edits: { value: written } } as const;
    await decide(tenant, open.approvalId, { ...edit, payloadHash: open.payloadHash }, 'user:writer');
    await work(tenant, task, ({ task, approvals }) => task.state === 'waiting' && approvals.length === 3);
    const second = await openApproval(tenant, task);
    await decide(tenant, second.approvalId, { ...edit, payloadHash: second.payloadHash }, 'user:helper');
    await work(tenant, task, ({ task, approvals }) => task.state === 'waiting' && approvals.length === 4);
    const third = await openApproval(tenant, task);
    for (const author of ['user:writer', 'user:helper'])
      await assert.rejects(accept(tenant, third, author), refusedWith('approval.own_request'), author);
    await accept(tenant, third, 'user:other');
    await assertDoneOnce(tenant, task, `pay.it:${written}`);
  });
});
