import type { Logger } from '#kernel';
import { type Remains, sweepTable } from '#kernel/database';

/**
 * Takes what was destroyed out of the database's files, where this process has the means.
 *
 * @returns where a wrapped seed may still lie. It opens with its provider's key alone.
 */
export type RemoveRemains = (limit: { readonly withinMs: number; readonly signal?: AbortSignal }) => Promise<Remains>;

export interface RemainsOptions {
  /** Null where this process has the roles' logins alone. */
  readonly ownerUrl: string | null;
  /** Of a server that is ours alone, otherwise null. */
  readonly superuserUrl: string | null;
  readonly log: Logger;
}

/**
 * PostgreSQL keeps earlier versions of a row, and its log repeats each: overwriting a wrapped seed alone leaves it in both, and beside it,
 * in the same data folder, may lie the key that opens it.
 */
export function createRemoveRemains({ ownerUrl, superuserUrl, log }: RemainsOptions): RemoveRemains {
  return async ({ withinMs, signal }) => {
    if (ownerUrl === null) return 'rows';
    try {
      const options = { ownerUrl, superuserUrl, table: 'app.tenant_key', withinMs };
      return await sweepTable(signal === undefined ? options : { ...options, signal });
    } catch (error) {
      signal?.throwIfAborted();
      log.warn({ err: error }, 'keys: what was destroyed could not be taken out of the database’s files');
      return 'rows';
    }
  };
}
