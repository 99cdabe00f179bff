import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { type Id, newId } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { testPlatform } from '../../../test/platform.ts';
import { sealTaskDetail } from './change.ts';
import { findTasks, type TaskFilter, taskNames } from './find.ts';
import { createReadWordsJob } from './read-words.ts';
import { taskWords } from './words.ts';

const platform = await testPlatform();
const { database, keyring } = platform;

const inTenant = async <R>(tenantId: Id<'tenant'>, work: (tx: Tx, keys: TenantKeys) => Promise<R>): Promise<R> => {
  const keys = await keyring.of(tenantId);
  return withTenant(database.app.db, tenantId, (tx) => work(tx, keys));
};

interface Made {
  readonly title: string;
  readonly from?: string;
  readonly state?: string;
  readonly playbook?: string;
  readonly risk?: string;
  readonly waitReason?: string;
  readonly at: Date;
}

/** Tasks as they would lie there, in this order. */
async function fill(tenantId: Id<'tenant'>, tasks: readonly Made[], { withWords = true } = {}): Promise<string[]> {
  const event = await platform.send(tenantId, {}, { source: 'test' });
  const ids = await inTenant(tenantId, async (tx, keys) => {
    const rows = tasks.map((task) => {
      const taskId = newId('task', task.at.getTime());
      const words = taskWords(keys, { taskId, source: 'test', title: task.title, from: task.from });
      return { ...task, taskId, words, detail: sealTaskDetail(keys, taskId, { title: task.title, from: task.from ?? 'nobody' }) };
    });
    const of = <T>(pick: (row: (typeof rows)[number]) => T) => rows.map(pick);
    await sql`insert into app.task (tenant_id, task_id, event_id, source, kind, state, playbook, risk, wait_reason, detail, created_at, updated_at)
      select ${tenantId}, n.id, (select event_id from app.task where tenant_id = ${tenantId} and task_id = ${event}), 'test', 'test', n.state, n.playbook, n.risk, n.wait, n.detail, n.at, n.at
      from unnest(${of(({ taskId }) => taskId)}::text[], ${of(({ state = 'done' }) => state)}::text[], ${of(({ playbook = null }) => playbook)}::text[],
        ${of(({ risk = null }) => risk)}::text[], ${of(({ waitReason = null }) => waitReason)}::text[], ${of(({ detail }) => detail)}::bytea[], ${of(({ at }) => at)}::timestamptz[])
        as n(id, state, playbook, risk, wait, detail, at)`.execute(tx);
    const lines = withWords
      ? rows.flatMap(({ taskId, words: { segment, words } }) => words.map((word) => ({ taskId, segment, word })))
      : [];
    await sql`insert into app.task_word (tenant_id, segment, word, task_id) select ${tenantId}, n.segment, n.word, n.id
      from unnest(${lines.map(({ segment }) => segment)}::int[], ${lines.map(({ word }) => word)}::int[], ${lines.map(({ taskId }) => taskId)}::text[])
        as n(segment, word, id)`.execute(tx);
    return rows.map(({ taskId }) => taskId);
  });
  // As autovacuum would before long: until then the database takes a tenant that it does not know for one of few rows.
  const owner = new pg.Client({ connectionString: platform.ownerUrl });
  await owner.connect();
  await owner.query('analyze app.task, app.task_word');
  await owner.end();
  return ids;
}

/** All pages one after the other. */
async function findAll(tenantId: Id<'tenant'>, filter: TaskFilter, limit = 7): Promise<{ ids: string[]; pages: number; stops: number }> {
  const ids: string[] = [];
  let stops = 0;
  let before: string | null = null;
  for (let pages = 1; ; pages += 1) {
    const found = await inTenant(tenantId, (tx, keys) => findTasks(tx, keys, { tenantId, filter, before, limit }));
    ids.push(...found.rows.map(({ taskId }) => taskId));
    if (found.lookedBackTo !== null) stops += 1;
    if (found.next === null) return { ids, pages, stops };
    before = found.next;
  }
}

const day = (number: number) => new Date(Date.UTC(2025, 0, 1) + number * 86_400_000);
const names = ['Invoice 2025-7 from Müller', 'Offer for a new roof', 'Re: invoice', 'Müller wants a date'];
const states = ['done', 'failed', 'waiting', 'cancelled'];
const tenant = await platform.buildTenant();
/** Two years, so several segments, in every mixture of what can be asked for. */
const made = Array.from({ length: 240 }, (_, at): Made => {
  const state = states[at % 4] ?? 'done';
  return {
    title: names[at % names.length] ?? '',
    from: at % 3 === 0 ? 'Anna <anna@northwind.example>' : 'Bert',
    state,
    playbook: at % 5 === 0 ? 'Playbooks/Rare.md' : 'Playbooks/Usual.md',
    risk: ['low', 'medium', 'high'][at % 7] ?? 'low',
    ...(state === 'waiting' ? { waitReason: at % 8 === 2 ? 'question' : 'approval' } : {}),
    at: day(at * 3),
  };
});
const ids = await fill(tenant, made);
const expected = (meets: (task: Made) => boolean) => ids.filter((_, at) => meets(made[at] as Made)).toReversed();

