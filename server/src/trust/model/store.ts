import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface TenantModelRow {
  tenantId: Id<'tenant'>;
  version: number;
  body: Buffer | null;
  author: string;
  updatedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    tenantModel: TenantModelRow;
  }
}

export const findModelRow = (tx: Tx, tenantId: Id<'tenant'>) =>
  tx.selectFrom('tenantModel').select(['version', 'body', 'updatedAt']).where('tenantId', '=', tenantId).executeTakeFirst();

/** False when there is this version already: somebody else was faster. */
export const saveModelRow = (tx: Tx, row: TenantModelRow): Promise<boolean> =>
  tx
    .insertInto('tenantModel')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('tenantId')
        .doUpdateSet({ version: row.version, body: row.body, author: row.author, updatedAt: row.updatedAt })
        .where('tenantModel.version', '=', row.version - 1),
    )
    .returning('version')
    .executeTakeFirst()
    .then((saved) => saved !== undefined);
