import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { parse } from 'yaml';
import { decideApproval, refuseAltered } from '#flow/approval';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { noteFields } from '#trust/vault';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { eventually, testPlatform } from '../../../test/platform.ts';
import { type GeneratedNote, listGenerated, moveGenerated, type ProjectionContext, readGenerated } from './projection.ts';

const side = farSide();
const platform = await testPlatform({
  tools: () => [
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
    scriptedTool({
      name: 'fail.it',
      effect: 'write',
      side,
      script: () => ({ kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'The far side said no.' }),
    }),
  ],
});
await platform.startWorker();
const { db } = platform.database.app;

const pay = { 'Playbooks/Test.md': playbook([{ id: 'pay', tool: 'pay.it', value: 'one' }]) };

/** A tenant's drawn notes, as a member of it sees them. */
async function viewOf(tenantId: Id<'tenant'>) {
  const keys = await platform.keyring.of(tenantId);
  const inTenant = <R>(work: (context: ProjectionContext) => Promise<R>, now = new Date()): Promise<R> =>
    withTenant(db, tenantId, (tx) => work({ tx, tenantId, keys, catalogue: platform.catalogue, now }));
  return {
    inTenant,
    list: (folder = '', now?: Date) => inTenant((context) => listGenerated(context, folder), now),
    paths: async (folder = '') => (await inTenant((context) => listGenerated(context, folder))).map(({ path }) => path),
    read: (path: string) => inTenant((context) => readGenerated(context, path)),
    async move(from: string, to: string, ifMatch: string, actor = 'user:usr_boss') {
      const moved = await inTenant((context) => moveGenerated(context, { from, to, ifMatch, actor }));
      refuseAltered(moved.approval);
      return moved;
    },
  };
}

/** A tenant with one payment that waits for a decision. */
async function waitingPayment() {
  const tenantId = await platform.buildTenant(pay);
  const taskId = await platform.send(tenantId, {});
  await platform.until(tenantId, taskId, 'waiting');
  const view = await viewOf(tenantId);
  const [note] = await view.list('Pending_Approval/');
  return { tenantId, taskId, note: note ?? assert.fail('nothing waits'), ...view };
}

const target = (note: GeneratedNote, folder: string) => note.path.replace('Pending_Approval', folder);
const count = (value: string) => side.effects.filter((effect) => effect === `pay.it:${value}`).length;

test('a task is a note in the folder of its state, with its words in the body and its facts in front', async () => {
  const tenantId = await platform.buildTenant({
    'Playbooks/Test.md': playbook([{ id: 'one', tool: 'do.it' }]),
    'Playbooks/Fail.md': playbook([{ id: 'one', tool: 'fail.it' }], 'Fail').replace('source: test', 'source: failing'),
  });
  const done = await platform.send(tenantId, {});
  const failed = await platform.send(tenantId, {}, { source: 'failing' });
  const asked = await platform.send(tenantId, {}, { source: 'nobody' });
  await platform.until(tenantId, done, 'done');
  await platform.until(tenantId, failed, 'failed');
  await platform.until(tenantId, asked, 'waiting');
  const view = await viewOf(tenantId);
  const month = new Date().toISOString().slice(0, 7);
  assert.deepEqual(
    (await view.paths()).sort(),
    ['Dashboard.md', `Done/${month}/A test ${done}.md`, `Needs_Action/A test ${failed}.md`, `Needs_Action/A test ${asked}.md`].sort(),
  );
  const note = await view.read(`Done/${month}/A test ${done}.md`);
  const { received, ...fields } = noteFields(note?.content ?? '');
  assert.deepEqual(fields, {
    type: 'event',
    task_id: done,
    from: 'stranger@example.com',
    subject: 'A test',
    priority: 'low',
    status: 'done',
    outcome: 'completed',
    playbook: 'Test',
  });
  assert.ok(typeof received === 'string');
  assert.match((await view.read(`Needs_Action/A test ${asked}.md`))?.content ?? '', /^\*\*Question:\*\* No playbook says what to do/m);
  assert.match((await view.read(`Needs_Action/A test ${failed}.md`))?.content ?? '', /^\*\*Error:\*\* /m);
  // In another folder, or under other words, lies nothing.
  for (const path of [`Needs_Action/A test ${done}.md`, `Done/${month}/Other ${done}.md`, `Done/A test ${done}.md`])
    assert.equal(await view.read(path), null);
  for (const { path, etag } of await view.list()) assert.equal((await view.read(path))?.etag, etag);
});

test('every state has its folder', async () => {
  const { tenantId, taskId, ...view } = await waitingPayment();
  const month = new Date().toISOString().slice(0, 7);
  const folders = {
    received: 'Needs_Action',
    planning: 'In_Progress',
    running: 'In_Progress',
    waiting: 'Needs_Action',
    failed: 'Needs_Action',
    done: `Done/${month}`,
    cancelled: `Done/${month}`,
  };
  const owner = platform.database.engine.pool;
  for (const [state, folder] of Object.entries(folders)) {
    // Frozen in that state: no worker takes what is not due.
    await owner.query('update app.task set state = $3, run_at = null where tenant_id = $1 and task_id = $2', [tenantId, taskId, state]);
    assert.deepEqual(
      (await view.paths()).filter((path) => path.includes(taskId)),
      [`${folder}/A test ${taskId}.md`],
      state,
    );
  }
});