describe('tasks are found', () => {
  const cases: [string, TaskFilter, (task: Made) => boolean][] = [
    ['by state', { states: ['failed', 'waiting'] }, ({ state }) => state === 'failed' || state === 'waiting'],
    ['by what they wait for', { waitReason: 'question' }, ({ waitReason }) => waitReason === 'question'],
    ['by playbook', { playbook: 'Playbooks/Rare.md' }, ({ playbook }) => playbook === 'Playbooks/Rare.md'],
    ['by a risk that has an index', { risk: 'high' }, ({ risk }) => risk === 'high'],
    ['by a risk that has none', { risk: 'low' }, ({ risk }) => risk === 'low'],
    ['by the time they were made', { from: day(90), until: day(120) }, ({ at }) => at >= day(90) && at < day(120)],
    ['by a word in any case', { words: 'INVOICE' }, ({ title }) => /invoice/i.test(title)],
    ['by a word without its accents', { words: 'muller' }, ({ title }) => title.includes('Müller')],
    ['by who sent them', { words: 'northwind' }, ({ from }) => from?.includes('northwind') === true],
    ['by several words, all of them, in any order', { words: 'müller, invoice!' }, ({ title }) => title === names[0]],
    [
      'by everything at once',
      { words: 'invoice', states: ['done'], playbook: 'Playbooks/Usual.md', risk: 'low', from: day(30), until: day(600), source: 'test' },
      ({ title, state, playbook, risk, at }) =>
        /invoice/i.test(title) && state === 'done' && playbook === 'Playbooks/Usual.md' && risk === 'low' && at >= day(30) && at < day(600),
    ],
  ];
  for (const [how, filter, meets] of cases)
    it(`${how}, newest first, each once over all pages`, async () => {
      const wanted = expected(meets);
      assert.ok(wanted.length > 0, 'the case finds something');
      assert.deepEqual((await findAll(tenant, filter)).ids, wanted);
      assert.deepEqual((await findAll(tenant, filter, 200)).ids, wanted);
    });

  it('not by part of a word, nor by a word that no task has, nor from a source that there is not', async () => {
    for (const filter of [{ words: 'invoi' }, { words: 'invoice zebra' }, { source: 'other' }])
      assert.deepEqual((await findAll(tenant, filter)).ids, []);
  });

  it('as soon as they have come in', async () => {
    const fresh = await platform.buildTenant();
    const task = await platform.send(fresh, {}, { source: 'shop' });
    assert.deepEqual((await findAll(fresh, { words: 'test' })).ids, [task]);
    assert.deepEqual((await findAll(fresh, { source: 'shop' })).ids, [task]);
    assert.deepEqual((await findAll(fresh, { words: 'stranger@example.com' })).ids, [task], 'by the address of the sender');
    assert.deepEqual(await inTenant(fresh, (tx) => taskNames(tx, fresh)), { sources: ['shop'], playbooks: [] });
  });

  it('by none but their own tenant', async () => {
    const other = await platform.buildTenant();
    assert.deepEqual((await findAll(other, { words: 'invoice' })).ids, []);
    const numbers = async (tenantId: Id<'tenant'>) =>
      inTenant(tenantId, async (_, keys) => taskWords(keys, { taskId: ids[0] ?? '', source: 'test', title: 'invoice' }).words);
    assert.notDeepEqual(await numbers(tenant), await numbers(other), 'the same word has another number elsewhere');
  });
});

it('conditions that hardly meet cost a page a bounded look, which says how far back it went, and the next goes on from there', async () => {
  const crowded = await platform.buildTenant();
  // One task in which both conditions hold, behind thousands in which one of them does.
  const count = 11_000;
  const all = await fill(
    crowded,
    Array.from(
      { length: count },
      (_, at): Made => ({
        title: at === 0 || at % 2 === 1 ? 'red' : 'plain',
        state: at % 2 === 0 ? 'failed' : 'done',
        at: new Date(day(0).getTime() + at * 1_000),
      }),
    ),
  );
  assert.deepEqual((await findAll(crowded, { words: 'red plain', states: ['failed'] })).ids, []);
  const found = await findAll(crowded, { risk: 'low', from: day(0) });
  assert.deepEqual([found.ids, found.pages, found.stops], [[], 3, 2]);
  assert.deepEqual((await findAll(crowded, { words: 'red', states: ['failed'] })).ids, [all[0]]);
});

it('tasks from before there were words are found when their job has read them, which may die anywhere', async () => {
  const old = await platform.buildTenant();
  const before = await fill(
    old,
    [
      { title: 'An old invoice', at: day(0) },
      { title: 'A newer invoice', at: day(400) },
    ],
    { withWords: false },
  );
  assert.deepEqual((await findAll(old, { words: 'invoice' })).ids, []);
  const job = createReadWordsJob({ app: database.app, keysOf: keyring.of });
  let saves = 0;
  const count = () => {
    saves += 1;
  };
  const run = (save: () => Promise<void>) =>
    job.run({
      ...{ id: newId('job'), tenantId: old, input: null, position: null, actor: 'system:test' },
      signal: new AbortController().signal,
      save,
    });
  await assert.rejects(
    run(async () => Promise.reject(new Error('died'))),
    /died/,
  );
  assert.deepEqual(await run(async () => count()), { tasks: 3 });
  assert.equal(saves, 1);
  assert.deepEqual((await findAll(old, { words: 'invoice' })).ids, before.toReversed());
});
