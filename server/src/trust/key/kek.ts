import type { Id } from '#kernel';

/** A wrapped seed as the table `tenant_key` holds it. */
export interface WrappedSeed {
  /** Which key wrapped it: the name of the key, and its version at the provider. */
  readonly kekId: string;
  readonly kekVersion: string;
  readonly wrapped: Buffer;
}

/** What a wrap is bound to, so that a row moved to another tenant or generation does not open. */
export interface SeedBinding {
  readonly tenantId: Id<'tenant'>;
  readonly generation: number;
}

/**
 * The key-encryption key: wraps the tenants' seeds and never leaves its provider (a file here; a KMS or HSM elsewhere).
 * Both calls throw FactotumError `key.unavailable` when the provider does not answer or the wrap does not open.
 */
export interface KekProvider {
  /** Stored beside each wrap, so that a row says who can open it. */
  readonly provider: string;
  wrap(seed: Buffer, binding: SeedBinding): Promise<WrappedSeed>;
  unwrap(wrapped: WrappedSeed, binding: SeedBinding): Promise<Buffer>;
}
