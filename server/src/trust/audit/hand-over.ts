import { checkEntry, decodeFrontier, hashLeaf, type LogState } from '@factotum/tlog';
import { inTransaction, type RoleDatabase } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { rowOf } from './adopt.ts';
import { append } from './append.ts';
import { type AuditDraft, auditBody } from './body.ts';
import { fullTiles, storedHashes } from './full-tiles.ts';
import { openMacKey } from './log-keys.ts';
import { openLog } from './open-log.ts';
import { broken, type LogTail, openPackedHead, requireEnd } from './packed-head.ts';
import { lockWholeHead, setHeld, writeAppended, writeTiles } from './statements.ts';
import type { HeadRow } from './store.ts';

/**
 * Ends a log here for good: `last` is its last entry, and nothing is appended after it. Once; repeated it does nothing.
 *
 * @throws FactotumError `audit.broken`.
 */
export async function closeLog(sequencer: RoleDatabase, keys: TenantKeys, last: AuditDraft): Promise<void> {
  const { tenantId } = keys;
  await inTransaction(sequencer, async (client) => {
    const row = await lockWholeHead(client, tenantId);
    if (row === undefined) throw broken('there is none');
    if (row.held) return;
    const appended = append(keys, openLog(keys, row), [auditBody(tenantId, last)], last.at);
    const tiles = await fullTiles({ ...appended.head, leaves: appended.leaves }, storedHashes(client, tenantId));
    await writeAppended(client, [appended]);
    if (tiles.length > 0) await writeTiles(client, tiles);
    await setHeld(client, tenantId, true);
  });
}

/**
 * Lets a log that was taken over go on: appends what the other side wrote after the archive, whose last entry says that the tenant moved,
 * and holds it no more. Only the other side's `closeLog` can make such an end, and after it that side appends nothing: so there is one
 * writer at any time. Repeated it does nothing.
 *
 * @param tail - null when the operator answers for it that the other side is gone
 * @throws FactotumError `audit.broken` when the end does not continue this log, or is not its end.
 */
export async function releaseLog(sequencer: RoleDatabase, keys: TenantKeys, tail: LogTail | null): Promise<void> {
  const { tenantId } = keys;
  await inTransaction(sequencer, async (client) => {
    const row = await lockWholeHead(client, tenantId);
    if (row === undefined) throw broken('there is none');
    if (!row.held) return;
    if (tail !== null) {
      const { entries, leaves } = continued(keys, row, tail);
      const { head } = tail;
      const moving = {
        tenantId,
        macKey: Buffer.from(head.macKey, 'base64'),
        epoch: head.epoch,
        epochStartedAt: new Date(head.epochStartedAt),
        size: head.size,
        chain: Buffer.from(head.chain, 'hex'),
        frontier: Buffer.from(head.frontier, 'base64'),
        checkpoint: head.checkpoint,
        checkpointAt: new Date(head.checkpointAt),
      };
      const tiles = await fullTiles({ tenantId, size: head.size, leaves }, storedHashes(client, tenantId));
      await writeAppended(client, [{ log: openLog(keys, { ...row, ...moving }), entries, leaves, head: moving, malformed: 0 }]);
      if (tiles.length > 0) await writeTiles(client, tiles);
    }
    await setHeld(client, tenantId, false);
  });
}

function continued(keys: TenantKeys, row: HeadRow, tail: LogTail) {
  if (tail.from !== row.size || tail.head.verifierKey !== row.verifierKey) throw broken('this end belongs to another copy of it');
  const opened = openPackedHead(keys, tail.head);
  const state: LogState = {
    frontier: decodeFrontier(row.frontier),
    chain: row.chain,
    epoch: row.size === 0 ? -1 : row.epoch,
    macKey: openMacKey(keys, row.epoch, row.macKey),
  };
  for (const entry of tail.entries) {
    const fault = checkEntry(state, entry);
    if (fault !== null) throw broken(`entry ${fault.index}: ${fault.detail}`);
  }
  requireEnd(state, tail.head, opened);
  const entries = tail.entries.map((entry) => rowOf(keys.tenantId, entry));
  if (entries.at(-1)?.kind !== 'tenant.moved') throw broken('it does not end with the move');
  return { entries, leaves: entries.map(({ body }) => hashLeaf(Buffer.from(body))) };
}
