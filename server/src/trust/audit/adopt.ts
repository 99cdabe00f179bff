import { checkEntry, createLogState, type ExportEntry, foldHashes, hashLeaf, macEntry, tileWidth } from '@factotum/tlog';
import { sql } from 'kysely';
import type { Tx } from '#kernel/database';
import type { AuditorKey, TenantKeys } from '#trust/key';
import { readBody } from './body.ts';
import { kindInfo } from './kinds.ts';
import { originOf } from './log-keys.ts';
import { broken, openPackedHead, type PackedHead, requireEnd } from './packed-head.ts';
import type { EntryRow } from './store.ts';

/** Entries in one statement. */
const pageSize = 500;

/**
 * Takes over a log from another installation, entry by entry, in the caller's transaction and for a tenant that is being imported. Every
 * hash, every MAC whose key is known and the signature are checked; what is stored beside a body is read from the body. The log is held:
 * nothing can be appended before `releaseLog`.
 *
 * @throws FactotumError `audit.broken` with the first thing that does not hold.
 */
export async function adoptLog(
  tx: Tx,
  keys: TenantKeys,
  {
    head,
    entries,
    sealForAuditor,
  }: { head: PackedHead; entries: AsyncIterable<ExportEntry>; sealForAuditor: AuditorKey['sealForAuditor'] },
): Promise<void> {
  const { tenantId } = keys;
  const opened = openPackedHead(keys, head);
  const firstMacKey = head.firstMacKey === null ? null : Buffer.from(head.firstMacKey, 'base64');
  const state = createLogState(originOf(tenantId), firstMacKey ?? undefined);
  const tiles = createTiles();
  let page: EntryRow[] = [];
  for await (const entry of entries) {
    const fault = checkEntry(state, entry);
    if (fault !== null) throw broken(`entry ${fault.index}: ${fault.detail}`);
    // Without the first key, today's entries at least are held against today's.
    if (state.macKey === null && entry.epoch === head.epoch && macEntry(opened.macKey, state.chain).toString('hex') !== entry.mac)
      throw broken(`entry ${entry.seq}: its MAC was not made with the key of its epoch`);
    page.push(rowOf(tenantId, entry));
    tiles.add(hashLeaf(Buffer.from(entry.body)));
    if (page.length === pageSize) {
      await insertPage(tx, tenantId, page, tiles.take());
      page = [];
    }
  }
  await insertPage(tx, tenantId, page, tiles.take());
  requireEnd(state, head, opened);
  const isForeign = firstMacKey === null;
  await tx
    .insertInto('auditHead')
    .values({
      tenantId,
      origin: head.origin,
      verifierKey: head.verifierKey,
      signingKey: Buffer.from(head.signingKey, 'base64'),
      macKey: Buffer.from(head.macKey, 'base64'),
      auditorMacKey: isForeign ? Buffer.from(head.auditorMacKey, 'base64') : sealForAuditor(tenantId, firstMacKey),
      foreignAuditor: isForeign,
      epoch: head.epoch,
      epochStartedAt: new Date(head.epochStartedAt),
      size: head.size,
      chain: Buffer.from(head.chain, 'hex'),
      frontier: Buffer.from(head.frontier, 'base64'),
      checkpoint: head.checkpoint,
      checkpointAt: new Date(head.checkpointAt),
      held: true,
    })
    .execute();
  firstMacKey?.fill(0);
}

/** The row of an entry. @throws FactotumError `audit.broken` when its body is none of this tenant's. */
export function rowOf(tenantId: string, { seq, body, chain, mac, epoch }: ExportEntry): EntryRow {
  const facts = readBody(tenantId, body);
  if (facts === null) throw broken(`entry ${seq} is none of this tenant`);
  const { kind, at, objectId, taskId, state } = facts;
  const live = kindInfo(kind)?.live != null;
  return {
    tenantId,
    seq,
    at,
    kind,
    objectId,
    taskId,
    state,
    live,
    body,
    chain: Buffer.from(chain, 'hex'),
    mac: Buffer.from(mac, 'hex'),
    epoch,
  };
}

interface Tile {
  readonly level: number;
  readonly index: number;
  readonly hashes: string;
  readonly root: string;
}

/** Grows the full tiles of a tree from its leaves, in order. */
function createTiles() {
  const levels: { hashes: Buffer[]; count: number }[] = [];
  let full: Tile[] = [];
  const add = (hash: Buffer, level = 0): void => {
    levels[level] ??= { hashes: [], count: 0 };
    const row = levels[level];
    row.hashes.push(hash);
    if (row.hashes.length < tileWidth) return;
    const hashes = Buffer.concat(row.hashes.splice(0));
    const root = foldHashes(hashes);
    full.push({ level, index: row.count, hashes: hashes.toString('hex'), root: root.toString('hex') });
    row.count += 1;
    add(root, level + 1);
  };
  return {
    add: (leaf: Buffer) => add(leaf),
    take: (): Tile[] => {
      const taken = full;
      full = [];
      return taken;
    },
  };
}

async function insertPage(tx: Tx, tenantId: string, page: readonly EntryRow[], tiles: readonly Tile[]): Promise<void> {
  if (page.length > 0) {
    const rows = page.map(({ at, chain, mac, ...row }) => ({
      ...row,
      at: at.toISOString(),
      chain: chain.toString('hex'),
      mac: mac.toString('hex'),
    }));
    await sql`insert into audit_entry (tenant_id, seq, at, kind, object_id, task_id, state, live, body, chain, mac, epoch)
      select ${tenantId}, seq, at, kind, "objectId", "taskId", state, live, body, decode(chain, 'hex'), decode(mac, 'hex'), epoch
      from json_to_recordset(${JSON.stringify(rows)}::json) as r(seq bigint, at timestamptz, kind text, "objectId" text, "taskId" text,
        state text, live boolean, body text, chain text, mac text, epoch integer)`.execute(tx);
  }
  if (tiles.length > 0)
    await sql`insert into audit_tile (tenant_id, level, index, hashes, root)
      select ${tenantId}, level, index, decode(hashes, 'hex'), decode(root, 'hex')
      from json_to_recordset(${JSON.stringify(tiles)}::json) as r(level smallint, index bigint, hashes text, root text)`.execute(tx);
}
