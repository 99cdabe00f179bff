import { type ErrorCode, isFactotumError } from '#kernel';

/**
 * What went wrong with a model, in our words. Nothing of the original error is kept: the SDK hangs the whole prompt onto it, and vendors
 * quote keys in their messages.
 */
export type ModelFailure =
  | { readonly kind: 'retry'; readonly afterMs: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'question'; readonly code: ErrorCode; readonly message: string };

const second = 1_000;
const retryMsMin = 1 * second;
const retryMsMax = 3_600 * second;
const pauseMs = 30 * second;

const slowDown = 'The model asks us to slow down.';
const unreachable = 'The model does not answer.';

/** By HTTP status; what is not listed goes by its hundred. */
const byStatus: Readonly<Record<number, ModelFailure>> = {
  400: misconfigured('it refuses our request (400). The model may be too old for structured answers'),
  401: misconfigured('it refuses the key (401)'),
  402: misconfigured('the account has no credit left (402)'),
  403: misconfigured('the key may not use this model (403)'),
  404: misconfigured('it does not know this model or address (404)'),
  408: { kind: 'retry', afterMs: pauseMs, code: 'model.unavailable', message: unreachable },
  413: { kind: 'question', code: 'model.bad_answer', message: 'This is too long for the model.' },
  429: { kind: 'retry', afterMs: pauseMs, code: 'model.rate_limited', message: slowDown },
  503: { kind: 'retry', afterMs: pauseMs, code: 'model.unavailable', message: unreachable },
  529: { kind: 'retry', afterMs: pauseMs, code: 'model.rate_limited', message: 'The model is overloaded.' },
};

/** By what Node and undici report when no whole answer came. */
const byCause: Readonly<Record<string, ModelFailure>> = {
  // The status was 200 before the body broke off, so these come before the status.
  ...Object.fromEntries(
    [
      'UND_ERR_BODY_TIMEOUT',
      'UND_ERR_HEADERS_TIMEOUT',
      'UND_ERR_CONNECT_TIMEOUT',
      'UND_ERR_SOCKET',
      'ECONNRESET',
      'ECONNREFUSED',
      'EPIPE',
    ].map((code) => [code, { kind: 'retry', afterMs: pauseMs, code: 'model.unavailable', message: unreachable } as const]),
  ),
  'outbound.address_refused': misconfigured('its address is not on the public internet'),
  'outbound.too_large': tooLarge(),
  UND_ERR_RES_EXCEEDED_MAX_SIZE: tooLarge(),
  CERT_HAS_EXPIRED: misconfigured('its certificate has expired'),
  DEPTH_ZERO_SELF_SIGNED_CERT: misconfigured('its certificate is not one that this server trusts'),
  SELF_SIGNED_CERT_IN_CHAIN: misconfigured('its certificate is not one that this server trusts'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: misconfigured('its certificate is not one that this server trusts'),
  ERR_TLS_CERT_ALTNAME_INVALID: misconfigured('its certificate belongs to another address'),
};

/**
 * What a thrown error means for the task. Rate limits, overload, silence and broken connections are tried again, after the pause the far
 * side asks for (1 s to 1 h, else 30 s); a refused key, an unknown model or an address that speaks something else need a person.
 */
export function failureOf(error: unknown, now: Date): ModelFailure {
  const causes = causesOf(error);
  for (const cause of causes) {
    const code = isFactotumError(cause) ? cause.code : textOf(cause, 'code');
    const known = code !== undefined && Object.hasOwn(byCause, code) ? byCause[code] : undefined;
    if (known !== undefined) return known;
  }
  const answered = causes.find((cause) => typeof memberOf(cause, 'statusCode') === 'number');
  const status = Number(memberOf(answered, 'statusCode') ?? 0);
  if (status >= 200 && status < 400) return misconfigured('something else than a model answers at its address');
  const known = byStatus[status];
  const fallback = status >= 400 && status < 500 ? misconfigured(`it refuses our request (${status})`) : unavailable;
  const failure = known ?? fallback;
  return failure.kind === 'retry'
    ? { ...failure, afterMs: pauseOf(memberOf(answered, 'responseHeaders'), now) ?? failure.afterMs }
    : failure;
}

const unavailable: ModelFailure = { kind: 'retry', afterMs: pauseMs, code: 'model.unavailable', message: unreachable };

/** `retry-after-ms` in milliseconds, or `retry-after` in seconds or as a date, within a second and an hour. */
function pauseOf(headers: unknown, now: Date): number | undefined {
  const milliseconds = textOf(headers, 'retry-after-ms');
  const written = textOf(headers, 'retry-after');
  const asked = [
    milliseconds !== undefined && /^\d+(\.\d+)?$/.test(milliseconds) ? Number(milliseconds) : undefined,
    written !== undefined && /^\d+(\.\d+)?$/.test(written) ? Number(written) * second : undefined,
    written !== undefined && Number.isFinite(Date.parse(written)) ? Date.parse(written) - now.getTime() : undefined,
  ].find((each) => each !== undefined);
  return asked === undefined ? undefined : Math.min(retryMsMax, Math.max(retryMsMin, Math.ceil(asked)));
}

function misconfigured(what: string): ModelFailure {
  return { kind: 'question', code: 'model.misconfigured', message: `The connection to the model does not work: ${what}.` };
}

function tooLarge(): ModelFailure {
  return { kind: 'question', code: 'model.bad_answer', message: 'The model sent far more than an answer.' };
}

/** The error and its causes, outermost first, to a depth that ends circles. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let here = error; here !== undefined && here !== null && causes.length < 8; here = memberOf(here, 'cause')) causes.push(here);
  return causes;
}

function memberOf(value: unknown, name: string): unknown {
  // Only looked at, and only through typeof: an error of somebody else's may have any members.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}
