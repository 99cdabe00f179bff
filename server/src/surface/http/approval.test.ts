import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Id } from '#kernel';
import { peopleOf } from '../../../test/flow/people.ts';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import type { Line, Sent, TestCustomer } from '../../../test/http.ts';
import { movedClock } from '../../../test/identity.ts';
import { codeOf, testMembers } from '../../../test/members.ts';
import { eventually } from '../../../test/platform.ts';

const side = farSide();
const clock = movedClock();
const {
  platform,
  send,
  ask: read,
  buildCustomer,
  join,
  kindsOf,
} = await testMembers({
  clock,
  tools: () => [
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
  ],
});
const people = peopleOf(platform);
const minute = 60_000;
const soon = (ms: number) => new Date(clock.now().getTime() + ms).toISOString();

interface Approval {
  readonly id: string;
  readonly taskId: string;
  readonly tool: string;
  readonly state: string;
  readonly payloadHash: string;
  readonly assignee: { kind: string; id: string; name: string; until: string | null } | null;
  readonly snoozedUntil: string | null;
  readonly quorum: { needed: number; given: { by: string; at: string }[]; mineGiven: boolean };
  readonly stepUp: boolean;
  readonly bulk: boolean;
  readonly heldUntil: string | null;
  readonly commentCount: number;
  readonly decidedBy: string | null;
}

/** Somebody signed in. */
interface Person {
  readonly userId: string;
  readonly cookie: string;
}

let customer: TestCustomer;
let tenantId: Id<'tenant'>;
let key: string;
let owner: Person;
let approver: Person;
let auditor: Person;
before(async () => {
  customer = await buildCustomer();
  tenantId = customer.tenantId;
  key = await customer.key();
  const cookie = await customer.signIn();
  owner = {
    cookie,
    userId: (await read<{ principal: { actor: string } }>('GET /api/v1/me', { cookie })).principal.actor.slice('user:'.length),
  };
  approver = await join(customer, ['approver']);
  auditor = await join(customer, ['auditor']);
  await people.changePolicy(
    tenantId,
    (text) => `${text}\n@id("careful") @title("Careful") forbid (principal, action == Action::"callUnattended", resource == Tool::"do.it");
@id("care") @title("Care") @approvals("2") @stepup("true") permit (principal, action == Action::"callWithApproval", resource == Tool::"pay.it");`,
  );
  for (const tool of ['do.it', 'pay.it'])
    await send(`PUT /api/v1/vault/notes/${encodeURIComponent(`Playbooks/${tool}.md`)}`, {
      key,
      body: playbook([{ id: 'one', tool }], tool).replace('source: test', `source: ${tool}`),
      headers: { 'content-type': 'text/markdown', 'if-none-match': '*' },
    });
  await platform.sequencer.start();
  await platform.startWorker();
});
after(() => platform.sequencer.stop());

const code = async (line: Line, sent: Sent) => codeOf(await send(line, sent));

let events = 0;
/** A new question about a tool. */
async function ask(tool: string, title = 'A test'): Promise<Approval> {
  events += 1;
  const json = { source: tool, kind: 'test.happened', externalId: `approval-${events}`, payload: { title } };
  const { taskId } = await read<{ taskId: string }>('POST /api/v1/events', { key, json });
  return waiting(taskId);
}
/** The question of a task that waits, another one than `besides`. */
const waiting = (taskId: string, besides = '') =>
  eventually(async () => {
    const { approvals } = await read<{ approvals: Approval[] }>(`GET /api/v1/tasks/${taskId}`, { key });
    return approvals.find(({ id, state }) => state === 'waiting' && id !== besides);
  });
const one = ({ id }: Pick<Approval, 'id'>, { cookie }: Person) => read<Approval>(`GET /api/v1/approvals/${id}`, { cookie });
/** Whether it stands in a list of theirs. */
async function isIn(approval: Pick<Approval, 'id'>, view: string, { cookie }: Person): Promise<boolean> {
  const { items } = await read<{ items: Approval[] }>(`GET /api/v1/approvals?state=waiting&limit=200&view=${view}`, { cookie });
  return items.some(({ id }) => id === approval.id);
}
const accept = ({ id, payloadHash }: Approval, sent: Sent, more = {}) =>
  send(`POST /api/v1/approvals/${id}/decision`, { ...sent, json: { decision: 'accept', payloadHash, ...more } });
