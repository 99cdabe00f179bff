/** Why a cloud did not do what was asked: it did not answer in time, it said no, or what it answered cannot be used. */
export type CloudReason = 'unreachable' | 'refused' | 'broken';

/**
 * What went wrong at a cloud, for the module that asked it to turn into its own error. The message is a sentence that may be shown: it names
 * the service and its error code, never an address, a credential or the service's own words, which are in the cause.
 * `unreachable` is worth trying again later; a service that asks us to slow down counts as that.
 */
export class CloudFault extends Error {
  readonly reason: CloudReason;
  /** The service's own code for it (`AccessDeniedException`, `KeyDisabled`), or its HTTP status, where it answered at all. */
  readonly code: string | undefined;

  constructor(reason: CloudReason, message: string, options: { code?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CloudFault';
    this.reason = reason;
    this.code = options.code;
  }
}

/** An answer by HTTP that is no success, as the fault it means: 429 and 5xx pass by themselves, other ones want a person. */
export function faultOfStatus(service: string, status: number, code: string = String(status), cause?: unknown): CloudFault {
  if (status === 429) return new CloudFault('unreachable', `${service} asks for fewer calls (${code}).`, { code, cause });
  if (status === 408 || status >= 500) return new CloudFault('unreachable', `${service} cannot answer now (${code}).`, { code, cause });
  if ([401, 403, 404, 409, 410].includes(status)) return new CloudFault('refused', `${service} says no (${code}).`, { code, cause });
  return new CloudFault('broken', `${service} cannot use what it was sent (${code}).`, { code, cause });
}
