import type { Tx } from '#kernel/database';
import { type AuditDraft, recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { countVaultBytes } from '#trust/quota';
import { type JournalEntry, recordChanges } from './journal.ts';

/** What a change is written down as, besides its own rows. */
interface Records {
  readonly entry: AuditDraft;
  readonly changes: readonly JournalEntry[];
  /** How many more the vault takes by it. */
  readonly bytes: number;
  /** For what is never refused for want of room. */
  readonly anyhow: boolean;
}

/** Records of changes that are made together. */
export type Gathered = Records[];

const recordsAtOnce = 500;

/**
 * Makes several changes one, in one transaction: what they are written down as comes at its end. The journal and the count of bytes
 * each take a lock of the tenant's that everybody else who changes something waits for, so they are not held while thousands of rows are
 * changed. The audit entries take none; they come in the same few statements.
 */
export async function together<R>(tx: Tx, keys: TenantKeys, at: Date, work: (gathered: Gathered) => Promise<R>): Promise<R> {
  const gathered: Gathered = [];
  const result = await work(gathered);
  for (let start = 0; start < gathered.length; start += recordsAtOnce) {
    const some = gathered.slice(start, start + recordsAtOnce);
    await recordAudit(
      tx,
      keys.tenantId,
      some.map(({ entry }) => entry),
    );
    await recordChanges(
      tx,
      keys,
      at,
      some.flatMap(({ changes }) => changes),
    );
  }
  const sum = (isAnyhow: boolean) => gathered.reduce((bytes, one) => bytes + (one.anyhow === isAnyhow ? one.bytes : 0), 0);
  for (const anyhow of [true, false])
    if (sum(anyhow) !== 0) await countVaultBytes(tx, keys.tenantId, { bytes: sum(anyhow), now: at, anyhow });
  return result;
}

/** Writes a change down: now, or with the others that it is made together with. */
export async function writeDown(
  tx: Tx,
  keys: TenantKeys,
  { at, gathered }: { readonly at: Date; readonly gathered?: Gathered | undefined },
  records: Records,
): Promise<void> {
  if (gathered !== undefined) gathered.push(records);
  else await together(tx, keys, at, async (alone) => void alone.push(records));
}
