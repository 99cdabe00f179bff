import { CompiledQuery } from 'kysely';
import { z } from 'zod';
import type { Id } from '#kernel';
import { fullName, insertTextRows, selectTextRows, type TextRow, type TextTable, type Tx } from '#kernel/database';
import { invalid } from './fault.ts';
import { jsonOf, linesOf } from './lines.ts';

/** A mail of 25 MiB as base64, and the rest of its row. */
const lineBytesMax = 64 * 1024 * 1024;
/** What is read or written at once. */
const batchBytes = 4 * 1024 * 1024;
const batchRows = 500;
/** Rows whose sizes are asked at once. */
const sizesAtOnce = 5_000;

/**
 * A table's rows of one tenant: a line with the columns, then a line for each row. Rows are read by their place in the transaction's
 * snapshot, a few megabytes at a time, so the caller's transaction must be a repeatable read.
 */
export async function* exportRows(tx: Tx, tenantId: Id<'tenant'>, table: TextTable): AsyncGenerator<string> {
  yield `${JSON.stringify({ table: table.name, columns: table.columns.map(({ name }) => name) })}\n`;
  const wide = table.columns
    .filter(({ type }) => type === 'bytea' || type === 'text')
    .map(({ name }) => `coalesce(octet_length("${name}"), 0)`);
  const cursor = `archive_${table.name}`;
  await raw(
    tx,
    `declare ${cursor} no scroll cursor for select ctid::text as place, ${wide.length === 0 ? '0' : wide.join(' + ')} as bytes
      from ${fullName(table)} where tenant_id = '${tenantId}'`,
  );
  for (;;) {
    const { rows } = await raw<{ place: string; bytes: number }>(tx, `fetch ${sizesAtOnce} from ${cursor}`);
    for (const places of batches(rows)) {
      const found = await selectTextRows(tx, table, 'where tenant_id = $1 and ctid = any($2::tid[])', [tenantId, places]);
      for (const row of found) yield `${JSON.stringify(row)}\n`;
    }
    if (rows.length < sizesAtOnce) break;
  }
  await raw(tx, `close ${cursor}`);
}

function* batches(rows: readonly { place: string; bytes: number }[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const row of rows) {
    batch.push(row.place);
    bytes += row.bytes;
    if (bytes < batchBytes && batch.length < batchRows) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** The tenant's id has been checked by `withTenant`, and names of tables are the catalogue's. */
const raw = <Row>(tx: Tx, text: string) => tx.executeQuery<Row>(CompiledQuery.raw(text));

const headingSchema = z.strictObject({ table: z.string(), columns: z.array(z.string()).max(200) });
const rowSchema = z.array(z.string().nullable());

/** What some columns are here, whatever they were there. */
const here: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  tenant: { state: 'importing', state_reason: null, moved_to: null, erases_at: null },
  // Whoever worked on it works elsewhere.
  task: { owner: null },
  // Two installations must not read one mailbox: a person says when it goes on here.
  connection: { owner: null, wake: 'f', state: 'paused' },
};

/**
 * Writes a table's rows in the caller's transaction.
 *
 * @returns how many.
 * @throws FactotumError `archive.invalid` for columns that this release does not know, rows of another tenant and rows of another form.
 */
export async function importRows(
  tx: Tx,
  tenantId: Id<'tenant'>,
  tables: readonly TextTable[],
  name: string,
  body: AsyncIterable<Buffer>,
): Promise<number> {
  const lines = linesOf(body, lineBytesMax);
  const table = tableOf(tables, name, (await lines.next()).value);
  const tenantAt = table.columns.findIndex((column) => column.name === 'tenant_id');
  const set = Object.entries(here[name] ?? {}).map(
    ([column, value]) => [table.columns.findIndex((one) => one.name === column), value] as const,
  );
  let count = 0;
  let batch: TextRow[] = [];
  let bytes = 0;
  for await (const line of lines) {
    const row = rowSchema.length(table.columns.length).safeParse(jsonOf(line));
    if (!row.success) throw invalid(`a row of ${name} has another form`, row.error);
    if (row.data[tenantAt] !== tenantId) throw invalid(`a row of ${name} is of another tenant`);
    for (const [at, value] of set) if (at >= 0) row.data[at] = value;
    batch.push(row.data);
    count += 1;
    bytes += line.length;
    if (bytes < batchBytes && batch.length < batchRows) continue;
    await insertTextRows(tx, table, batch);
    batch = [];
    bytes = 0;
  }
  await insertTextRows(tx, table, batch);
  return count;
}

/** The table with the columns that the archive has; those that it lacks are of a later release and have defaults. */
function tableOf(tables: readonly TextTable[], name: string, heading: string | undefined): TextTable {
  const given = headingSchema.safeParse(jsonOf(heading ?? ''));
  const table = tables.find((one) => one.name === name);
  if (table === undefined || !given.success || given.data.table !== name) throw invalid(`this release knows no table ${name}`);
  const columns = given.data.columns.map((wanted) => {
    const column = table.columns.find((one) => one.name === wanted);
    if (column === undefined) throw invalid(`${name} has a column ${wanted} that this release does not know`);
    return column;
  });
  if (new Set(columns).size < columns.length || !given.data.columns.includes('tenant_id'))
    throw invalid(`the columns of ${name} are not right`);
  return { ...table, columns };
}
