import type { Purpose } from '#trust/key';

/** A column that is sealed under the tenant's keys. Rotating re-seals it, so what it says must be what seals it. */
export interface SealedColumn {
  readonly is: 'sealed';
  readonly purpose: Purpose;
  /** The kind that is bound in, as in `keys.seal(purpose, { kind, id, version }, ...)`. */
  readonly kind: string;
  /** The columns that make the id, joined by a slash; those of type bytea as lower-case hex. */
  readonly id: readonly string[];
  /** The column of the version, where one is bound in. */
  readonly version?: string;
  /** The column that says whose row it is. */
  readonly tenant: string;
  /** What it holds, in a few words. */
  readonly about: string;
}

/** A column sealed or hashed with a key that is not the tenant's: a rotation of the tenant's leaves it alone. */
export interface OtherwiseSealedColumn {
  readonly is: 'sealed otherwise';
  readonly under: 'installation key' | 'session secret' | 'auditor key' | 'passphrase' | 'key provider' | 'password hash';
  readonly about: string;
}

/** A column that anybody with the database reads, and why that may be. */
export interface ClearColumn {
  readonly is: 'clear';
  readonly reason: string;
}

export type Column = SealedColumn | OtherwiseSealedColumn | ClearColumn;

/** Columns of one table, by name; several names with spaces between share a line. */
export type TableColumns = Readonly<Record<string, Column>>;

/** Sealed under the tenant's keys, for the purpose `content` if nothing else is said. */
export const sealed = (
  about: string,
  of: Pick<SealedColumn, 'kind' | 'id' | 'version'> & Partial<Pick<SealedColumn, 'purpose' | 'tenant'>>,
): SealedColumn => ({ is: 'sealed', purpose: 'content', tenant: 'tenant_id', about, ...of });

export const otherwise = (under: OtherwiseSealedColumn['under'], about: string): OtherwiseSealedColumn => ({
  is: 'sealed otherwise',
  under,
  about,
});

export const clear = (reason: string): ClearColumn => ({ is: 'clear', reason });

export const id = clear('an id of ours, or one that points at a row');
export const time = clear('a time');
export const count = clear('a number: a version, a size, a counter, an amount');
export const option = clear('a state, a switch or the name of an option');
export const name = clear('a name that we or an administrator gave: of a tool, playbook, model or setting');
export const actor = clear('who did it, by id');
export const keyed = clear('a MAC under the tenant’s index key: finds equal texts, says nothing of them');
export const hash = clear('a hash of what has enough randomness of its own, or of what is sealed');
export const publicValue = clear('a public key, signature or hash that is published');
