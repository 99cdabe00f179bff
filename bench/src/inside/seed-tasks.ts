import { once } from 'node:events';
import pg from 'pg';
import { sealTaskDetail } from '../../../server/src/flow/task/index.ts';
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
const insert = `insert into app.task (tenant_id, task_id, event_id, source, kind, state, outcome, detail, created_at, updated_at, finished_at)
  select $1, n.id, $2, 'bench', 'read', n.state, case when n.state = 'done' then 'completed' end, n.detail, n.at, n.at, n.at
  from unnest($3::text[], $4::text[], $5::bytea[], $6::timestamptz[]) as n(id, state, detail, at)`;

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
    const details = ids.map((id, at) =>
      sealTaskDetail(keys, id, { title: `Order ${start + at}`, summary: `Classify Order ${start + at}` }),
    );
    const states = numbers.map((number) => (number % 50 === 0 ? 'failed' : 'done'));
    await client.query(insert, [tenantId, eventId, ids, states, details, numbers.map((number) => new Date(firstMs + number * 1_000))]);
    for (const [at, id] of ids.entries()) if ((start + at) % Math.ceil(count / cursors) === 0) given.push(makeCursor(keys, 'tasks', id));
  }
  await client.query('vacuum analyze app.task');
  await client.end();
  await parts.close();
  return { cursors: given.toReversed(), seconds: (performance.now() - startedAt) / 1_000 };
}
