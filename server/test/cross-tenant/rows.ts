import pg from 'pg';

/** Changes by itself, some seconds after its owner has used it: when a session or key was last used, and until when a session then lasts. */
const volatile: Readonly<Record<string, readonly string[]>> = {
  'auth.session': ['updatedAt', 'expiresAt'],
  'auth.apikey': ['updatedAt', 'lastRequest'],
};

const without = (table: string): string => (volatile[table] ?? []).map((column) => ` - '${column}'`).join('');

/** Reads everything that names a tenant or its people, past the walls. */
export async function openRows(ownerUrl: string): Promise<{ of(names: readonly string[]): Promise<string[]>; close(): Promise<void> }> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  const { rows: tables } = await client.query<{ name: string; forced: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as name, c.relforcerowsecurity as forced
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('app', 'auth') and c.relkind in ('r', 'p') order by 1`,
  );
  // The owner alone steps around the wall by this; the logins of the product stay behind it.
  for (const { name, forced } of tables) if (forced) await client.query(`alter table ${name} no force row level security`);
  const all = tables
    .map(({ name }) => `select '${name} ' || (to_jsonb(t)${without(name)})::text as row from ${name} t where strpos_any(t::text, $1)`)
    .join(' union all ');
  await client.query(`create function pg_temp.strpos_any(text, text[]) returns boolean language sql immutable
    as $$ select exists (select from unnest($2) n where strpos($1, n) > 0) $$`);
  return {
    async of(names) {
      const { rows } = await client.query<{ row: string }>(
        `select row from (${all.replaceAll('strpos_any', 'pg_temp.strpos_any')}) r order by row`,
        [names],
      );
      return rows.map(({ row }) => row);
    },
    close: () => client.end(),
  };
}