test('moving the question to Approved/ is the decision, once, and is carried out', async () => {
  const { tenantId, taskId, note, move, read, paths } = await waitingPayment();
  const before = count('one');
  const fields = noteFields(note.content);
  assert.deepEqual([fields.type, fields.action, fields.status, fields.task_id], ['approval_request', 'pay.it', 'pending', taskId]);
  assert.match(String(fields.payloadHash), /^[0-9a-f]{64}$/);
  const moved = await move(note.path, target(note, 'Approved'), note.etag);
  assert.deepEqual(
    [moved.decision, moved.path, moved.approval.state, moved.approval.decidedBy],
    ['accept', target(note, 'Approved'), 'approved', 'user:usr_boss'],
  );
  await platform.until(tenantId, taskId, 'done');
  assert.equal(count('one') - before, 1);
  assert.equal(noteFields((await read(moved.path))?.content ?? '').decided_by, 'user:usr_boss');
  assert.deepEqual(await paths('Pending_Approval'), []);
  for (const folder of ['Approved', 'Rejected'])
    await assert.rejects(move(note.path, target(note, folder), note.etag), (error) => {
      assert.ok(isFactotumError(error, 'approval.already_decided'));
      assert.equal(error.details?.decidedBy, 'user:usr_boss');
      return true;
    });
  assert.equal(count('one') - before, 1);
});

test('moving it to Rejected/ refuses it, and nothing is done', async () => {
  const { tenantId, taskId, note, move, paths } = await waitingPayment();
  const before = count('one');
  assert.equal((await move(note.path, target(note, 'Rejected'), note.etag)).decision, 'reject');
  const ended = await platform.until(tenantId, taskId, 'done', 'cancelled', 'failed');
  assert.equal(ended.task.outcome, 'refused');
  assert.deepEqual(await paths('Rejected'), [target(note, 'Rejected')]);
  assert.equal(count('one'), before);
});

test('of ten who move it at once, to either side, exactly one decides', async () => {
  const { tenantId, taskId, note, move } = await waitingPayment();
  const before = count('one');
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, at) =>
      move(note.path, target(note, at % 2 === 0 ? 'Approved' : 'Rejected'), note.etag, `user:usr_${at}`),
    ),
  );
  const won = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  assert.equal(won.length, 1);
  assert.ok(answers.every((answer) => answer.status === 'fulfilled' || isFactotumError(answer.reason, 'approval.already_decided')));
  await platform.until(tenantId, taskId, 'done', 'cancelled');
  assert.equal(count('one') - before, won[0]?.decision === 'accept' ? 1 : 0);
});

test('a note that is not the one that stands there decides nothing', async () => {
  const { note, move, read } = await waitingPayment();
  for (const ifMatch of ['', '*', note.etag.toUpperCase(), note.etag.slice(1), 'x'.repeat(32)])
    await assert.rejects(
      move(note.path, target(note, 'Approved'), ifMatch),
      (error) => isFactotumError(error, 'approval.note_changed'),
      ifMatch,
    );
  assert.equal((await read(note.path))?.etag, note.etag);
});

test('a question that was altered in the table is never decided by the note that was seen', async () => {
  const { tenantId, note, move } = await waitingPayment();
  const before = count('one');
  await sqlAsOwner(`update app.approval set expires_at = expires_at + interval '1 day' where tenant_id = '${tenantId}'`);
  await assert.rejects(
    move(note.path, target(note, 'Approved'), note.etag),
    (error) => error instanceof FactotumError && error.code.startsWith('approval.'),
  );
  assert.equal(count('one'), before);
});

test('a question is moved only from where it lies, to where it can go, under its name', async () => {
  const { note, move, taskId, paths } = await waitingPayment();
  const name = note.path.slice('Pending_Approval/'.length);
  for (const to of [`Done/${name}`, `Approved/Other ${name}`, `Approved/sub/${name}`, `approved/${name}`, name, `Notes/${name}`, note.path])
    await assert.rejects(move(note.path, to, note.etag), (error) => isFactotumError(error, 'vault.generated'), to);
  const task = (await paths('Needs_Action'))[0] ?? assert.fail();
  assert.ok(task.includes(taskId));
  await assert.rejects(move(task, task.replace('Needs_Action', 'Approved'), note.etag), (error) =>
    isFactotumError(error, 'vault.generated'),
  );
  await assert.rejects(move('Dashboard.md', 'Approved/Dashboard.md', note.etag), (error) => isFactotumError(error, 'vault.generated'));
  const renamed = note.path.replace('pay.it', 'nothing much');
  await assert.rejects(move(renamed, target({ ...note, path: renamed }, 'Approved'), note.etag), (error) =>
    isFactotumError(error, 'vault.not_found'),
  );
  assert.deepEqual(await paths('Pending_Approval'), [note.path]);
});

