import { createSecretKey, type KeyObject } from 'node:crypto';
import {
  checkEntry,
  createLogState,
  type Fault,
  frontierRoot,
  type LogState,
  macEntry,
  openCheckpoint,
  parseVerifierKey,
  TlogError,
} from '@factotum/tlog';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { AuditorKey, Keyring, TenantKeys } from '#trust/key';
import { linkedPages } from './export.ts';
import { openMacKey, openSigner, originOf } from './log-keys.ts';
import { findHeadAndLast, type HeadRow, type LinkedRow } from './store.ts';

export interface VerifyOptions {
  /** Opens the first MAC key; without it, or while `auditor.key` is elsewhere, only the MACs of the present epoch are checked. */
  readonly auditorKey?: Pick<AuditorKey, 'openAsAuditor'>;
  /** Signed checkpoints that were kept where nobody who can write to this database reaches them. */
  readonly checkpoints?: readonly string[];
}

/** What was found. All but `fault` describe what held before it. */
export interface TenantLogReport {
  readonly holds: boolean;
  /** The first thing that does not hold. An `index` of null: the head itself. */
  readonly fault: Fault | null;
  readonly entries: number;
  /** Of the entries checked, as in a checkpoint. */
  readonly root: Buffer;
  readonly epochs: number;
  readonly macsChecked: 'all' | 'present epoch' | 'none';
  readonly verifierKey: string;
  /** When the head's checkpoint was signed. */
  readonly checkpointAt: Date;
}

/**
 * Checks a tenant's whole log in the database, from its first entry to what was last signed: places, chain, tree, MACs, keys, the
 * signed checkpoint, nothing missing at the end and nothing beyond. Streams: a log of any size needs the same memory.
 *
 * What it cannot see alone is a database put back as a whole to an earlier state: for that, hand in a checkpoint that was kept elsewhere.
 *
 * @throws FactotumError `tenant.not_found`, `key.unavailable`, and what the database throws: the log was not judged then.
 */
export async function verifyTenantLog(
  database: Pick<Database, 'app'>,
  keyring: Pick<Keyring, 'of'>,
  tenantId: Id<'tenant'>,
  options: VerifyOptions = {},
): Promise<TenantLogReport> {
  const head = await withTenant(database.app.db, tenantId, (tx) => findHeadAndLast(tx, tenantId));
  if (head === undefined) throw new FactotumError('tenant.not_found', 'There is no audit log of this tenant.');
  const opened = openForCheck(await keyring.of(tenantId), head, options);
  const firstMacKey = 'fault' in opened ? null : opened.firstMacKey;
  const state = createLogState(originOf(tenantId), firstMacKey ?? undefined);
  firstMacKey?.fill(0);
  const fault =
    'fault' in opened ? opened.fault : await checkAll(linkedPages(database.app.db, tenantId, head.size), { state, head, opened });
  return {
    holds: fault === null,
    fault,
    entries: fault?.index ?? state.frontier.size,
    root: frontierRoot(state.frontier),
    epochs: state.epoch + 1,
    macsChecked: state.macKey ? 'all' : 'fault' in opened ? 'none' : 'present epoch',
    verifierKey: head.verifierKey,
    checkpointAt: head.checkpointAt,
  };
}

interface Milestone {
  readonly size: number;
  readonly root: Buffer;
}

interface Opened {
  readonly firstMacKey: Buffer | null;
  readonly presentMacKey: KeyObject;
  /** Ascending in size. The head's own is the one that nothing may be beyond. */
  readonly milestones: Milestone[];
}

const headFault = (detail: string): { fault: Fault } => ({ fault: { code: 'header', index: null, indexLast: null, detail } });

