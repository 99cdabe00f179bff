/**
 * What went wrong at the far side, by what follows from it:
 *
 * - `transient`: tried again with a growing pause;
 * - `rate_limited`: tried again after `retryAfterMs`;
 * - `auth`: the connection stops and a person is asked to connect it again;
 * - `cursor_expired`: the cursor is forgotten and the connector begins anew; what is known already is recognised;
 * - `permanent`: the connection stops until a person changes it.
 */
export type FaultKind = 'transient' | 'rate_limited' | 'auth' | 'cursor_expired' | 'permanent';

/** A fault of the far side, or of how the connection is set up. Its message is shown to the tenant: no credentials in it. */
export class ConnectorFault extends Error {
  readonly kind: FaultKind;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FaultKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConnectorFault';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Also for a fault that another copy of this package has made. */
export const isConnectorFault = (error: unknown): error is ConnectorFault =>
  error instanceof Error && error.name === 'ConnectorFault' && 'kind' in error;
