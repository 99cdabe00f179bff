import { createSecretKey } from 'node:crypto';
import {
  type Checkpoint,
  decodeFrontier,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  type LogState,
  openCheckpoint,
  parseVerifierKey,
  TlogError,
} from '@factotum/tlog';
import { z } from 'zod';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import type { AuditorKey, TenantKeys } from '#trust/key';
import { openMacKey, openSigner, originOf } from './log-keys.ts';
import { findHead, type HeadRow, listLinked } from './store.ts';

const base64 = z.base64().max(20_000);

/** A log's head as it travels. The keys in it are sealed under the tenant's seeds; `firstMacKey` is in clear, for who may have it. */
export const packedHeadSchema = z.strictObject({
  origin: z.string().max(100),
  verifierKey: z.string().max(300),
  signingKey: base64,
  macKey: base64,
  auditorMacKey: base64,
  foreignAuditor: z.boolean(),
  firstMacKey: base64.nullable(),
  epoch: z.int().min(0),
  epochStartedAt: z.iso.datetime(),
  size: z.int().min(0),
  chain: z.hex().length(64),
  frontier: base64,
  checkpoint: z.string().max(20_000),
  checkpointAt: z.iso.datetime(),
});
export type PackedHead = z.infer<typeof packedHeadSchema>;

/** The end of a log, from entry `from` on, with which another installation continues its copy. */
export const logTailSchema = z.strictObject({
  head: packedHeadSchema,
  from: z.int().min(0),
  entries: z
    .array(z.strictObject({ seq: z.int().min(0), body: z.string(), chain: z.string(), mac: z.string(), epoch: z.int().min(0) }))
    .max(100_000),
});
export type LogTail = z.infer<typeof logTailSchema>;

/**
 * The head as it is now.
 *
 * @param auditor - with it the first MAC key goes along, if it is sealed for this auditor and their key is here
 * @throws FactotumError `tenant.not_found` when the tenant has no log.
 */
export async function packHead(tx: Tx, tenantId: Id<'tenant'>, auditor?: Pick<AuditorKey, 'openAsAuditor'>): Promise<PackedHead> {
  const row = await findHead(tx, tenantId);
  if (row === undefined) throw new FactotumError('tenant.not_found', 'There is no audit log of this tenant.');
  const { origin, verifierKey, signingKey, macKey, auditorMacKey, foreignAuditor, epoch, size, checkpoint } = row;
  return {
    origin,
    verifierKey,
    signingKey: signingKey.toString('base64'),
    macKey: macKey.toString('base64'),
    auditorMacKey: auditorMacKey.toString('base64'),
    foreignAuditor,
    firstMacKey: firstMacKeyOf(tenantId, row, auditor)?.toString('base64') ?? null,
    epoch,
    epochStartedAt: row.epochStartedAt.toISOString(),
    size,
    chain: row.chain.toString('hex'),
    frontier: row.frontier.toString('base64'),
    checkpoint,
    checkpointAt: row.checkpointAt.toISOString(),
  };
}

/** The entries from `from` on to the end, and the head above them. */
export async function packTail(tx: Tx, tenantId: Id<'tenant'>, from: number): Promise<LogTail> {
  const head = await packHead(tx, tenantId);
  const entries = await listLinked(tx, tenantId, { start: from, end: head.size, limit: head.size });
  return { head, from, entries };
}

function firstMacKeyOf(tenantId: Id<'tenant'>, row: HeadRow, auditor?: Pick<AuditorKey, 'openAsAuditor'>): Buffer | null {
  if (auditor === undefined || row.foreignAuditor) return null;
  try {
    return auditor.openAsAuditor(tenantId, row.auditorMacKey);
  } catch (error) {
    if (isFactotumError(error, 'key.unavailable')) return null; // kept elsewhere, as it should be
    throw error;
  }
}

/** What a packed head says, its keys opened and its signature checked. */
export interface OpenedHead {
  readonly signed: Checkpoint;
  readonly frontier: Frontier;
  readonly macKey: ReturnType<typeof openMacKey>;
}

/** @throws FactotumError `audit.broken` when the head contradicts itself, or its keys are not this tenant's. */
export function openPackedHead(keys: TenantKeys, head: PackedHead): OpenedHead {
  try {
    const { verifierKeyText } = openSigner(keys, Buffer.from(head.signingKey, 'base64'));
    if (verifierKeyText !== head.verifierKey) throw broken('its key is not the one that signs it');
    const signed = openCheckpoint(head.checkpoint, [parseVerifierKey(verifierKeyText)]);
    const frontier = decodeFrontier(Buffer.from(head.frontier, 'base64'));
    const origin = originOf(keys.tenantId);
    if (signed.origin !== origin || head.origin !== origin) throw broken('it is the log of another tenant');
    if (signed.size !== head.size || frontier.size !== head.size || !signed.root.equals(frontierRoot(frontier)))
      throw broken('its head is not what was signed');
    return { signed, frontier, macKey: openMacKey(keys, head.epoch, Buffer.from(head.macKey, 'base64')) };
  } catch (cause) {
    if (cause instanceof TlogError || isFactotumError(cause, 'seal.broken'))
      throw broken('a key or signature of its head does not fit', cause);
    throw cause;
  }
}

/** Holds what the entries have led to against what was signed. @throws FactotumError `audit.broken`. */
export function requireEnd(state: LogState, head: PackedHead, opened: OpenedHead): void {
  if (state.frontier.size !== head.size) throw broken(`it has ${state.frontier.size} entries, and ${head.size} were signed`);
  if (!frontierRoot(state.frontier).equals(opened.signed.root) || encodeFrontier(state.frontier).toString('base64') !== head.frontier)
    throw broken('its entries do not lead to what was signed');
  if (state.chain.toString('hex') !== head.chain || Math.max(state.epoch, 0) !== head.epoch)
    throw broken('its chain does not lead to its head');
  if (state.macKey !== null && !createSecretKey(state.macKey.export()).equals(opened.macKey))
    throw broken('its MAC key is not the one that the first leads to');
}

export const broken = (what: string, cause?: unknown) =>
  new FactotumError('audit.broken', `The audit log cannot be taken over: ${what}.`, { cause });
