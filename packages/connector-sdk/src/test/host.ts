import { createHash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { z } from 'zod';
import type { Arrival, Connector, ConnectorContext, HookAnswer, HookRequest, Json, JsonObject, Polled } from '../connector.ts';

/** A connector as the suite sees it, whatever its settings and its cursor are. */
export type AnyConnector = Connector<z.ZodObject, Json, unknown>;

export interface HostOptions {
  readonly connector: AnyConnector;
  readonly settings: JsonObject;
  readonly credentials: Readonly<Record<string, string>>;
}

/** The most that a host takes of one poll. */
export interface HostLimits {
  readonly arrivals?: number;
  readonly bytes?: number;
  readonly since?: string;
}

/**
 * A host for one connection that keeps everything in memory: cursor and arrivals are committed together, as the product does, and arrivals
 * that are known already are recognised. Nothing is guarded: it calls whatever it is told to.
 */
export interface Host {
  /** What has been committed, without what was known already. */
  readonly arrivals: readonly Arrival[];
  /** How often something came that was known. */
  readonly known: number;
  readonly cursor: Json | null;
  /** Every message of a fault and every line that was logged. */
  readonly messages: readonly string[];
  check(signal?: AbortSignal): Promise<void>;
  /** Asks once and commits. */
  poll(limits?: HostLimits, signal?: AbortSignal): Promise<Polled<Json, unknown>>;
  /** Asks once and dies before the commit. */
  pollAndCrash(limits?: HostLimits): Promise<Polled<Json, unknown>>;
  /** Asks until there is no more. @returns how many polls that took. */
  drain(limits?: HostLimits): Promise<number>;
  /** As when the far side knows the cursor no more. */
  forgetCursor(): void;
  hook(request: HookRequest): Promise<HookAnswer>;
  stream(onHint: () => void, signal: AbortSignal): Promise<void>;
  context(signal?: AbortSignal): ConnectorContext<Record<string, unknown>>;
}

const limitsDefault = { arrivals: 100, bytes: 8 * 1024 * 1024 };
/** So many polls without an end, and `more` is not to be believed. */
const pollsMax = 1_000;

/** Opens a connection of its own. @throws ZodError when the settings do not fit the connector. */
export function createHost({ connector, settings, credentials }: HostOptions): Host {
  const parsed: Record<string, unknown> = connector.settings.parse(settings);
  const arrivals: Arrival[] = [];
  const seen = new Set<string>();
  const messages: string[] = [];
  let cursor: Json | null = null;
  let known = 0;

  const context = (signal = new AbortController().signal): ConnectorContext<Record<string, unknown>> => ({
    tenantId: 'ten_000000000000000000000000',
    connectionId: 'con_000000000000000000000000',
    settings: parsed,
    credentials,
    signal,
    now: () => new Date(),
    fetch: (url, init) =>
      fetch(url, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(30_000), ...(init?.signal ? [init.signal] : [])]),
      }),
    resolve: async (host) => (await lookup(host.replace(/^\[|\]$/g, ''))).address,
    log: (message, facts) => void messages.push(`${message} ${JSON.stringify(facts ?? {})}`),
  });

  async function noting<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      messages.push(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async function ask(limits: HostLimits | undefined, signal?: AbortSignal): Promise<Polled<Json, unknown>> {
    const poll = connector.poll?.(context(signal), cursor, { ...limitsDefault, ...limits });
    if (poll === undefined) throw new TypeError(`${connector.kind} does not poll`);
    return noting(poll);
  }

  function commit(polled: Polled<Json, unknown>): void {
    take(polled.arrivals);
    // As a database keeps it: what is not JSON does not come back.
    cursor = JSON.parse(JSON.stringify(polled.cursor));
  }

  function take(arrived: readonly Arrival[]): void {
    for (const arrival of arrived) {
      const id = idOf(arrival);
      if (seen.has(id)) known += 1;
      else arrivals.push(arrival);
      seen.add(id);
    }
  }

  const host: Host = {
    arrivals,
    messages,
    get known() {
      return known;
    },
    get cursor() {
      return cursor;
    },
    context,
    check: (signal) => noting(connector.check(context(signal))),
    async poll(limits, signal) {
      const polled = await ask(limits, signal);
      commit(polled);
      return polled;
    },
    pollAndCrash: (limits) => ask(limits),
    async drain(limits) {
      for (let polls = 1; polls <= pollsMax; polls += 1) if (!(await host.poll(limits)).more) return polls;
      throw new Error(`there is still more after ${pollsMax} polls`);
    },
    forgetCursor() {
      cursor = null;
    },
    async hook(request) {
      const answered = connector.hook?.(context(), request);
      if (answered === undefined) throw new TypeError(`${connector.kind} takes no pushes`);
      const answer = await noting(answered);
      take(answer.arrivals);
      return answer;
    },
    stream: (onHint, signal) => noting(connector.stream?.(context(signal), onHint) ?? Promise.reject(new TypeError('it has no stream'))),
  };
  return host;
}

/** What tells one arrival from another: of a mail its bytes, of anything else its external id. */
export const idOf = (arrival: Arrival): string =>
  arrival.form === 'mail' ? `mail ${createHash('sha256').update(arrival.bytes).digest('hex')}` : `event ${arrival.externalId}`;
