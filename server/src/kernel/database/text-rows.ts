import { CompiledQuery, type Kysely } from 'kysely';

/** Rows as texts, whatever their columns are: how whole tables leave one database and enter another. */
export interface TextTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** In the order of the columns asked for; bytes as base64. */
export type TextRow = readonly (string | null)[];

/** Statements here are texts, so it does not matter which tables the types know. */
type AnyDb = Pick<Kysely<unknown>, 'executeQuery'>;

/** The tables of a schema that have this column (all, when none is named), each after those that its foreign keys point at. */
export async function readTextTables(db: AnyDb, schema: string, withColumn?: string): Promise<TextTable[]> {
  const { rows } = await run<{ name: string; columns: TextTable['columns']; after: string[] }>(
    db,
    `select c.relname::text as name,
      (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
      array(select distinct r.relname::text from pg_constraint f join pg_class r on r.oid = f.confrelid
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as after
    from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.relname`,
    [schema],
  );
  const wanted = rows.filter(({ columns }) => withColumn === undefined || columns.some(({ name }) => name === withColumn));
  const ordered: TextTable[] = [];
  const placed = new Set<string>();
  while (ordered.length < wanted.length) {
    const next = wanted.filter(
      ({ name, after }) => !placed.has(name) && after.every((other) => placed.has(other) || !wanted.some((one) => one.name === other)),
    );
    if (next.length === 0) throw new RangeError(`foreign keys of ${schema} go in a circle`);
    for (const { name, columns } of next) {
      placed.add(name);
      ordered.push({ schema, name, columns });
    }
  }
  return ordered;
}

/** Reads rows. @param where - the rest of the statement, from `where` on, with `$1` and so on for `values` */
export async function selectTextRows(db: AnyDb, table: TextTable, where: string, values: readonly unknown[]): Promise<TextRow[]> {
  const list = table.columns.map(({ name, type }, at) => `${quote(name)}${type === 'bytea' ? '' : '::text'} as c${at}`);
  const { rows } = await run<Record<string, unknown>>(db, `select ${list.join(', ')} from ${fullName(table)} t ${where}`, values);
  return rows.map((row) => table.columns.map((_, at) => textOf(row[`c${at}`])));
}

/** Writes rows, each value as the database reads its text. @param orNothing - passes over rows that are there already */
export async function insertTextRows(db: AnyDb, table: TextTable, rows: readonly TextRow[], orNothing = false): Promise<void> {
  if (rows.length === 0) return;
  const { columns } = table;
  const names = columns.map(({ name }) => quote(name)).join(', ');
  const values = columns.map(({ type }, at) => (type === 'bytea' ? `decode(c${at}, 'base64')` : `c${at}::${type}`)).join(', ');
  const record = columns.map((_, at) => `c${at} text`).join(', ');
  const json = JSON.stringify(rows.map((row) => Object.fromEntries(row.map((value, at) => [`c${at}`, value]))));
  await run(
    db,
    `insert into ${fullName(table)} (${names}) select ${values} from json_to_recordset($1::json) as r(${record})${orNothing ? ' on conflict do nothing' : ''}`,
    [json],
  );
}

export const fullName = ({ schema, name }: Pick<TextTable, 'schema' | 'name'>): string => `${quote(schema)}.${quote(name)}`;

/** As an identifier, whatever it holds. */
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return Buffer.isBuffer(value) ? value.toString('base64') : String(value);
}

const run = <Row>(db: AnyDb, text: string, values: readonly unknown[]) => db.executeQuery<Row>(CompiledQuery.raw(text, [...values]));
