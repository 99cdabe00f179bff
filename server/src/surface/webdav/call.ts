import type { ToolCatalogue } from '#flow/tool';
import type { Clock, Id } from '#kernel';
import type { Database, Tx } from '#kernel/database';
import type { AccessLog } from '#trust/audit';
import type { Principal } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import type { Files, VaultTrees } from '#trust/vault';

export interface WebdavDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly trees: VaultTrees;
  readonly vaultFiles: Files;
  readonly catalogue: ToolCatalogue;
  readonly accessLog: AccessLog;
  readonly clock: Clock;
  /** Called after a decision that a task waits for. */
  readonly onRung: (tenantId: Id<'tenant'>) => void;
}

/** One request of somebody who has been let in. */
export interface DavCall {
  readonly request: Request;
  /** Decoded and normalised, without slashes at either end; '' is the whole vault. */
  readonly path: string;
  readonly principal: Principal;
  readonly requestId: string;
  readonly now: Date;
  readonly keys: TenantKeys;
  inTenant<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
}
