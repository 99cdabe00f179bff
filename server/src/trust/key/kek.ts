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

/** What a provider can do beyond wrapping. */
export interface KekCapabilities {
  /** The provider itself authenticates the binding. Without it the seal's own commitment finds a row that was moved. */
  readonly binds: boolean;
  /** `rewrap` happens at the provider: the seed is in no memory of ours. */
  readonly rewrapsInside: boolean;
}

/** What asking a provider for its key came to. */
export interface KekHealth {
  /** The version that wraps now. */
  readonly kekVersion: string;
  /** Of the whole answer, in milliseconds. */
  readonly latencyMs: number;
}

/**
 * The key-encryption key: wraps the tenants' seeds and never leaves its provider (a file here; a KMS or HSM elsewhere).
 * Every call throws FactotumError `key.unavailable`: with `details.reason` `unreachable` when the provider does not answer in time (retry),
 * `refused` when it says no (revoked, disabled, no permission), `broken` when the wrap does not open under its key.
 */
export interface KekProvider {
  /** Stored beside each wrap, so that a row says who can open it: `local`, `passphrase`, `aws-kms`, `azure-key-vault`, `gcp-kms`, `vault-transit`, `pkcs11`. */
  readonly provider: string;
  /** The key that wraps now, as its provider names it. A row with another one is opened by another instance, or not at all. */
  readonly kekId: string;
  readonly capabilities: KekCapabilities;
  wrap(seed: Buffer, binding: SeedBinding): Promise<WrappedSeed>;
  unwrap(wrapped: WrappedSeed, binding: SeedBinding): Promise<Buffer>;
  /** The same seed under the key's newest version. Where the provider cannot do it inside, by opening and wrapping. */
  rewrap(wrapped: WrappedSeed, binding: SeedBinding): Promise<WrappedSeed>;
  /** Asks the provider whether the key can be used, without touching anybody's seed. */
  health(): Promise<KekHealth>;
  /** Gives back connections and sessions, and wipes what it holds in memory. */
  close(): Promise<void>;
}

/** Finds who guards a tenant's keys: a provider of its own, or the installation's. */
export interface KekDirectory {
  /** Wraps the tenant's new seeds. */
  wrapping(tenantId: Id<'tenant'>): Promise<KekProvider>;
  /** Opens what this provider's key has wrapped. @throws FactotumError `key.unavailable` when none that is configured can. */
  opening(tenantId: Id<'tenant'>, row: { readonly provider: string; readonly kekId: string }): Promise<KekProvider>;
}

/** The directory of an installation with one provider for everybody. */
export function onlyKek(kek: KekProvider): KekDirectory {
  return { wrapping: async () => kek, opening: async () => kek };
}

/** How a call to a provider ended. `skipped`: not asked at all, because it has not answered for a while. */
export type KekOutcome = 'ok' | 'unreachable' | 'refused' | 'broken' | 'skipped';

/** Who counts what happens with keys, for figures. Nothing in it names a tenant. */
export interface KeyObserver {
  /** One call came to its end. */
  kekAsked(provider: string, outcome: KekOutcome, seconds: number): void;
  /** Whether the installation's provider could be used when it was last asked. */
  kekIsUp(provider: string, isUp: boolean): void;
}
