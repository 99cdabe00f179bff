import { randomBytes } from 'node:crypto';
import { FactotumError, type Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import type { KekDirectory } from './kek.ts';
import { fingerprintOf, indexKeyOf, openRow, type PlainSeed, requireSeed, seedBytes, unwrapRow, wipeSeeds, wrapRow } from './seed.ts';
import {
  activateKeyRow,
  destroyKeyRows,
  insertKeyRow,
  insertRevocation,
  type KeyState,
  listKeyRows,
  lockKeyRows,
  rewrapKeyRow,
  type TenantKeyRow,
} from './store.ts';

/** One generation of a tenant's seed, as may be told. */
export interface KeyGeneration {
  readonly generation: number;
  readonly state: KeyState;
  /** Who guards it, with which key, in which version. */
  readonly provider: string;
  readonly kekId: string;
  readonly kekVersion: string;
  readonly createdAt: Date;
  readonly destroyedAt: Date | null;
  /** SHA-256 of the wrapped seed, in hex: what a certificate names it by. */
  readonly wrappedSha256: string;
}

/** Changes the generations of tenants' seeds. Every change is told to all processes when its transaction commits. */
export interface KeyGenerations {
  list(tx: Tx, tenantId: Id<'tenant'>): Promise<KeyGeneration[]>;
  /** The same, with all changes of this tenant's generations by others held back until the transaction ends. */
  hold(tx: Tx, tenantId: Id<'tenant'>): Promise<KeyGeneration[]>;
  /**
   * Makes the next generation: processes read it, and nothing is sealed under it yet. Hold the generations first.
   *
   * @returns its number.
   * @throws FactotumError `key.unavailable`, `key.destroyed`.
   */
  announce(tx: Tx, tenantId: Id<'tenant'>): Promise<number>;
  /** From the commit on everything is sealed under the generation that was announced, and what sealed before only opens. */
  activate(tx: Tx, tenantId: Id<'tenant'>, generation: number): Promise<void>;
  /** Overwrites a generation's wrapped seed with zeros. @throws FactotumError `key.in_use` for the one in force. */
  destroy(tx: Tx, tenantId: Id<'tenant'>, generation: number, at: Date): Promise<void>;
  /**
   * Wraps every seed of the tenant anew: with whoever guards its keys now, under the newest version of their key.
   *
   * @returns how many were wrapped.
   */
  rewrap(tenantId: Id<'tenant'>): Promise<number>;
  /** Has every process wipe the tenant's keys from memory at the commit; whoever needs them asks their provider again. */
  revoke(tx: Tx, tenantId: Id<'tenant'>): Promise<void>;
}

/** @param db - the pool of the role `factotum_app` */
export function createKeyGenerations({ db, keks }: { readonly db: Tx; readonly keks: KekDirectory }): KeyGenerations {
  const rewrapRow = async (row: TenantKeyRow): Promise<boolean> => {
    const { tenantId, generation } = row;
    const binding = { tenantId, generation };
    const [from, to] = [await keks.opening(tenantId, row), await keks.wrapping(tenantId)];
    const isSame = from.provider === to.provider && row.kekId === to.kekId;
    let wrapped: Awaited<ReturnType<typeof to.wrap>>;
    if (isSame) wrapped = await to.rewrap(row, binding);
    else {
      const seed = await unwrapRow(keks, row);
      wrapped = await to.wrap(seed, binding);
      seed.fill(0);
    }
    // Whoever wraps without being able to open again would lose the tenant's data: it is tried before the old wrap goes.
    const again = await to.unwrap(wrapped, binding);
    requireSeed({ checkValue: row.checkValue, provider: to.provider }, again);
    again.fill(0);
    return withTenant(db, tenantId, (tx) => rewrapKeyRow(tx, row, { provider: to.provider, ...wrapped }));
  };

  return {
    list: async (tx, tenantId) => (await listKeyRows(tx, tenantId)).map(present),
    hold: async (tx, tenantId) => (await lockKeyRows(tx, tenantId)).map(present),
    async announce(tx, tenantId) {
      const rows = await lockKeyRows(tx, tenantId);
      const active = rows.find(({ state }) => state === 'active');
      if (active === undefined)
        throw new FactotumError(
          rows.length > 0 ? 'key.destroyed' : 'key.unavailable',
          'This tenant has no keys in force that could be followed by others.',
        );
      const generation = Math.max(...rows.map((row) => row.generation)) + 1;
      const before: PlainSeed = await openRow(keks, active);
      const seed = randomBytes(seedBytes);
      const indexKey = indexKeyOf(tenantId, before);
      try {
        await insertKeyRow(tx, await wrapRow(await keks.wrapping(tenantId), tenantId, { generation, seed, indexKey, state: 'coming' }));
      } finally {
        wipeSeeds([before, { generation, state: 'active', seed, indexKey }]);
      }
      await insertRevocation(tx, tenantId, 'changed');
      return generation;
    },
    async activate(tx, tenantId, generation) {
      await activateKeyRow(tx, tenantId, generation);
      await insertRevocation(tx, tenantId, 'changed');
    },
    async destroy(tx, tenantId, generation, at) {
      const row = (await lockKeyRows(tx, tenantId)).find((one) => one.generation === generation);
      if (row?.state === 'active' || row?.state === 'coming')
        throw new FactotumError('key.in_use', 'This generation is the one in force. Rotate first.', { details: { generation } });
      await destroyKeyRows(tx, tenantId, at, generation);
      await insertRevocation(tx, tenantId, 'changed');
    },
    async rewrap(tenantId) {
      const rows = await withTenant(db, tenantId, (tx) => listKeyRows(tx, tenantId));
      let wrapped = 0;
      for (const row of rows) if (row.state !== 'destroyed' && (await rewrapRow(row))) wrapped += 1;
      return wrapped;
    },
    revoke: (tx, tenantId) => insertRevocation(tx, tenantId, 'revoked'),
  };
}

const present = (row: TenantKeyRow): KeyGeneration => ({
  generation: row.generation,
  state: row.state,
  provider: row.provider,
  kekId: row.kekId,
  kekVersion: row.kekVersion,
  createdAt: row.createdAt,
  destroyedAt: row.destroyedAt,
  wrappedSha256: fingerprintOf(row),
});