const done = (taskId: string) =>
  eventually(async () => ((await read<{ state: string }>(`GET /api/v1/tasks/${taskId}`, { key })).state === 'done' ? true : undefined));

describe('delegating', () => {
  it('puts an approval before somebody until a time, and lets everybody who may decide it anyway', async () => {
    const approval = await ask('do.it');
    const { cookie } = owner;
    const to = { kind: 'member', id: approver.userId };
    const given = await read<Approval>(`POST /api/v1/approvals/${approval.id}/delegation`, {
      cookie,
      json: { to, until: soon(5 * minute), comment: 'Please.' },
    });
    assert.deepEqual([given.assignee?.kind, given.assignee?.id, given.commentCount], ['member', approver.userId, 1]);
    assert.deepEqual([await isIn(approval, 'mine', owner), await isIn(approval, 'delegated', owner)], [false, true]);
    assert.deepEqual([await isIn(approval, 'mine', approver), await isIn(approval, 'delegated', approver)], [true, false]);
    clock.aheadMs = 6 * minute;
    assert.deepEqual(
      [await isIn(approval, 'mine', owner), (await one(approval, owner)).assignee],
      [true, null],
      'afterwards it is everybody’s again',
    );
    clock.aheadMs = 0;
    assert.equal((await accept(approval, owner)).status, 200, 'it is an order of attention and no wall');
    await done(approval.taskId);
    assert.equal(await code(`POST /api/v1/approvals/${approval.id}/delegation`, { cookie, json: { to } }), '409 approval.already_decided');
    assert.deepEqual((await kindsOf(tenantId, approval.id)).includes('approval.delegated'), true);
  });

  it('to somebody who may not decide, or whom nobody knows, is refused with the reason', async () => {
    const approval = await ask('do.it');
    const line = `POST /api/v1/approvals/${approval.id}/delegation` as const;
    const { cookie } = owner;
    const give = (to: object) => code(line, { cookie, json: { to } });
    assert.equal(await give({ kind: 'member', id: auditor.userId }), '422 approval.assignee_invalid');
    assert.equal(await give({ kind: 'member', id: `usr_${'0'.repeat(24)}` }), '404 member.not_found');
    assert.equal(await give({ kind: 'team', id: approver.userId }), '404 team.not_found');
    assert.equal(
      await code(line, { cookie, json: { to: { kind: 'member', id: approver.userId }, until: soon(-minute) } }),
      '400 request.invalid',
    );
    const { payloadHash } = approval;
    const old = { decision: 'delegate', payloadHash, to: `user:${auditor.userId}` };
    assert.equal(await code(`POST /api/v1/approvals/${approval.id}/decision`, { cookie, json: old }), '422 approval.assignee_invalid');
    const team = (members: string[]) =>
      read<{ id: string }>('POST /api/v1/teams', { cookie, json: { name: `Team of ${members.length}`, members } });
    assert.equal(await give({ kind: 'team', id: (await team([auditor.userId])).id }), '422 approval.assignee_invalid');
    const { id } = await team([auditor.userId, approver.userId]);
    assert.equal(await give({ kind: 'team', id }), '200');
    assert.deepEqual([await isIn(approval, 'mine', approver), await isIn(approval, 'mine', owner)], [true, false]);
    await send(`DELETE /api/v1/teams/${id}`, { cookie });
    assert.equal(await isIn(approval, 'mine', owner), true, 'a team that is no more is asked nothing');
  });

  it('while one is away: what is put before one goes to the other, and comes back with one', async () => {
    const approval = await ask('do.it');
    const { cookie } = owner;
    await read(`POST /api/v1/approvals/${approval.id}/delegation`, { cookie, json: { to: { kind: 'member', id: owner.userId } } });
    assert.equal(await isIn(approval, 'mine', approver), false);
    const times = { from: soon(-minute), until: soon(3 * minute) };
    const away = (to: object) => ({ cookie, json: { to, ...times } });
    assert.equal(await code('PUT /api/v1/me/delegation', away({ kind: 'member', id: auditor.userId })), '422 approval.assignee_invalid');
    assert.equal(await code('PUT /api/v1/me/delegation', away({ kind: 'member', id: owner.userId })), '400 request.invalid');
    assert.equal(await code('GET /api/v1/me/delegation', { key }), '403 auth.forbidden');
    const set = await read<{ delegation: { to: { id: string } } | null }>(
      'PUT /api/v1/me/delegation',
      away({ kind: 'member', id: approver.userId }),
    );
    assert.equal(set.delegation?.to.id, approver.userId);
    assert.deepEqual([await isIn(approval, 'mine', approver), await isIn(approval, 'mine', owner)], [true, false]);
    assert.equal((await one(approval, owner)).assignee?.id, approver.userId);
    clock.aheadMs = 4 * minute;
    assert.deepEqual([await isIn(approval, 'mine', approver), await isIn(approval, 'mine', owner)], [false, true], 'back in the office');
    clock.aheadMs = 0;
    // Both away, each for the other: nobody is asked twice round.
    await read('PUT /api/v1/me/delegation', { cookie: approver.cookie, json: { to: { kind: 'member', id: owner.userId }, ...times } });
    assert.equal((await one(approval, owner)).assignee?.id, owner.userId);
    for (const person of [owner, approver])
      assert.equal((await send('DELETE /api/v1/me/delegation', { cookie: person.cookie })).status, 204);
    assert.deepEqual(await read('GET /api/v1/me/delegation', { cookie }), { delegation: null });
    assert.ok((await kindsOf(tenantId, owner.userId)).includes('absence.changed'));
  });
});

