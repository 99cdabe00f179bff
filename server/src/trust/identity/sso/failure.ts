import { AuthorizationResponseError, ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client';
import { FactotumError, isFactotumError } from '#kernel';

/** The person is told no more than this; why is in the cause, for the log and for the provider's test. */
export const refusedAnswer = (reason: string, cause?: unknown) =>
  new FactotumError('sso.failed', 'Your identity provider did not sign you in. Try again; if it stays so, ask your administrator.', {
    details: { reason },
    ...(cause === undefined ? {} : { cause }),
  });

const unavailable = (cause: unknown) =>
  new FactotumError('sso.unavailable', 'Your identity provider does not answer as it should. Try again in a moment.', { cause });

/** What went wrong with a provider: it cannot be reached (`sso.unavailable`), may not be (`outbound.address_refused`), or said something that is not accepted (`sso.failed`). */
export function providerFailure(error: unknown): FactotumError {
  const ours = ownFailureIn(error);
  if (ours !== undefined) return ours;
  // What the provider tells the browser or us by name: access_denied, login_required, invalid_grant, invalid_client.
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError)
    return refusedAnswer(/^[a-z_]{1,60}$/.test(error.error) ? error.error : 'refused', error);
  if (error instanceof WWWAuthenticateChallengeError) return refusedAnswer('token_refused', error);
  if (error instanceof ClientError && !isTransport(error)) return refusedAnswer(reasonOf(error), error);
  return unavailable(error);
}

/** A failure of ours somewhere in the chain of causes: the guarded fetch says no from below. */
function ownFailureIn(error: unknown): FactotumError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) if (isFactotumError(at)) return at;
  return undefined;
}

/** What has to do with the line, or with an answer that broke off: the library calls that one a fault of parsing. */
const transportCodes = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'];
const isTransport = ({ code }: ClientError) => code !== undefined && transportCodes.includes(code);

/** A word for the log: the library's own code, without what the provider sent. */
const reasonOf = ({ code }: ClientError) => (code ?? 'invalid_answer').replace(/^OAUTH_/, '').toLowerCase();
