import type { z } from 'zod';
import type { SecretKind, SecretScope } from '#trust/secret';

/** One rotation, as far as an issuer has to know of it. */
export interface Rotation {
  readonly scope: SecretScope;
  readonly name: string;
  /** The value in force. */
  readonly old: string;
  /** The same for every try of one rotation: what an earlier one has made under it can be found and ended. */
  readonly key: string;
  /** Who asked for it. */
  readonly actor: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * How credentials of one kind are made, tried and ended at whoever issues them. Each step may be repeated.
 *
 * What a step throws decides: a fault that passes by itself (`retry`) is waited out, any other ends the rotation, and the old value stays.
 */
export interface RotationKind {
  readonly kind: SecretKind;
  /** Whether it makes values by itself. Else a person brings them. */
  readonly makesValues: boolean;
  /** Whether tenants may have it. Else it reaches what is the installation's. */
  readonly forTenants: boolean;
  create(rotation: Rotation): Promise<string>;
  /** Tries a value that is not in force yet. */
  test(rotation: Rotation, value: string): Promise<void>;
  /** Ends a value at its issuer; one that has ended already is no fault. `inForce` is the one that replaced it. */
  revoke(rotation: Omit<Rotation, 'old'>, value: string, inForce: string): Promise<void>;
}

/** A value that is JSON of that form. @param faulty - what is thrown instead of the parser's own fault, which may quote the value */
export function readJsonValue<T>(value: string, schema: z.ZodType<T>, faulty: () => Error): T {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    json = null;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw faulty();
  return parsed.data;
}
