import type { Id } from '#kernel';
import { inTransaction, type RoleDatabase } from '#kernel/database';

/** Rows deleted in one transaction: a fraction of a second, so that nothing waits behind it. */
const batchRows = 5_000;

/**
 * What stays of an erased tenant: that it was, where it moved, its audit log, its destroyed keys, the certificate, and the job that does all this.
 * Everything else in schema `app` goes, whichever release brought it.
 */
const kept = [
  'tenant',
  'tenant_key',
  'key_revocation',
  'tenant_move',
  'audit_entry',
  'audit_head',
  'audit_tile',
  'audit_pending',
  'destruction_certificate',
  'job',
];

/**
 * Deletes every row of the tenant, table by table, those first that point at others. Row-level security lets these deletes through for
 * an erased tenant only, where the application may not delete otherwise.
 *
 * @param deleted - rows deleted by earlier tries, by table; counted on
 * @param save - called after each batch
 */
export async function deleteContent(
  app: RoleDatabase,
  tenantId: Id<'tenant'>,
  deleted: Record<string, number>,
  save: (deleted: Record<string, number>) => Promise<void>,
): Promise<Record<string, number>> {
  for (const table of await tablesOf(app)) {
    for (let count = batchRows; count === batchRows; ) {
      count = await inTransaction(
        app,
        async (client) => {
          // The name comes from the catalogue, quoted by it.
          const text = `delete from ${table} where ctid = any(array(select ctid from ${table} where tenant_id = $1 limit ${batchRows})) and tenant_id = $1`;
          return (await client.query(text, [tenantId])).rowCount ?? 0;
        },
        tenantId,
      );
      if (count === 0) break;
      const name = table.replace(/^app\./, '');
      deleted[name] = (deleted[name] ?? 0) + count;
      await save(deleted);
    }
  }
  return deleted;
}

/** Tables with rows of tenants, each before those that it points at. */
async function tablesOf(app: RoleDatabase): Promise<string[]> {
  const { rows } = await app.pool.query<{ name: string; points: string[] }>(
    `select format('app.%I', c.relname) as name,
      array(select format('app.%I', p.relname) from pg_constraint f join pg_class p on p.oid = f.confrelid
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as points
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all($1) order by c.relname`,
    [kept],
  );
  const pointedAt = new Map(rows.map(({ name }) => [name, rows.filter(({ points }) => points.includes(name)).map((row) => row.name)]));
  const sorted = new Set<string>();
  const visit = (name: string): void => {
    if (sorted.has(name)) return;
    for (const other of pointedAt.get(name) ?? []) visit(other);
    sorted.add(name);
  };
  for (const { name } of rows) visit(name);
  return [...sorted];
}
