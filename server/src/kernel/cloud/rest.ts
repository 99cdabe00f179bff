import { setTimeout as wait } from 'node:timers/promises';
import { isFactotumError } from '#kernel';
import { CloudFault, faultOfStatus } from './cloud-fault.ts';

/** One call. At most one of `json` and `form`. */
export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body; undefined when it is no JSON. Read it with a schema. */
  readonly json: unknown;
}

/** A far side that speaks JSON over HTTP. */
export interface Rest {
  /**
   * Sends a call that may be sent twice without harm. What passes by itself (no connection, 429, 5xx) is tried once more within the time limit.
   *
   * @returns any answer below 500 but 429: what a 400 or 404 means is the caller's to know.
   * @throws CloudFault `unreachable`, or `refused` when our own guard does not let us call the address.
   */
  send(request: RestRequest): Promise<RestAnswer>;
}

export interface RestOptions {
  /** Named in messages: 'Azure Key Vault'. */
  readonly service: string;
  /** `outboundFetch` of a guarded agent where a tenant chose the address. */
  readonly fetch: typeof globalThis.fetch;
  /** For a call with its second attempt, in milliseconds. */
  readonly timeoutMs?: number;
}

/** Less than the 5 s that a whole operation at a key provider may take. */
const timeoutMsDefault = 4_000;
/** Before the second attempt: 100-300 ms, so that many processes do not come back at the same moment. */
const pauseMs = () => 100 + Math.random() * 200;

/** Calls by `fetch`, with a time limit and one second attempt. */
export function createRest({ service, fetch, timeoutMs = timeoutMsDefault }: RestOptions): Rest {
  const once = async (request: RestRequest, signal: AbortSignal): Promise<RestAnswer> => {
    const { method, url, headers, json, form } = request;
    const body = json !== undefined ? JSON.stringify(json) : form !== undefined ? new URLSearchParams(form).toString() : undefined;
    const type = json !== undefined ? 'application/json' : form !== undefined ? 'application/x-www-form-urlencoded' : undefined;
    const response = await fetch(String(url), {
      method,
      signal,
      headers: { accept: 'application/json', ...(type === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const answer = { status: response.status, headers: response.headers, json: parse(await response.text()) };
    if (answer.status === 429 || answer.status >= 500) throw faultOfStatus(service, answer.status);
    return answer;
  };
  return {
    async send(request) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await once(request, signal);
      } catch (first) {
        const fault = asFault(service, first);
        if (fault.reason !== 'unreachable' || signal.aborted) throw fault;
      }
      try {
        await wait(pauseMs(), undefined, { signal });
        return await once(request, signal);
      } catch (second) {
        throw asFault(service, second);
      }
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Pages of proxies and empty bodies: the status says enough, and whoever wants JSON asks a schema.
    return undefined;
  }
}

/** What a call failed with, as a CloudFault: without an answer the far side counts as unreachable, unless our own guard refused to call. */
export function asFault(service: string, error: unknown): CloudFault {
  if (error instanceof CloudFault) return error;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isFactotumError(cause, 'outbound.address_refused'))
      return new CloudFault('refused', `${service}: ${cause.message}`, { cause: error });
    if (isFactotumError(cause, 'outbound.too_large')) return new CloudFault('broken', `${service} sent too much.`, { cause: error });
  }
  return new CloudFault('unreachable', `${service} does not answer.`, { cause: error });
}