/** Opens what is sealed in the head and signed over it. The sealed signing key says which verifier key is right, not the table. */
function openForCheck(keys: TenantKeys, head: HeadRow, { auditorKey, checkpoints = [] }: VerifyOptions): Opened | { fault: Fault } {
  try {
    const { verifierKeyText } = openSigner(keys, head.signingKey);
    if (verifierKeyText !== head.verifierKey) return headFault('the published verifier key is not the one of the sealed signing key');
    const verifierKey = parseVerifierKey(verifierKeyText);
    const [own, ...held] = [head.checkpoint, ...checkpoints].map((note) => openCheckpoint(note, [verifierKey]));
    const origin = originOf(keys.tenantId);
    if (own === undefined || head.origin !== origin || [own, ...held].some((signed) => signed.origin !== origin))
      return headFault('a checkpoint is of another log');
    if (own.size !== head.size) return headFault(`the head says ${head.size} entries, its signed checkpoint ${own.size}`);
    const presentMacKey = openMacKey(keys, head.epoch, head.macKey);
    const milestones = [own, ...held].sort((a, b) => a.size - b.size);
    return { firstMacKey: openFirstMacKey(keys.tenantId, head, auditorKey), presentMacKey, milestones };
  } catch (error) {
    if (error instanceof TlogError || isFactotumError(error, 'seal.broken'))
      return headFault(`a key or checkpoint is not what was stored: ${error.message}`);
    throw error;
  }
}

function openFirstMacKey(tenantId: Id<'tenant'>, head: HeadRow, auditorKey: VerifyOptions['auditorKey']): Buffer | null {
  if (head.foreignAuditor) return null;
  try {
    return auditorKey?.openAsAuditor(tenantId, head.auditorMacKey) ?? null;
  } catch (error) {
    if (isFactotumError(error, 'key.unavailable')) return null; // kept elsewhere, as it should be
    throw error;
  }
}

interface Check {
  readonly state: LogState;
  readonly head: HeadRow & { lastSeq: number | null };
  readonly opened: Opened;
}

async function checkAll(pages: AsyncIterable<LinkedRow[]>, { state, head, opened }: Check): Promise<Fault | null> {
  const due = [...opened.milestones];
  let passed = 0;
  const passMilestones = (): Fault | null => {
    for (let next = due[0]; next?.size === state.frontier.size; next = due[0]) {
      if (!frontierRoot(state.frontier).equals(next.root)) {
        const indexLast = Math.max(passed, next.size - 1);
        return { code: 'root', index: passed, indexLast, detail: `the entries do not lead to the root that was signed for ${next.size}` };
      }
      passed = next.size;
      due.shift();
    }
    return null;
  };
  let fault = passMilestones();
  if (fault) return fault;
  for await (const page of pages) {
    for (const row of page) {
      fault = checkEntry(state, row) ?? checkPresentMac(state, row, head, opened.presentMacKey) ?? passMilestones();
      if (fault) return fault;
    }
  }
  const { size } = state.frontier;
  const at = (code: Fault['code'], detail: string): Fault => ({ code, index: size, indexLast: size, detail });
  const missing = due.at(-1);
  if (missing) return at('cut', `the log ends here, but ${missing.size} entries were signed`);
  if (head.lastSeq !== null && head.lastSeq >= size) return at('uncovered', `no checkpoint covers the entries ${size} to ${head.lastSeq}`);
  return checkEnd(state, head, opened.presentMacKey);
}

/** Without the first key, today's entries at least are held against today's key. */
function checkPresentMac(state: LogState, row: LinkedRow, head: HeadRow, presentMacKey: KeyObject): Fault | null {
  if (state.macKey || row.epoch !== head.epoch || macEntry(presentMacKey, state.chain).toString('hex') === row.mac) return null;
  return { code: 'mac', index: row.seq, indexLast: row.seq, detail: 'the MAC was not made with the key of the present epoch' };
}

/** What the next entry will be linked to has to be what the entries lead to. */
function checkEnd(state: LogState, head: HeadRow, presentMacKey: KeyObject): Fault | null {
  if (!state.chain.equals(head.chain)) return headFault('the head’s chain value is not that of the last entry').fault;
  if (Math.max(state.epoch, 0) !== head.epoch)
    return headFault(`the head says MAC epoch ${head.epoch}, the last entry ${state.epoch}`).fault;
  if (state.macKey && !createSecretKey(state.macKey.export()).equals(presentMacKey))
    return headFault('the MAC key in use is not the one that the first key leads to').fault;
  return null;
}
