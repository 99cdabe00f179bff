import { z } from 'zod';
import { type ErrorCode, errorCatalogue, FactotumError, isFactotumError } from '#kernel';
import { isRetryable } from '#kernel/database';
import { redactJson } from '#kernel/redact';
import { keysUnavailable } from '#trust/key';

/** RFC 9457. Members of `details` also stand beside the standard ones, where that document puts them. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  requestId: z.string(),
});

/** Faults named in one answer, at most: a list of a thousand wrong numbers is wrong once. */
const faultsMax = 50;

/** Any failure as one that has a name. What is not ours becomes `server.fault`, whose cause is for the log alone. */
export function namedFailure(error: unknown): FactotumError {
  if (isFactotumError(error)) return error;
  if (isRetryable(error))
    return new FactotumError('database.unavailable', 'The database does not answer. Try again in a moment.', { cause: error });
  return new FactotumError('server.fault', 'Something is wrong on our side.', { cause: error });
}

/** Everything a schema minds, each fault with the path of the member it is about. */
export function refuseFaults(error: z.ZodError, where: 'body' | 'query'): FactotumError {
  const faults = error.issues.slice(0, faultsMax).map((issue) => ({ path: pathText(issue.path), message: issue.message }));
  const told = faults.slice(0, 3).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new FactotumError('request.invalid', `The ${where} is not valid. ${told.join('; ')}.`, { details: { faults } });
}

/** `payload.items[2].price` */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** The answer for a failure: nothing in it but the catalogue's words, the failure's own message and details, and the request's id. */
export function problemResponse(failure: FactotumError, requestId: string): Response {
  const { status, title, retry } = errorCatalogue[failure.code];
  const isOurFault = failure.code === 'server.fault';
  const details = isOurFault ? undefined : failure.details;
  const body = {
    ...details,
    type: `/docs/errors#${failure.code}`,
    title,
    status,
    code: failure.code,
    ...(isOurFault ? {} : { detail: failure.code === 'key.unavailable' ? keysUnavailable : failure.message }),
    ...(details === undefined ? {} : { details }),
    requestId,
  };
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  if (retry) headers.set('retry-after', String(retryAfterSeconds(failure)));
  for (const [name, value] of headersOf(failure.code, details)) headers.set(name, value);
  return new Response(redactJson(JSON.stringify(body)), { status, headers });
}

function headersOf(code: ErrorCode, details: FactotumError['details']): [name: string, value: string][] {
  if (code === 'auth.required') return [['www-authenticate', 'Bearer realm="factotum"']];
  return code === 'request.method_not_allowed' && Array.isArray(details?.allow) ? [['allow', details.allow.join(', ')]] : [];
}

function retryAfterSeconds({ details }: FactotumError): number {
  if (typeof details?.retryAfterSeconds === 'number') return Math.ceil(details.retryAfterSeconds);
  return typeof details?.retryAfterMs === 'number' ? Math.max(1, Math.ceil(details.retryAfterMs / 1000)) : 1;
}
