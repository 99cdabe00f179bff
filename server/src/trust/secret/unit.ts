import type { Id } from '#kernel';
import type { Database, Tx } from '#kernel/database';
import { withTenant } from '#kernel/database';
import type { InstallationKey, Keyring, TenantKeys } from '#trust/key';
import type { SecretScope } from './port.ts';
import { installationDb, type SecretRows, secretRows } from './rows.ts';

/** One unit of work on the secrets of one scope: its rows in one transaction, and what seals and opens their values. */
export interface SecretUnit {
  readonly scope: SecretScope;
  readonly rows: SecretRows;
  seal(id: Id<'secret'>, version: number, value: string): Buffer;
  /** @throws FactotumError `seal.broken`. */
  open(id: Id<'secret'>, version: number, sealed: Uint8Array): string;
}

/** A tenant's, in the caller's transaction: so that the audit entry and the change are one. */
export function tenantUnit(tx: Tx, keys: TenantKeys): SecretUnit {
  const refOf = (id: string, version: number) => ({ kind: 'secret', id, version });
  return {
    scope: keys.tenantId,
    rows: secretRows(tx, keys.tenantId),
    seal: (id, version, value) => keys.seal('credential', refOf(id, version), Buffer.from(value, 'utf8')),
    open: (id, version, sealed) => keys.open('credential', refOf(id, version), sealed).toString('utf8'),
  };
}

/** The installation's, in a transaction of the login `auth`. */
function installationUnit(tx: Tx, installation: InstallationKey): SecretUnit {
  const contextOf = (id: string, version: number) => `secret/${id}/${version}`;
  return {
    scope: 'installation',
    rows: secretRows(tx, null),
    seal: (id, version, value) => installation.seal(contextOf(id, version), Buffer.from(value, 'utf8')),
    open: (id, version, sealed) => installation.open(contextOf(id, version), sealed).toString('utf8'),
  };
}

export interface SecretUnitDeps {
  readonly database: Pick<Database, 'app' | 'auth'>;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly installation: InstallationKey;
}

/** Runs `work` as one transaction on the secrets of a scope. */
export type InSecretUnit = <R>(scope: SecretScope, work: (unit: SecretUnit, tx: Tx) => Promise<R>) => Promise<R>;

export function createSecretUnits({ database, keyring, installation }: SecretUnitDeps): InSecretUnit {
  return async (scope, work) => {
    if (scope === 'installation')
      return installationDb(database.auth)
        .transaction()
        .execute((tx) => work(installationUnit(tx, installation), tx));
    const keys = await keyring.of(scope);
    return withTenant(database.app.db, scope, (tx) => work(tenantUnit(tx, keys), tx));
  };
}