describe('putting off', () => {
  it('hides an approval from one’s own view until something happens to it or it is about to expire', async () => {
    const approval = await ask('do.it');
    const line = `/api/v1/approvals/${approval.id}/snooze` as const;
    const { cookie } = owner;
    assert.equal(await code(`POST ${line}`, { cookie, json: { until: soon(-minute) } }), '400 request.invalid');
    assert.equal(await code(`POST ${line}`, { key, json: { until: soon(minute) } }), '403 auth.forbidden');
    const until = soon(30 * 3_600_000);
    assert.equal((await read<Approval>(`POST ${line}`, { cookie, json: { until } })).snoozedUntil, until);
    assert.deepEqual(
      [await isIn(approval, 'mine', owner), await isIn(approval, 'snoozed', owner), await isIn(approval, 'mine', approver)],
      [false, true, true],
    );
    const said = await send(`POST /api/v1/approvals/${approval.id}/comments`, { cookie: approver.cookie, json: { text: 'Look again.' } });
    assert.equal(said.status, 201);
    assert.deepEqual([await isIn(approval, 'mine', owner), (await one(approval, owner)).snoozedUntil], [true, null]);
    await read(`POST ${line}`, { cookie, json: { until } });
    assert.equal((await read<Approval>(`DELETE ${line}`, { cookie })).snoozedUntil, null);
    const reads = async () => (await kindsOf(tenantId, approval.id)).filter((kind) => kind === 'access.read').length;
    const before = await reads();
    await read(`POST ${line}`, { cookie, json: { until } });
    assert.equal(await reads(), before + 1, 'whoever is shown it by that has seen it');
    clock.aheadMs = 23.5 * 3_600_000;
    assert.equal(await isIn(approval, 'mine', owner), true, 'half an hour before it expires');
    clock.aheadMs = 0;
  });
});

