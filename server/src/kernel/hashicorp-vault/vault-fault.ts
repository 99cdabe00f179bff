/**
 * Why Vault did not do what was asked.
 *
 * `unreachable`: no answer in time, sealed, a standby, overloaded (retry). `refused`: the login or the policy says no.
 * `not_found`: no such thing. `conflict`: check-and-set found another version. `invalid`: it takes this for wrong input.
 */
export type VaultFaultReason = 'unreachable' | 'refused' | 'not_found' | 'conflict' | 'invalid';

/** A failure of Vault, for its callers to name in their own words. The message may be shown and holds no secret. */
export class VaultFault extends Error {
  readonly reason: VaultFaultReason;
  /** Of the answer; null when there was none. */
  readonly status: number | null;

  constructor(reason: VaultFaultReason, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VaultFault';
    this.reason = reason;
    this.status = options.status ?? null;
  }
}
