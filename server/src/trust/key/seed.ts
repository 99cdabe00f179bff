import { hash } from 'node:crypto';
import { FactotumError, type Id } from '#kernel';
import { createHmacKey } from './hmac.ts';
import type { KekDirectory, KekProvider } from './kek.ts';
import type { NewKeyRow, TenantKeyRow } from './store.ts';
import { createTenantKeys, derivePurposeKey, type KeyMaterial } from './tenant-keys.ts';

/** A seed that no KEK guards. */
export interface PlainSeed {
  readonly generation: number;
  readonly state: 'active' | 'retired';
  /** 32 bytes. */
  readonly seed: Buffer;
  /** 32 bytes: what MACs are made with, where that is no longer the key that follows from this seed. Stands at the active one. */
  readonly indexKey: Buffer | null;
}

export const seedBytes = 32;
const checkDomain = Buffer.from('factotum/seed-check/v1');

/** Eight bytes that tell a seed from every other. */
export function checkValueOf(seed: Buffer): Buffer {
  const key = createHmacKey('sha256', seed);
  const value = Buffer.from(key.digest(checkDomain).subarray(0, 8));
  key.erase();
  return value;
}

/** Wraps a seed as a row of `tenant_key`. */
export async function wrapRow(
  kek: KekProvider,
  tenantId: Id<'tenant'>,
  { generation, seed, indexKey, state }: { generation: number; seed: Buffer; indexKey: Buffer | null; state: NewKeyRow['state'] },
): Promise<NewKeyRow> {
  return {
    tenantId,
    generation,
    state,
    provider: kek.provider,
    ...(await kek.wrap(seed, { tenantId, generation })),
    checkValue: checkValueOf(seed),
    indexSealed:
      indexKey === null ? null : underOwnSeed(tenantId, { generation, seed }, (keys) => keys.seal('index', indexRef(tenantId), indexKey)),
  };
}

/**
 * The seed in a row, and whatever the row says of it checked.
 *
 * @throws FactotumError `key.unavailable`, with `details.reason` `broken` when the provider gave back something that is not this seed.
 */
export async function unwrapRow(keks: KekDirectory, row: TenantKeyRow): Promise<Buffer> {
  const { tenantId, generation } = row;
  const kek = await keks.opening(tenantId, row);
  const seed = await kek.unwrap(row, { tenantId, generation });
  requireSeed(row, seed);
  return seed;
}

/** A row's seed with the index key that the row holds. */
export async function openRow(keks: KekDirectory, row: TenantKeyRow): Promise<PlainSeed> {
  const { tenantId, generation, indexSealed } = row;
  const seed = await unwrapRow(keks, row);
  const state = row.state === 'active' ? 'active' : 'retired';
  const indexKey = state === 'active' && indexSealed !== null ? openIndexKey(tenantId, { generation, seed }, indexSealed) : null;
  return { generation, state, seed, indexKey };
}

/** @throws FactotumError `key.unavailable`, `details.reason` `broken`. The bytes are wiped then. */
export function requireSeed(row: Pick<TenantKeyRow, 'checkValue' | 'provider'>, seed: Buffer): void {
  // Rows from before there were check values have none; what was sealed under them tells then.
  if (seed.length === seedBytes && (row.checkValue === null || checkValueOf(seed).equals(row.checkValue))) return;
  seed.fill(0);
  throw new FactotumError('key.unavailable', `The key provider (${row.provider}) gave back another key than it was given.`, {
    details: { reason: 'broken' },
  });
}

const openIndexKey = (tenantId: Id<'tenant'>, seed: Pick<PlainSeed, 'generation' | 'seed'>, sealed: Buffer): Buffer =>
  underOwnSeed(tenantId, seed, (keys) => keys.open('index', indexRef(tenantId), sealed));

/** What MACs of this tenant are made with, whichever generation is in force: to be kept when another takes over. */
export const indexKeyOf = (tenantId: Id<'tenant'>, { generation, seed, indexKey }: PlainSeed): Buffer =>
  indexKey === null ? derivePurposeKey(seed, tenantId, generation, 'index') : Buffer.from(indexKey);

/** Copies, for a handle to keep: the seeds stay the caller's. */
export function materialOf(seeds: readonly PlainSeed[]): KeyMaterial {
  const active = seeds.find(({ state }) => state === 'active');
  if (active === undefined)
    throw new FactotumError('key.unavailable', 'None of the keys of this tenant is in force. Restore them from the key backup.');
  return {
    seeds: new Map(seeds.map(({ generation, seed }) => [generation, Buffer.from(seed)])),
    current: active.generation,
    indexKey: active.indexKey === null ? undefined : Buffer.from(active.indexKey),
  };
}

export function wipeSeeds(seeds: readonly PlainSeed[]): void {
  for (const { seed, indexKey } of seeds) {
    seed.fill(0);
    indexKey?.fill(0);
  }
}

/** What tells a wrapped seed from all others, without opening it. */
export const fingerprintOf = ({ wrapped }: Pick<TenantKeyRow, 'wrapped'>): string => hash('sha256', wrapped);

const indexRef = (tenantId: Id<'tenant'>) => ({ kind: 'index.key', id: tenantId });

function underOwnSeed(
  tenantId: Id<'tenant'>,
  { generation, seed }: Pick<PlainSeed, 'generation' | 'seed'>,
  work: (keys: ReturnType<typeof createTenantKeys>) => Buffer,
): Buffer {
  const keys = createTenantKeys(tenantId, { seeds: new Map([[generation, Buffer.from(seed)]]), current: generation });
  try {
    return work(keys);
  } finally {
    keys.close();
  }
}