describe('comments', () => {
  it('are kept sealed, told in order, counted and written into the log without their words', async () => {
    const approval = await ask('do.it');
    const line = `/api/v1/approvals/${approval.id}/comments` as const;
    assert.equal(await code(`POST ${line}`, { cookie: auditor.cookie, json: { text: 'No right to.' } }), '403 auth.forbidden');
    for (const [person, text] of [
      [owner, 'first apricot'],
      [approver, 'second apricot'],
    ] as const)
      assert.equal((await send(`POST ${line}`, { cookie: person.cookie, json: { text } })).status, 201);
    const { items } = await read<{ items: { by: string; text: string }[] }>(`GET ${line}`, { cookie: auditor.cookie });
    assert.deepEqual(
      items.map(({ by, text }) => [by, text]),
      [
        [`user:${owner.userId}`, 'first apricot'],
        [`user:${approver.userId}`, 'second apricot'],
      ],
    );
    assert.equal((await one(approval, owner)).commentCount, 2);
    assert.equal((await kindsOf(tenantId, approval.id)).filter((kind) => kind === 'approval.commented').length, 2);
  });
});

describe('where two people have to agree, each present', () => {
  it('the approval says how far it has come, and what each lacks', async () => {
    const approval = await ask('pay.it');
    assert.deepEqual([approval.quorum, approval.stepUp, approval.bulk], [{ needed: 2, given: [], mineGiven: false }, true, false]);
    assert.equal(await codeOf(await accept(approval, { key })), '403 approval.person_required');
    clock.aheadMs = 11 * minute;
    assert.equal(await codeOf(await accept(approval, owner)), '403 auth.step_up_required');
    clock.aheadMs = 0;
    const first = (await (await accept(approval, owner)).json()) as Approval;
    assert.deepEqual(
      [first.state, first.quorum.given.map(({ by }) => by), first.quorum.mineGiven],
      ['waiting', [`user:${owner.userId}`], true],
    );
    assert.equal(await codeOf(await accept(approval, owner)), '409 approval.already_agreed');
    assert.deepEqual(
      [await isIn(approval, 'mine', owner), await isIn(approval, 'delegated', owner), await isIn(approval, 'mine', approver)],
      [false, true, true],
    );
    const moved = { from: '', to: '', ifMatch: '' };
    const { items } = await read<{ items: { path: string; etag: string }[] }>(
      'GET /api/v1/vault/notes?prefix=Pending_Approval%2F&limit=200',
      { cookie: approver.cookie },
    );
    const note = items.find(({ path }) => path.includes(approval.id));
    assert.ok(note);
    Object.assign(moved, { from: note.path, to: note.path.replace('Pending_Approval', 'Approved'), ifMatch: note.etag });
    assert.equal(await code('POST /api/v1/vault/move', { key, json: moved }), '403 approval.person_required', 'nor by moving its note');
    const second = (await (await accept(approval, approver)).json()) as Approval;
    assert.deepEqual([second.state, second.quorum.given.length], ['approved', 2]);
    await done(approval.taskId);
  });

  it('somebody who is removed has agreed to nothing', async () => {
    const approval = await ask('pay.it');
    const gone = await join(customer, ['approver']);
    assert.equal((await accept(approval, gone)).status, 200);
    assert.equal((await send(`DELETE /api/v1/members/${gone.userId}`, { cookie: await customer.signIn() })).status, 204);
    const after = (await (await accept(approval, approver)).json()) as Approval;
    assert.deepEqual([after.state, after.quorum.given.map(({ by }) => by)], ['waiting', [`user:${approver.userId}`]]);
  });
});

