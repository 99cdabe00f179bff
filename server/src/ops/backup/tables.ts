import type pg from 'pg';

/** A table as a backup holds it. */
export interface BackedTable {
  readonly schema: string;
  readonly name: string;
  /** Those that the database does not compute. */
  readonly columns: readonly string[];
  /** By which rows are ordered. */
  readonly key: readonly string[];
}

/** Tables whose rows are not in a backup, and why. All others are, also those that somebody adds. */
export const leftOut: Readonly<Record<string, string>> = {
  'app.schema_migration': 'made by the migrations; the manifest says which',
  'app.tenant_key': 'keys are backed up apart, with a retention of their own: so erasing a tenant reaches into every backup',
  'app.key_revocation': 'tells running processes, by transaction numbers of this server',
  'app.alarm': 'what is wrong with the installation now',
  'app.backup': 'the journal of the installation that makes backups',
  'app.worker': 'processes that run now',
  'app.watcher': 'processes that run now',
  'app.process_sample': 'processes that run now',
  'app.queue_sample': 'what waited within the last hour',
  'app.figure_state': 'figures follow from tasks and the log, and are counted anew',
  'app.figure_task': 'figures follow from tasks and the log',
  'app.figure_day': 'figures follow from tasks and the log',
  'app.figure_month': 'figures follow from tasks and the log',
  'app.archive_piece': 'archives on their way: they are made again',
  'auth.session': 'who was signed in signs in again: a restored installation revives no session that was ended',
  'auth.verification': 'links and challenges that live for minutes',
  'auth.ssoLogin': 'sign-ins under way',
  'auth.ssoTest': 'tests of providers under way',
  'auth.signInFailure': 'counts failures of minutes',
  'auth.rateLimit': 'counts requests of minutes',
  'auth.addressCounter': 'counts requests of minutes',
};

/** Every table of the installation's schemas, each after those that its foreign keys point at. Needs no right but to connect. */
export async function allTables(client: pg.ClientBase): Promise<BackedTable[]> {
  const { rows } = await client.query<BackedTable & { after: string[] }>(
    `select n.nspname::text as schema, c.relname::text as name,
      (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
      array(select a.attname::text from pg_index i, unnest(i.indkey) with ordinality as k(number, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number where i.indrelid = c.oid and i.indisprimary order by k.place) as key,
      array(select distinct rn.nspname || '.' || r.relname from pg_constraint f join pg_class r on r.oid = f.confrelid
        join pg_namespace rn on rn.oid = r.relnamespace where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as after
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('app', 'auth') and c.relkind = 'r' order by 1, 2`,
  );
  const ordered: BackedTable[] = [];
  const placed = new Set<string>();
  while (ordered.length < rows.length) {
    const next = rows.filter((row) => !placed.has(plainName(row)) && row.after.every((other) => placed.has(other)));
    if (next.length === 0) throw new RangeError('foreign keys go in a circle');
    for (const { schema, name, columns, key } of next) {
      placed.add(`${schema}.${name}`);
      ordered.push({ schema, name, columns, key });
    }
  }
  return ordered;
}

/** The tables that a backup holds. */
export const backedTables = async (client: pg.ClientBase): Promise<BackedTable[]> =>
  (await allTables(client)).filter((table) => !Object.hasOwn(leftOut, plainName(table)));

/** As people write it, `app.task`. */
export const plainName = ({ schema, name }: Pick<BackedTable, 'schema' | 'name'>): string => `${schema}.${name}`;

/** As an SQL identifier. */
export const quotedName = ({ schema, name }: Pick<BackedTable, 'schema' | 'name'>): string => `${quoted(schema)}.${quoted(name)}`;
export const quotedList = (names: readonly string[]): string => names.map(quoted).join(', ');
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Sequences and where they stand. Read after the rows: they only grow. */
export async function readSequences(client: pg.ClientBase): Promise<{ schema: string; name: string; value: string }[]> {
  const { rows } = await client.query<{ schema: string; name: string; value: string }>(
    `select schemaname::text as schema, sequencename::text as name, last_value::text as value from pg_sequences
      where schemaname in ('app', 'auth') and last_value is not null order by 1, 2`,
  );
  return rows;
}
