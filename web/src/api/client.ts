import { spoken, spokenProblem } from '#text/spoken.ts';
import { dropEarly, takeEarly } from './early.ts';
import { isSomebodyThere } from './presence.ts';
import type { Json, JsonObject } from './types.ts';

/** How long a request may take before it counts as lost. */
const timeoutMs = 20_000;
/** An archive may be large and the line slow. */
const uploadTimeoutMs = 3_600_000;

/** A failed request. `code` is the server's, or `network.unreachable` or `network.timed_out` (then `status` is 0). */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly details: JsonObject;

  constructor(problem: {
    code: string;
    status: number;
    message: string;
    requestId?: string | null;
    details?: JsonObject;
    cause?: unknown;
  }) {
    super(problem.message, { cause: problem.cause });
    this.name = 'ApiError';
    this.code = problem.code;
    this.status = problem.status;
    this.requestId = problem.requestId ?? null;
    this.details = problem.details ?? {};
  }
}

/** Whether the value is a failed request with that code. */
export const isApiError = (error: unknown, code?: string): error is ApiError =>
  error instanceof ApiError && (code === undefined || error.code === code);

interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  bytes?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Asks the person to prove that it is them, and answers whether they did. Set by the frame of the pages. */
let proveAgain: (() => Promise<boolean>) | null = null;

/** Sets who asks a person to prove that it is them when the server wants that before a dangerous act. Returns how to take it back. */
export function onStepUp(ask: () => Promise<boolean>): () => void {
  proveAgain = ask;
  return () => {
    proveAgain = null;
  };
}

/** GET for everything that only reads. @throws ApiError */
export const get = <T>(path: string, options: RequestOptions = {}): Promise<T> => requestJson('GET', path, options);

/** POST with a fresh idempotency key, so that a repeat by the network changes nothing. @throws ApiError */
export const post = <T>(path: string, body?: unknown): Promise<T> => requestJson('POST', path, { body });

/** POST of bytes with their own type, within an hour. @throws ApiError */
export const upload = <T = void>(path: string, bytes: Blob): Promise<T> => requestJson('POST', path, { bytes });

/** PUT: replaces what is there. @throws ApiError */
export const put = <T = void>(path: string, body: unknown): Promise<T> => requestJson('PUT', path, { body });

/** PUT of bytes, whatever they are, within an hour. @throws ApiError */
export const store = <T = void>(path: string, bytes: Blob): Promise<T> =>
  requestJson('PUT', path, { bytes: new Blob([bytes], { type: 'application/octet-stream' }) });

/** DELETE. @throws ApiError */
export const remove = (path: string, body?: unknown): Promise<void> => requestJson('DELETE', path, { body });

/** A request that is repeated once, after the person has proved that it is them, when that is what the server wants first. */
async function requestJson<T>(method: string, path: string, options: RequestOptions): Promise<T> {
  try {
    return await readJson<T>(await request(method, path, options));
  } catch (error) {
    if (!isApiError(error, 'auth.step_up_required') || proveAgain === null || !(await proveAgain())) throw error;
    return await readJson<T>(await request(method, path, options));
  }
}

async function readJson<T>(response: Response): Promise<T> {
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  if (response.status === 204 || !isJson) return undefined as T; // The caller asks for void where the contract has no body.
  return spoken((await response.json()) as T); // The server validates what it sends with the schema this type is written from.
}

/** The response of a successful request, unread. @throws ApiError */
export async function request(
  method: string,
  path: string,
  { query, body, bytes, headers: more, signal }: RequestOptions,
): Promise<Response> {
  const timeout = AbortSignal.timeout(bytes ? uploadTimeoutMs : timeoutMs);
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  const headers: Record<string, string> = { accept: 'application/json', ...more };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (bytes) headers['content-type'] = bytes.type;
  if (method === 'POST' && !bytes) headers['idempotency-key'] = crypto.randomUUID();
  if (!isSomebodyThere()) headers['factotum-nobody-there'] = '1';
  try {
    const response =
      (await earlyAnswer(method, url, more)) ??
      (await fetch(url, {
        method,
        headers,
        credentials: 'same-origin',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(bytes && { body: bytes }),
      }));
    if (response.ok) return response;
    throw await problemOf(response);
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    const code = timeout.aborted ? 'network.timed_out' : 'network.unreachable';
    throw new ApiError({ code, status: 0, message: '', cause: error });
  }
}

/** What was asked early is only for who asks the same; what changes something makes it old. */
function earlyAnswer(method: string, url: URL, headers: RequestOptions['headers']) {
  if (method !== 'GET') dropEarly();
  return headers === undefined && method === 'GET' ? takeEarly(url.pathname.slice('/api/v1'.length) + url.search) : null;
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = asObject(await response.json().catch(() => null));
  const text = (name: string) => (typeof problem[name] === 'string' ? problem[name] : null);
  const code = text('code') ?? `http.${response.status}`;
  // Members of a problem may stand beside the standard ones or under `details`.
  const details = { ...problem, ...asObject(problem.details) };
  return new ApiError({
    code,
    status: response.status,
    message: spokenProblem({ code, message: text('detail') ?? text('title') ?? '', details }),
    requestId: text('requestId') ?? response.headers.get('x-request-id'),
    details,
  });
}

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