describe('several decisions at once', () => {
  const bulk = '/api/v1/approvals/decisions' as const;
  interface Outcome {
    readonly id: string;
    readonly approval: Approval | null;
    readonly error: { code: string } | null;
  }

  it('are each taken or not by themselves, and can be taken back for a moment', async () => {
    const approvals = [await ask('do.it'), await ask('do.it')];
    const decisions = approvals.map(({ id, payloadHash }) => ({ id, payloadHash, decision: 'accept' }));
    const unknown = { id: `apr_${'0'.repeat(24)}`, payloadHash: '0'.repeat(64), decision: 'accept' };
    const { items } = await read<{ items: Outcome[] }>(`POST ${bulk}`, {
      cookie: owner.cookie,
      json: { decisions: [...decisions, unknown], graceSeconds: 30 },
    });
    assert.deepEqual(
      items.map(({ approval, error }) => approval?.state ?? error?.code),
      ['approved', 'approved', 'approval.not_found'],
    );
    assert.ok(items[0]?.approval?.heldUntil);
    const [first] = approvals;
    assert.ok(first);
    const undone = await read<Approval>(`POST /api/v1/approvals/${first.id}/undo`, { cookie: owner.cookie });
    assert.equal(undone.state, 'superseded');
    const again = await waiting(first.taskId, first.id);
    assert.equal(side.effects.length > 0 && side.byKey.has(`${first.taskId}/1/one`), false, 'nothing was done');
    assert.equal((await accept(again, owner)).status, 200);
    await done(first.taskId);
    assert.equal(await code(`POST /api/v1/approvals/${again.id}/undo`, { cookie: owner.cookie }), '409 approval.not_undoable');
    assert.ok((await kindsOf(tenantId, first.id)).includes('approval.undone'));
  });

  it('say yes to nothing grave and to no mixture, and no to anything', async () => {
    const [money, harmless, other] = [await ask('pay.it'), await ask('do.it'), await ask('do.it')];
    const decisions = (decision: string, ...asked: Approval[]) => ({
      cookie: owner.cookie,
      json: {
        decisions: asked.map(({ id, payloadHash }) => ({
          id,
          payloadHash,
          decision,
          ...(decision === 'reject' ? { comment: 'No.' } : {}),
        })),
      },
    });
    assert.equal(await code(`POST ${bulk}`, decisions('accept', money)), '422 approval.not_alike');
    assert.equal(await code(`POST ${bulk}`, decisions('accept', harmless, money)), '422 approval.not_alike');
    assert.equal(await code(`POST ${bulk}`, decisions('accept', harmless, harmless)), '400 request.invalid');
    const { items } = await read<{ items: Outcome[] }>(`POST ${bulk}`, decisions('reject', money, harmless, other));
    assert.deepEqual(
      items.map(({ approval }) => approval?.state),
      ['rejected', 'rejected', 'rejected'],
    );
    const repeated = await read<{ items: Outcome[] }>(`POST ${bulk}`, decisions('reject', money));
    assert.equal(repeated.items[0]?.error?.code, 'approval.already_decided');
  });
});

describe('the list and what lies beside it', () => {
  it('is filtered by risk, tool and words, page by page', async () => {
    const wanted = await Promise.all([ask('do.it'), ask('do.it'), ask('do.it')]);
    const ids = wanted.map(({ id }) => id);
    const list = async (query: string) =>
      await read<{ items: Approval[]; nextCursor: string | null }>(`GET /api/v1/approvals?${query}`, { key });
    assert.ok((await list('tool=pay.it&limit=200')).items.every(({ tool }) => tool === 'pay.it'));
    assert.ok((await list('risk=high&limit=200')).items.every(({ tool }) => tool === 'pay.it'));
    assert.deepEqual((await list('q=nobodywrotethis')).items, []);
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: Approval[]; nextCursor: string | null } = await list(
        `state=waiting&q=do.it%20ONE&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      assert.ok(page.items.length <= 2);
      found.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    assert.ok(ids.every((id) => found.includes(id)));
    assert.equal(new Set(found).size, found.length, 'each once');
  });

  it('tells what was decided about the tool before, and holds the action against what arrived', async () => {
    const before = await ask('do.it');
    await accept(before, owner, { comment: 'Fine by me.' });
    await done(before.taskId);
    const approval = await ask('do.it', 'The value is one');
    const { items } = await read<{ items: { id: string; state: string; comment: string | null; differences: string[] }[] }>(
      `GET /api/v1/approvals/${approval.id}/similar`,
      { key },
    );
    assert.ok(items.length >= 1 && items.length <= 5);
    assert.ok(items.every(({ id, state }) => id !== approval.id && ['approved', 'rejected'].includes(state)));
    assert.deepEqual(
      items.find(({ id }) => id === before.id),
      { ...items.find(({ id }) => id === before.id), comment: 'Fine by me.', differences: [] },
    );
    const source = await read<{ items: unknown[] }>(`GET /api/v1/approvals/${approval.id}/source`, { key });
    assert.deepEqual(source.items, [], 'a free text is held against nothing');
  });
});
