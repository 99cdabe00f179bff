import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Json } from '#kernel';
import type { BackendRequest, CommandBackend } from './backend.ts';
import { operatorHeader, tenantHeader } from './control/handler.ts';
import { osUser } from './control/operator.ts';

export interface ApiRequest {
  readonly method?: BackendRequest['method'];
  readonly path: string;
  /** Id or name; left out where a route is about no tenant. */
  readonly tenant?: string;
  /** Sent as JSON. */
  readonly json?: Json;
  /** Sent as it is. */
  readonly raw?: { readonly bytes: Uint8Array | ReadableStream<Uint8Array>; readonly type: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server's refusal, as it described it (RFC 9457). */
export class Refusal extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'Refusal';
    this.problem = problem;
  }
}

const problemSchema = z.looseObject({ code: z.string(), title: z.string(), detail: z.string().optional(), details: z.json().optional() });
type Problem = z.infer<typeof problemSchema>;

/** Asks and checks the answer's form. @throws Refusal when the server says no. */
export async function ask<S extends z.ZodType>(backend: CommandBackend, schema: S, request: ApiRequest): Promise<z.output<S>> {
  const body = await open(backend, request);
  const answer: unknown = JSON.parse(body === null ? 'null' : await text(body));
  return schema.parse(answer);
}

/** Asks for something that is read piece by piece. @throws Refusal when the server says no. */
export async function askStream(backend: CommandBackend, request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
  return (await open(backend, request)) ?? new Blob([]).stream();
}

async function open(backend: CommandBackend, request: ApiRequest): Promise<ReadableStream<Uint8Array> | null> {
  const headers: Record<string, string> = { [operatorHeader]: osUser(), ...request.headers };
  // Names hold any script; a header does not.
  if (request.tenant !== undefined) headers[tenantHeader] = encodeURIComponent(request.tenant);
  const type = request.raw?.type ?? (request.json === undefined ? undefined : 'application/json');
  if (type !== undefined) headers['content-type'] = type;
  const answer = await backend.ask({
    method: request.method ?? 'GET',
    path: request.path,
    headers,
    body: request.raw?.bytes ?? (request.json === undefined ? undefined : JSON.stringify(request.json)),
  });
  if (answer.status < 400) return answer.body;
  const told = problemSchema.safeParse(parseOr(answer.body === null ? '' : await text(answer.body)));
  throw new Refusal(told.success ? told.data : { code: 'server.fault', title: `The server answered ${answer.status} without saying why.` });
}

function parseOr(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}

/** Follows a list from page to page until `limit` items are there or the list ends. */
export async function askAll<S extends z.ZodType>(
  backend: CommandBackend,
  item: S,
  request: { path: string; query: Record<string, string>; tenant: string; limit: number },
): Promise<z.output<S>[]> {
  const page = z.object({ items: z.array(item), nextCursor: z.string().nullable() });
  const items: z.output<S>[] = [];
  for (let cursor: string | null = ''; cursor !== null && items.length < request.limit; ) {
    const query = new URLSearchParams({ ...request.query, limit: String(Math.min(request.limit - items.length, pageItemsMax)) });
    if (cursor !== '') query.set('cursor', cursor);
    const answer: z.output<typeof page> = await ask(backend, page, { path: `${request.path}?${query}`, tenant: request.tenant });
    items.push(...answer.items);
    cursor = answer.nextCursor;
  }
  return items;
}

const pageItemsMax = 100;
