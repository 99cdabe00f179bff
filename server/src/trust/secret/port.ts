import type { Id } from '#kernel';
import type { StoreKind } from './reference.ts';

/** Whose secrets: a tenant's, or those of the installation itself. */
export type SecretScope = Id<'tenant'> | 'installation';
/** Whose they are to the redactor, which forgets what it was told of tenants before anything of the installation. */
export const ownerOf = (scope: SecretScope): 'installation' | 'tenant' => (scope === 'installation' ? 'installation' : 'tenant');

/** A value as it lies in its store. */
export interface StoredSecret {
  readonly value: string;
  /** As the store counts: to be named when the value is replaced. */
  readonly version: string;
}

/**
 * A place that keeps secrets. Every call throws FactotumError `secret.unavailable` (retry) when the store does not answer or refuses us;
 * messages name the secret, never a value.
 */
export interface SecretStore {
  readonly kind: StoreKind;
  /** Whether values can be put and destroyed here; else those throw `secret.unavailable`. */
  readonly isWritable: boolean;
  /** Null when there is no such secret. */
  get(name: string): Promise<StoredSecret | null>;
  /**
   * Puts a value.
   *
   * @param ifVersion - the version that it replaces, null for a secret that is new
   * @throws FactotumError `secret.changed` when another version is there by now, `secret.exists` where there should be none,
   * `secret.not_found` where there should be one.
   */
  put(name: string, value: string, ifVersion: string | null): Promise<{ readonly version: string }>;
  /** Names that begin like this, at most 1,000, in order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Removes all versions for good. @throws FactotumError `secret.not_found`. */
  destroy(name: string): Promise<void>;
  /** Gives back connections and wipes credentials. */
  close(): Promise<void>;
}

/** What needs a credential asks here, each time that it needs it: values change while processes run. */
export interface SecretResolver {
  /**
   * The value that a reference stands for. At most 60 seconds old, and asked for once however many ask at the same time. When a store
   * outside does not answer, what it said last is good for 15 minutes more.
   *
   * @throws FactotumError `secret.reference_invalid`, `secret.not_found`, `secret.unavailable` (retry), `auth.forbidden` for a store that
   * tenants may not use.
   */
  resolve(scope: SecretScope, reference: string): Promise<string>;
  /** The value of a reference; any other text is a value already. */
  valueOf(scope: SecretScope, text: string): Promise<string>;
  /** Whether tenants may use the reference, as far as that can be said without asking its store. @throws as `resolve`. */
  check(scope: SecretScope, reference: string): void;
  /** What is kept of one scope, or of all, is asked for anew: a value was changed, or keys were revoked. */
  forget(scope?: SecretScope): void;
  close(): Promise<void>;
}

/** Something that refers to secrets: one of those asked before a secret is deleted. */
export type Referrer = (scope: SecretScope) => Promise<readonly Reference[]>;
export interface Reference {
  readonly reference: string;
  /** What refers, as a person knows it: `identity provider Okta`, `setting FACTOTUM_MAIL_URL`. */
  readonly by: string;
}

/** The smallest and the largest value, in bytes of UTF-8. The latter is what AWS takes. */
export const valueBytesMin = 1;
export const valueBytesMax = 65_536;
