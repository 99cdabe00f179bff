import { createSecretKey } from 'node:crypto';
import {
  appendLeaf,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  hashLeaf,
  macEntry,
  nextChain,
  nextMacKey,
  signCheckpoint,
} from '@factotum/tlog';
import type { TenantKeys } from '#trust/key';
import { auditBody, type BodyFacts, readBody } from './body.ts';
import { kindInfo } from './kinds.ts';
import { sealMacKey } from './log-keys.ts';
import type { OpenLog } from './open-log.ts';
import type { EntryRow, FixedHead, HeadRow } from './store.ts';

/** What appending to one log makes. Nothing of it counts before it is committed. */
export interface Appended {
  readonly log: OpenLog;
  readonly entries: readonly EntryRow[];
  /** The leaf hash of each entry. */
  readonly leaves: readonly Buffer[];
  readonly head: Omit<HeadRow, FixedHead | 'macKey'> & {
    /** Sealed; null when the MAC key has not stepped. */
    readonly macKey: Buffer | null;
  };
  /** How many bodies were none of ours and were replaced by an `audit.malformed` entry that names their hash. */
  readonly malformed: number;
}

/**
 * Numbers, hashes, chains and MACs the bodies and signs one checkpoint over all of them. `log` itself stays as it is.
 *
 * @param bodies - at least one.
 * @throws FactotumError `key.unavailable` when the keys were put away since.
 */
export function append(keys: TenantKeys, log: OpenLog, bodies: readonly string[], now: Date): Appended {
  const { tenantId } = keys;
  const stepped = isEpochDue(log, now) ? stepEpoch(keys, log) : null;
  const { epoch, macKey } = stepped ?? log;
  const frontier: Frontier = { size: log.position.size, nodes: [...log.position.frontier.nodes] };
  let { chain } = log.position;
  let malformed = 0;
  const leaves: Buffer[] = [];
  const entries: EntryRow[] = [];
  for (const given of bodies) {
    let [body, facts] = [given, readBody(tenantId, given)];
    if (facts === null) {
      [body, facts] = replaceMalformed(tenantId, given, now);
      malformed += 1;
    }
    const leaf = hashLeaf(Buffer.from(body));
    chain = nextChain(chain, leaf);
    const { kind, at, objectId, taskId, state } = facts;
    const live = kindInfo(kind)?.live != null;
    entries.push({
      tenantId,
      seq: frontier.size,
      at,
      kind,
      objectId,
      taskId,
      state,
      live,
      body,
      chain,
      mac: macEntry(macKey, chain),
      epoch,
    });
    leaves.push(leaf);
    appendLeaf(frontier, leaf);
  }
  const { size } = frontier;
  const epochStartedAt = stepped !== null || log.position.size === 0 ? now : log.position.epochStartedAt;
  const checkpoint = signCheckpoint(log.signer, { origin: log.origin, size, root: frontierRoot(frontier) });
  return {
    log: { ...log, epoch, macKey, position: { size, chain, frontier, epochStartedAt } },
    entries,
    leaves,
    head: {
      tenantId,
      macKey: stepped?.sealed ?? null,
      epoch,
      epochStartedAt,
      size,
      chain,
      frontier: encodeFrontier(frontier),
      checkpoint,
      checkpointAt: now,
    },
    malformed,
  };
}

/**
 * Daily, by UTC, and only together with an entry: the verifier sees a missing epoch, so none may pass without one. Never before the
 * first entry, which has epoch 0. A clock that is set back does not step.
 */
const isEpochDue = ({ position }: OpenLog, now: Date): boolean => position.size > 0 && dayOf(now) > dayOf(position.epochStartedAt);
const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

function stepEpoch(keys: TenantKeys, log: OpenLog) {
  const epoch = log.epoch + 1;
  const before = log.macKey.export();
  const bytes = nextMacKey(before);
  const stepped = { epoch, macKey: createSecretKey(bytes), sealed: sealMacKey(keys, epoch, bytes) };
  before.fill(0);
  bytes.fill(0);
  return stepped;
}

/** The log neither stops at bytes that are no entry nor passes over them in silence. */
function replaceMalformed(tenantId: string, given: string, now: Date): [body: string, facts: BodyFacts] {
  const facts = { kind: 'audit.malformed', at: now, actor: 'system:sequencer', objectId: null, taskId: null, state: null } as const;
  const bytes = Buffer.from(given);
  const detail = { bytes: bytes.length, leafHash: hashLeaf(bytes).toString('hex') };
  return [auditBody(tenantId, { kind: facts.kind, actor: facts.actor, at: now, detail }), { ...facts, detail }];
}
