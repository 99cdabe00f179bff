import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';

export const secretKinds = ['static', 'api-key', 'oauth-token', 'database-password', 'signing-key', 'certificate'] as const;
export type SecretKind = (typeof secretKinds)[number];
export type VersionState = 'pending' | 'current' | 'previous' | 'revoked';

export interface SecretRow {
  secretId: Id<'secret'>;
  name: string;
  kind: SecretKind;
  reference: string | null;
  currentVersion: number;
  rotateAfterDays: number | null;
  rotateAt: Date | null;
  createdAt: Date;
  createdBy: string;
  changedAt: Date;
  lastUsedAt: Date | null;
}
export interface VersionRow {
  secretId: Id<'secret'>;
  version: number;
  state: VersionState;
  /** Null: revoked, or the value lies in another store. */
  sealed: Buffer | null;
  createdAt: Date;
  createdBy: string;
  stateSince: Date;
}

declare module '#kernel/database' {
  interface Tables {
    secret: SecretRow & { tenantId: Id<'tenant'> };
    secretVersion: VersionRow & { tenantId: Id<'tenant'> };
  }
}

/** The statements on secrets of one scope, inside one transaction. */
export interface SecretRows {
  /** False when there is one of this name. */
  insert(row: SecretRow): Promise<boolean>;
  find(by: { readonly id: string } | { readonly name: string }): Promise<SecretRow | undefined>;
  /** The same, and nobody else changes it until the transaction ends. */
  lock(id: string): Promise<SecretRow | undefined>;
  /** By name. */
  list(): Promise<SecretRow[]>;
  update(id: Id<'secret'>, change: Partial<Omit<SecretRow, 'secretId'>>): Promise<void>;
  delete(id: Id<'secret'>): Promise<void>;
  /** At most once a minute, whoever uses it how often. */
  noteUse(id: Id<'secret'>, now: Date): Promise<void>;
  insertVersion(row: VersionRow): Promise<void>;
  /** The newest first. */
  versions(id: Id<'secret'>): Promise<VersionRow[]>;
  /** A revoked version loses its bytes. */
  setState(id: Id<'secret'>, version: number, state: VersionState, at: Date): Promise<void>;
}

const columns = [
  ...(['secretId', 'name', 'kind', 'reference', 'currentVersion', 'rotateAfterDays'] as const),
  ...(['rotateAt', 'createdAt', 'createdBy', 'changedAt', 'lastUsedAt'] as const),
] as const;
const versionColumns = ['secretId', 'version', 'state', 'sealed', 'createdAt', 'createdBy', 'stateSince'] as const;
const useEveryMs = 60_000;

/** @param tenantId - null for the installation's own, which have tables without tenants. */
export function secretRows(tx: Tx, tenantId: Id<'tenant'> | null): SecretRows {
  // The installation's tables have the same columns but for the tenant, which no statement then names.
  const [secret, secretVersion] =
    tenantId === null
      ? (['installationSecret', 'installationSecretVersion'] as unknown as ['secret', 'secretVersion'])
      : (['secret', 'secretVersion'] as const);
  const ours = () => (tenantId === null ? sql<boolean>`true` : sql<boolean>`${sql.ref('tenantId')} = ${tenantId}`);
  const owned = <R extends object>(row: R) => ({ ...(tenantId === null ? {} : { tenantId }), ...row }) as R & { tenantId: Id<'tenant'> };
  const one = (by: { readonly id: string } | { readonly name: string }) =>
    tx
      .selectFrom(secret)
      .select(columns)
      .where(ours())
      .where('id' in by ? sql<boolean>`${sql.ref('secretId')} = ${by.id}` : sql<boolean>`name = ${by.name}`);
  return {
    insert: (row) =>
      tx
        .insertInto(secret)
        .values(owned(row))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
        .then(({ numInsertedOrUpdatedRows }) => numInsertedOrUpdatedRows === 1n),
    find: (by) => one(by).executeTakeFirst(),
    lock: (id) => one({ id }).forUpdate().executeTakeFirst(),
    list: () => tx.selectFrom(secret).select(columns).where(ours()).orderBy('name').execute(),
    update: async (id, change) => {
      await tx.updateTable(secret).set(change).where(ours()).where('secretId', '=', id).execute();
    },
    delete: async (id) => {
      await tx.deleteFrom(secret).where(ours()).where('secretId', '=', id).execute();
    },
    noteUse: async (id, now) => {
      const before = new Date(now.getTime() - useEveryMs);
      await tx
        .updateTable(secret)
        .set({ lastUsedAt: now })
        .where(ours())
        .where('secretId', '=', id)
        .where((row) => row.or([row('lastUsedAt', 'is', null), row('lastUsedAt', '<=', before)]))
        .execute();
    },
    insertVersion: async (row) => {
      await tx.insertInto(secretVersion).values(owned(row)).execute();
    },
    versions: (id) =>
      tx.selectFrom(secretVersion).select(versionColumns).where(ours()).where('secretId', '=', id).orderBy('version', 'desc').execute(),
    setState: async (id, version, state, at) => {
      await tx
        .updateTable(secretVersion)
        .set({ state, stateSince: at, ...(state === 'revoked' ? { sealed: null } : {}) })
        .where(ours())
        .where('secretId', '=', id)
        .where('version', '=', version)
        .execute();
    },
  };
}

/** The login of the installation's own secrets, with its tables named as they are. */
export function installationDb(auth: RoleDatabase): Tx {
  return auth.db.withoutPlugins();
}
