import { encodeExportEntry, encodeExportHeader } from '@factotum/tlog';
import { FactotumError, type Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { findHead, type LinkedRow, listLinked } from './store.ts';

/** A megabyte at most times. */
const pageSize = 1_000;

/**
 * The log as a file for `factotum-verify` (format in packages/tlog), in chunks of whole lines: the entries that the newest checkpoint
 * covers when it begins, whatever is appended meanwhile. Needs no transaction over its whole length, since entries never change, so
 * the reader may be as slow as they like.
 *
 * @param db - the pool of the role `factotum_app`.
 * @throws FactotumError `tenant.not_found` when the tenant has no log, `audit.broken` when entries are missing; verifying says which.
 */
export const exportLog = (db: Tx, tenantId: Id<'tenant'>): AsyncGenerator<string> =>
  exportWith((work) => withTenant(db, tenantId, work), tenantId);

/** The same, of the moment that the caller's transaction sees. */
export const exportLogIn = (tx: Tx, tenantId: Id<'tenant'>): AsyncGenerator<string> => exportWith((work) => work(tx), tenantId);

/** How statements are run: each in a transaction of its own, or all in one. */
type Run = <R>(work: (tx: Tx) => Promise<R>) => Promise<R>;

async function* exportWith(run: Run, tenantId: Id<'tenant'>): AsyncGenerator<string> {
  const head = await run((tx) => findHead(tx, tenantId));
  if (head === undefined) throw new FactotumError('tenant.not_found', 'There is no audit log of this tenant.');
  yield encodeExportHeader({ origin: head.origin, vkey: head.verifierKey, checkpoints: [head.checkpoint] });
  for await (const page of pagesWith(run, tenantId, head.size)) {
    yield page.map(encodeExportEntry).join('');
  }
}

/** The entries below `end`, page by page; the next page is fetched while one is in use. Stops where nothing more is found. */
export const linkedPages = (db: Tx, tenantId: Id<'tenant'>, end: number): AsyncGenerator<LinkedRow[]> =>
  pagesWith((work) => withTenant(db, tenantId, work), tenantId, end);

async function* pagesWith(run: Run, tenantId: Id<'tenant'>, end: number): AsyncGenerator<LinkedRow[]> {
  const fetch = (start: number) => run((tx) => listLinked(tx, tenantId, { start, end, limit: pageSize }));
  let coming = fetch(0);
  for (;;) {
    const page = await coming;
    const last = page.at(-1);
    if (last === undefined) return;
    const isLast = page.length < pageSize;
    if (!isLast) {
      coming = fetch(last.seq + 1);
      // Whoever stops reading does not hear of it any more.
      coming.catch(() => undefined);
    }
    yield page;
    if (isLast) return;
  }
}
