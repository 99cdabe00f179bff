import { once } from 'node:events';
import pg from 'pg';
import { sealTaskDetail, taskWords } from '../../../server/src/flow/task/index.ts';
import { type Id, newId } from '../../../server/src/kernel/index.ts';
import { makeCursor } from '../../../server/src/surface/http/cursor.ts';
import { openParts } from './parts.ts';

/** What is asked of this program, and what it answers. */
export interface SeedTask {
  readonly dataFolder: string;
  readonly tenantId: Id<'tenant'>;
  readonly count: number;
  /** How many places in the list to give cursors for, spread evenly from the newest to the oldest. */
  readonly cursors: number;
}
export interface Seeded {
  readonly cursors: readonly string[];
  readonly seconds: number;
}

const batchRows = 5_000;
const insert = `insert into app.task (tenant_id, task_id, event_id, source, kind, state, outcome, detail, created_at, updated_at, finished_at, playbook, risk)
  select $1, n.id, $2, n.source, 'read', n.state, case when n.state = 'done' then 'completed' end, n.detail, n.at, n.at, n.at, n.playbook, n.risk
  from unnest($3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::text[], $8::text[], $9::text[]) as n(id, state, detail, at, source, playbook, risk)`;
const insertWords = `insert into app.task_word (tenant_id, segment, word, task_id)
  select $1, n.segment, n.word, n.id from unnest($2::int[], $3::int[], $4::text[]) as n(segment, word, id)`;

/**
 * What task number `number` of `count` is like. Of each kind there is what is on every task, on some and on few; and what was usual long
 * ago and is no more, which is where an index that looks at everything falls behind.
 */
const taskLike = (number: number, count: number) => ({
  title: `Order ${number} of customer${number % 1_000}${number < count / 10 ? ' archived' : ''}`,
  state: number % 50 === 0 ? 'failed' : 'done',
  source: number % 10 === 0 ? 'shop' : 'mail',
  playbook: number % 20_000 === 7 ? 'Playbooks/Rare.md' : `Playbooks/Usual ${number % 5}.md`,
  risk: number % 1_000 === 3 ? 'high' : number % 20 === 0 ? 'medium' : 'low',
});

const [message] = await once(process, 'message');
// Only our own parent talks to this process.
const seeded = await seed(message as SeedTask);
process.send?.(seeded, () => process.exit(0));

/**
 * Writes finished tasks straight into the table, each sealed as its own: a million real ones would take most of an hour.
 * All of them hang on the tenant's one event.
 */
async function seed({ dataFolder, tenantId, count, cursors }: SeedTask): Promise<Seeded> {
  const startedAt = performance.now();
  const parts = await openParts(dataFolder);
  const keys = await parts.keyring.of(tenantId);
  const client = new pg.Client({ connectionString: parts.superuserUrl });
  await client.connect();
  const found = await client.query<{ event_id: string }>('select event_id from app.event where tenant_id = $1 limit 1', [tenantId]);
  const eventId = found.rows[0]?.event_id;
  if (eventId === undefined) throw new Error('The tenant has no event to hang the tasks on.');
  const given: string[] = [];
  const firstMs = Date.now() - count * 1_000;
  for (let start = 0; start < count; start += batchRows) {
    const numbers = Array.from({ length: Math.min(batchRows, count - start) }, (_, at) => start + at);
    const ids = numbers.map((number) => newId('task', firstMs + number * 1_000));
    const tasks = numbers.map((number) => taskLike(number, count));
    const details = tasks.map(({ title }, at) => sealTaskDetail(keys, ids[at] ?? '', { title, summary: `Classify ${title}` }));
    await client.query(insert, [
      tenantId,
      eventId,
      ids,
      tasks.map(({ state }) => state),
      details,
      numbers.map((number) => new Date(firstMs + number * 1_000)),
      tasks.map(({ source }) => source),
      tasks.map(({ playbook }) => playbook),
      tasks.map(({ risk }) => risk),
    ]);
    const lines = tasks.flatMap(({ title, source }, at) => {
      const taskId = ids[at] ?? '';
      const { segment, words } = taskWords(keys, { taskId, title, source });
      return words.map((word) => ({ segment, word, taskId }));
    });
    await client.query(insertWords, [
      tenantId,
      lines.map(({ segment }) => segment),
      lines.map(({ word }) => word),
      lines.map(({ taskId }) => taskId),
    ]);
    for (const [at, id] of ids.entries()) if ((start + at) % Math.ceil(count / cursors) === 0) given.push(makeCursor(keys, 'tasks', id));
  }
  await client.query('vacuum analyze app.task');
  await client.query('vacuum analyze app.task_word');
  await client.end();
  await parts.close();
  return { cursors: given.toReversed(), seconds: (performance.now() - startedAt) / 1_000 };
}