test("another tenant's task and question are not found, whoever knows their names", async () => {
  const { note, tenantId, taskId, paths } = await waitingPayment();
  const task = (await paths('Needs_Action'))[0] ?? assert.fail();
  const stranger = await viewOf(await platform.buildTenant());
  assert.equal(await stranger.read(note.path), null);
  assert.equal(await stranger.read(task), null);
  assert.deepEqual(await stranger.paths(), ['Dashboard.md']);
  await assert.rejects(stranger.move(note.path, target(note, 'Approved'), note.etag), (error) => isFactotumError(error, 'vault.not_found'));
  assert.equal((await platform.look(tenantId, taskId)).approvals[0]?.state, 'waiting');
});

test('what was decided elsewhere moves the note as well', async () => {
  const { tenantId, note, inTenant, paths } = await waitingPayment();
  const keys = await platform.keyring.of(tenantId);
  const hash = String(noteFields(note.content).payloadHash);
  const id = /apr_[0-9a-f]{24}/.exec(note.path)?.[0] ?? assert.fail();
  await inTenant(({ tx, catalogue, now }) =>
    decideApproval({ tx, tenantId, keys, catalogue, actor: 'user:usr_web', now }, id, { decision: 'accept', payloadHash: hash }),
  );
  assert.deepEqual(await paths('Pending_Approval'), []);
  assert.deepEqual(await paths('Approved'), [target(note, 'Approved')]);
});

test('only what is younger than 90 days is shown', async () => {
  const { note, taskId, list } = await waitingPayment();
  const day = 86_400_000;
  const shown = async (days: number) =>
    (await list('', new Date(Date.now() + days * day)))
      .map(({ path }) => path)
      .filter((path) => path.includes(taskId) || path === note.path);
  assert.equal((await shown(89)).length, 2);
  assert.deepEqual(await shown(91), []);
});

test('a folder is listed by itself, and the dashboard leads to what waits and what happened', async () => {
  const { note, taskId, paths, read } = await waitingPayment();
  assert.deepEqual(await paths('Pending_Approval/'), [note.path]);
  assert.deepEqual(await paths('Approved/'), []);
  assert.deepEqual(await paths('Notes/'), []);
  const dashboard = (await read('Dashboard.md'))?.content ?? '';
  assert.match(
    dashboard,
    new RegExp(`## Waiting for you\\n\\n- \\[\\[${note.path.replace('.md', '').replaceAll('.', '\\.')}\\|pay\\.it one\\]\\]`),
  );
  assert.ok(dashboard.includes(`- [[Needs_Action/A test ${taskId}|A test]] (waiting)`));
  const empty = await viewOf(await platform.buildTenant());
  assert.match((await empty.read('Dashboard.md'))?.content ?? '', /Nothing waits for you\.[\s\S]*Nothing has happened yet\./);
});

test("a stranger's words stay words: no link, image, HTML, formula or comment comes alive in a note", async () => {
  const evil =
    '[click](https://evil.example) ![x](http://e/x.gif) <img src=x onerror=alert(1)> %%hidden%% $\\color{white}x$ [[Other|note]] ~~struck~~ ==marked== `code` &nbsp; www.evil.example\n---\nstatus: approved\n# Heading';
  const tenantId = await platform.buildTenant();
  const provenance = { channel: 'http', submittedBy: 'key:test', integrity: 'untrusted', from: 'a@x.org\n---\nstatus: done' } as const;
  const { taskId } = await platform.intake.accept(tenantId, {
    source: 'evil',
    kind: 'evil.came',
    externalId: '1',
    payload: {},
    title: evil.slice(0, 290),
    provenance,
  });
  await platform.until(tenantId, taskId, 'waiting');
  const view = await viewOf(tenantId);
  const note = await eventually(async () => (await view.list('Needs_Action'))[0]);
  const [, head = '', ...body] = note.content.split(/^---$/m);
  assert.deepEqual([parse(head).status, parse(head).subject, parse(head).from], ['waiting', evil.slice(0, 290), provenance.from]);
  const text = body.join('---');
  assert.equal(text.split('\n').filter((line) => line.startsWith('#')).length, 1);
  for (const alive of [
    /(?<!\\)\]\(/,
    /(?<!\\)!\[/,
    /(?<!\\)</,
    /(?<!\\)%%/,
    /(?<!\\)\$/,
    /(?<!\\)\[\[/,
    /(?<!\\)~~/,
    /(?<!\\)`/,
    /(?<!\\)&/,
    /:\/\//,
    /www\./,
  ])
    assert.doesNotMatch(text, alive);
  const dashboard = (await view.read('Dashboard.md'))?.content ?? '';
  assert.equal(dashboard.split('[[').length, 2);
  for (const alive of [/</, /%%/, /\$/, /`/, /\]\(/, /:\/\//]) assert.doesNotMatch(dashboard, alive);
});

/** What only somebody with the database in his hands can do. */
async function sqlAsOwner(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: platform.ownerUrl });
  await client.connect();
  try {
    await client.query('alter table app.approval no force row level security');
    assert.equal((await client.query(statement)).rowCount, 1);
    await client.query('alter table app.approval force row level security');
  } finally {
    await client.end();
  }
}
