import type { KeyObject } from 'node:crypto';
import {
  decodeFrontier,
  type Frontier,
  frontierRoot,
  openCheckpoint,
  parseVerifierKey,
  type Signer,
  TlogError,
  type VerifierKey,
} from '@factotum/tlog';
import { FactotumError } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { openMacKey, openSigner, originOf } from './log-keys.ts';
import type { HeadRow } from './store.ts';

/** How far a log has come. */
export interface Position {
  readonly size: number;
  readonly chain: Buffer;
  readonly frontier: Frontier;
  readonly epochStartedAt: Date;
}

/** A log with its keys open, ready for entries. Treat as a value: `append` gives another. */
export interface OpenLog {
  readonly origin: string;
  readonly signer: Signer;
  readonly verifierKey: VerifierKey;
  /** How often the MAC key has stepped; `macKey` is the key of this epoch. */
  readonly epoch: number;
  readonly macKey: KeyObject;
  readonly position: Position;
}

/** What of a head moves with every batch. */
export type MovingHead = Pick<HeadRow, 'epoch' | 'epochStartedAt' | 'size' | 'chain' | 'frontier' | 'checkpoint'>;

/**
 * Opens a log from its head row.
 *
 * @throws FactotumError `seal.broken` when a key does not open, `audit.broken` when the row contradicts itself or what was signed.
 */
export function openLog(keys: TenantKeys, row: MovingHead & Pick<HeadRow, 'signingKey' | 'macKey'>): OpenLog {
  const signer = openSigner(keys, row.signingKey);
  const verifierKey = parseVerifierKey(signer.verifierKeyText);
  const origin = originOf(keys.tenantId);
  const position = positionOf({ origin, verifierKey }, row);
  return { origin, signer, verifierKey, epoch: row.epoch, macKey: openMacKey(keys, row.epoch, row.macKey), position };
}

/**
 * The log as the locked row says it is now. What is in memory counts as long as the row says the same; after another process has
 * appended, the row counts, if our own key signed it.
 *
 * @returns null when the MAC key has stepped elsewhere, so that the log must be opened anew.
 * @throws FactotumError `audit.broken`.
 */
export function refreshLog(log: OpenLog, row: MovingHead): OpenLog | null {
  if (row.epoch !== log.epoch) return null;
  if (row.size === log.position.size && row.chain.equals(log.position.chain)) return log;
  return { ...log, position: positionOf(log, row) };
}

/** Nothing is appended to a row that our key did not sign: whoever can write the table could otherwise have us sign what they like. */
function positionOf({ origin, verifierKey }: Pick<OpenLog, 'origin' | 'verifierKey'>, row: MovingHead): Position {
  try {
    const frontier = decodeFrontier(row.frontier);
    const signed = openCheckpoint(row.checkpoint, [verifierKey]);
    const isAsSigned = signed.origin === origin && signed.size === row.size && signed.root.equals(frontierRoot(frontier));
    if (isAsSigned && frontier.size === row.size && row.chain.length === 32)
      return { size: row.size, chain: row.chain, frontier, epochStartedAt: row.epochStartedAt };
  } catch (cause) {
    if (cause instanceof TlogError) throw headBroken(cause);
    throw cause;
  }
  throw headBroken();
}

const headBroken = (cause?: unknown) =>
  new FactotumError(
    'audit.broken',
    'The head of this tenant’s audit log is not what was signed. Verify the log and restore it from a backup.',
    {
      cause,
    },
  );
