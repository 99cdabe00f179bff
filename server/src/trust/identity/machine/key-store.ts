import { sql } from 'kysely';
import type { Id } from '#kernel';
import { keyConfiguration } from '../auth.ts';
import { type AuthDb, revocationChannel } from '../store.ts';

declare module '../store.ts' {
  interface AuthTables {
    serviceAccount: {
      id: Id<'serviceAccount'>;
      organizationId: Id<'tenant'>;
      name: string;
      description: string;
      permissions: string;
      createdAt: Date;
      updatedAt: Date;
      deletedAt: Date | null;
    };
  }
}

/** What a new row of `apikey` says; the rest of it is the same for all. */
export interface NewKeyRow {
  readonly id: Id<'apiKey'>;
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly start: string;
  readonly prefix: string;
  readonly hash: string;
  readonly permissions: string;
  readonly expiresAt: Date | null;
  readonly perMinute: number | null;
  readonly serviceAccountId: Id<'serviceAccount'> | null;
  readonly now: Date;
}

export const insertKey = (db: AuthDb, { tenantId, hash, now, ...row }: NewKeyRow) =>
  db
    .insertInto('apikey')
    .values({
      ...row,
      configId: keyConfiguration,
      referenceId: tenantId,
      key: hash,
      enabled: true,
      lastRequest: null,
      createdAt: now,
      updatedAt: now,
      replacedBy: null,
    })
    .execute();

const keyColumns = [
  'id',
  'name',
  'start',
  'enabled',
  'permissions',
  'createdAt',
  'expiresAt',
  'lastRequest',
  'perMinute',
  'serviceAccountId',
  'replacedBy',
] as const;

/** Newest first; with `before`, those that are older than that one. */
export const listKeys = (db: AuthDb, tenantId: Id<'tenant'>, { before, limit }: { before?: string | undefined; limit: number }) =>
  db
    .selectFrom('apikey')
    .select(keyColumns)
    .where('referenceId', '=', tenantId)
    .where('configId', '=', keyConfiguration)
    .$if(before !== undefined, (query) => query.where(sql`id`, '<', before))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();

/** A key's row, held until the transaction ends. */
export const lockKey = (tx: AuthDb, tenantId: Id<'tenant'>, id: Id<'apiKey'>) =>
  tx
    .selectFrom('apikey')
    .select(keyColumns)
    .where('id', '=', id)
    .where('referenceId', '=', tenantId)
    .where('configId', '=', keyConfiguration)
    .forUpdate()
    .executeTakeFirst();

/** Lets a key end at a moment, as another takes its place. */
export const replaceKey = (tx: AuthDb, id: Id<'apiKey'>, change: { replacedBy: Id<'apiKey'>; expiresAt: Date; updatedAt: Date }) =>
  tx.updateTable('apikey').set(change).where('id', '=', id).execute();

/** Ends every key of an account and gives their ids. */
export const revokeKeysOf = (tx: AuthDb, serviceAccountId: Id<'serviceAccount'>, now: Date) =>
  tx
    .updateTable('apikey')
    .set({ enabled: false, updatedAt: now })
    .where('serviceAccountId', '=', serviceAccountId)
    .where('enabled', 'is not', false)
    .returning('id')
    .execute();

/** Tells every process, when the transaction is committed, that what it knows of this key or account is not true any more. */
export const tellChanged = (tx: AuthDb, id: Id<'apiKey'> | Id<'serviceAccount'>) =>
  sql`select pg_notify(${revocationChannel}, ${id})`.execute(tx);

const accountColumns = ['id', 'name', 'description', 'permissions', 'createdAt', 'updatedAt'] as const;

/** By name, each with the number of its keys that can be used. */
export const listAccounts = (db: AuthDb, tenantId: Id<'tenant'>, now: Date) =>
  db
    .selectFrom('serviceAccount')
    .select(accountColumns)
    .select(({ selectFrom }) =>
      selectFrom('apikey')
        .select(({ fn }) => fn.countAll<string>().as('keys'))
        .whereRef('apikey.serviceAccountId', '=', 'serviceAccount.id')
        .where('apikey.enabled', '=', true)
        .where((on) => on.or([on('apikey.expiresAt', 'is', null), on('apikey.expiresAt', '>', now)]))
        .as('keys'),
    )
    .where('organizationId', '=', tenantId)
    .where('deletedAt', 'is', null)
    .orderBy(sql`lower(name)`)
    .execute();

/** An account that is not deleted. `hold`: whether it is about to be changed, or must only stay as it is until the transaction ends. */
export const lockAccount = (tx: AuthDb, tenantId: Id<'tenant'>, id: Id<'serviceAccount'>, hold: 'update' | 'share') =>
  tx
    .selectFrom('serviceAccount')
    .select(accountColumns)
    .where('id', '=', id)
    .where('organizationId', '=', tenantId)
    .where('deletedAt', 'is', null)
    .$if(hold === 'update', (query) => query.forUpdate())
    .$if(hold === 'share', (query) => query.forShare())
    .executeTakeFirst();

export const insertAccount = (
  db: AuthDb,
  row: { id: Id<'serviceAccount'>; tenantId: Id<'tenant'>; name: string; description: string; permissions: string; now: Date },
) => {
  const { tenantId: organizationId, now, ...rest } = row;
  return db
    .insertInto('serviceAccount')
    .values({ ...rest, organizationId, createdAt: now, updatedAt: now, deletedAt: null })
    .execute();
};

export const updateAccount = (
  tx: AuthDb,
  id: Id<'serviceAccount'>,
  change: { name?: string; description?: string; permissions?: string; deletedAt?: Date; updatedAt: Date },
) => tx.updateTable('serviceAccount').set(change).where('id', '=', id).execute();
