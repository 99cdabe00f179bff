import type { ToolAnswer, ToolCall, ToolHost } from '#flow/tool';
import {
  keepLogin,
  keepPending,
  type Look,
  noteLastWords,
  noteLook,
  noteSignIn,
  type OfferedTool,
  pinOf,
  readConfirmed,
  readLogin,
  readServer,
  readServerOfSlug,
  recordOffer,
  slugOf,
  type ToolServer,
  type ToolServerReach,
  takePending,
} from '#flow/tool-server';
import { FactotumError, type Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { createBreaker } from './breaker.ts';
import { faultOf, Refusal, type ServerFault } from './fault.ts';
import { beginOAuth, finishOAuth } from './oauth.ts';
import { type OpenDeps, openWay, outsideFor, type Way } from './open.ts';
import { createPace } from './pace.ts';
import { answerOf } from './result.ts';
import { openSession, type Session } from './session.ts';

/** Reaches tool servers: for calls, and for whoever looks after them. */
export interface ToolServers extends ToolServerReach, ToolHost {
  close(): Promise<void>;
}

/** A server that we have open, or are about to. */
interface Held {
  readonly tenantId: Id<'tenant'>;
  readonly serverId: Id<'toolServer'>;
  readonly version: number;
  readonly opening: Promise<Opened>;
  calls: number;
  usedAtMs: number;
}
interface Opened {
  readonly session: Session;
  readonly way: Way;
  /** What each tool was when it was looked at last. */
  pins: ReadonlyMap<string, string>;
  lookedAtMs: number;
  /** The server has said that its tools are others by now. */
  isStale: boolean;
}

const openMax = 200;
const callsAtOnceMax = 8;
/** A connection that lasts is asked for its tools this often, in milliseconds; one that is opened, each time. */
const lookEveryMs = 600_000;
const lookMs = 45_000;
const sweepEveryMs = 5_000;

/** Nothing is opened before it is needed; what is idle is closed. */
export function createToolServers(deps: OpenDeps): ToolServers {
  const { database, keysOf, clock, log } = deps;
  const held = new Map<string, Held>();
  const breakers = new Map<string, ReturnType<typeof createBreaker>>();
  const pace = createPace(() => clock.monotonicMs());
  const keyOf = (tenantId: string, serverId: string) => `${tenantId}/${serverId}`;

  const inTenant = async <R>(tenantId: Id<'tenant'>, work: (tx: Tx, keys: TenantKeys) => Promise<R>) => {
    const keys = await keysOf(tenantId);
    return withTenant(database.app.db, tenantId, (tx) => work(tx, keys));
  };

  /** What a program has said on standard error is its tenant's, who sees it beside the server. */
  async function keepWords(tenantId: Id<'tenant'>, server: Pick<ToolServer, 'id' | 'version'>, { lastWords }: Way): Promise<void> {
    if (lastWords === null) return;
    try {
      const lines = await lastWords();
      if (lines.length > 0) await inTenant(tenantId, (tx, keys) => noteLastWords(tx, keys, server, { lines, at: clock.now() }));
    } catch (error) {
      log.debug({ err: error }, 'what a tool program has said could not be kept');
    }
  }

  async function closeQuietly({ tenantId, serverId, version, opening }: Held): Promise<void> {
    try {
      const { session, way } = await opening;
      await session.close();
      await keepWords(tenantId, { id: serverId, version }, way);
      await way.close();
    } catch (error) {
      log.debug({ err: error }, 'a tool server was not closed cleanly');
    }
  }

  async function drop(key: string, one: Held | undefined = held.get(key)): Promise<void> {
    if (one === undefined) return;
    if (held.get(key) === one) held.delete(key);
    await closeQuietly(one);
  }

  const sweep = setInterval(() => {
    for (const [key, one] of held)
      if (one.calls === 0)
        one.opening.then(
          ({ way }) => {
            if (one.calls === 0 && clock.monotonicMs() - one.usedAtMs > way.idleMs) void drop(key, one);
          },
          () => undefined,
        );
  }, sweepEveryMs);
  sweep.unref();

  /** Asks for the tools, and has what is not as it was confirmed put in quarantine before anything is called. */
  async function look(tenantId: Id<'tenant'>, server: ToolServer, opened: Omit<Opened, 'pins' | 'lookedAtMs'> & Partial<Opened>) {
    opened.isStale = false;
    const tools = await opened.session.list(AbortSignal.timeout(lookMs));
    const outcome = await inTenant(tenantId, async (tx, keys) => {
      const recorded = await recordOffer(tx, keys, server, { offered: tools, at: clock.now() });
      await noteLook(tx, keys, server.id, { at: clock.now(), fault: null });
      return recorded;
    });
    opened.pins = pinsOf(tools);
    opened.lookedAtMs = clock.monotonicMs();
    return outcome;
  }

  async function openServer(tenantId: Id<'tenant'>, server: ToolServer): Promise<Opened> {
    let opened: Opened | undefined;
    const way = await openWay(deps, tenantId, server, () => {
      if (opened !== undefined) opened.isStale = true;
    });
    try {
      const session = await openSession(way.transport, AbortSignal.timeout(lookMs));
      opened = { session, way, pins: new Map(), lookedAtMs: 0, isStale: true };
      return opened;
    } catch (error) {
      await keepWords(tenantId, server, way);
      await way.close();
      throw error;
    }
  }

  /** The server, open and looked at. One is opened at a time, whoever asks. */
  async function acquire(tenantId: Id<'tenant'>, server: ToolServer): Promise<Held> {
    const key = keyOf(tenantId, server.id);
    const found = held.get(key);
    if (found !== undefined && found.version === server.version) {
      const opened = await found.opening.catch(() => undefined);
      if (opened !== undefined && !opened.session.isClosed) return found;
    } else if (found === undefined && held.size >= openMax) await makeRoom();
    // While we waited somebody else may have opened it.
    if (held.get(key) !== found) return acquire(tenantId, server);
    if (found !== undefined) void drop(key, found);
    const one: Held = {
      tenantId,
      serverId: server.id,
      version: server.version,
      opening: openServer(tenantId, server),
      calls: 0,
      usedAtMs: clock.monotonicMs(),
    };
    held.set(key, one);
    one.opening.catch(() => {
      if (held.get(key) === one) held.delete(key);
    });
    return one;
  }

  /** Closes the one that has been idle longest. @throws FactotumError `server.busy` when all are at work. */
  async function makeRoom(): Promise<void> {
    const [oldest] = [...held].filter(([, one]) => one.calls === 0).sort(([, left], [, right]) => left.usedAtMs - right.usedAtMs);
    if (oldest === undefined) throw new FactotumError('server.busy', `${openMax} tool servers are at work already. Try again in a moment.`);
    await drop(...oldest);
  }

  /** What went wrong is noted where people see it; whether that itself succeeds changes nothing for the caller. */
  async function noteFault(tenantId: Id<'tenant'>, server: ToolServer, { code, message, isForPeople }: ServerFault): Promise<void> {
    const fault = { code, message, isForPeople };
    await inTenant(tenantId, (tx, keys) => noteLook(tx, keys, server.id, { at: clock.now(), fault })).catch((error: unknown) =>
      log.warn({ err: error }, 'what is wrong with a tool server could not be noted'),
    );
  }

  const breakerOf = (key: string) => {
    const known = breakers.get(key) ?? createBreaker(() => clock.monotonicMs());
    breakers.set(key, known);
    return known;
  };

  async function perform(call: ToolCall, { server, confirmed, slug }: Target, isSecondTry = false): Promise<ToolAnswer> {
    const key = keyOf(call.tenantId, server.id);
    const breaker = breakerOf(key);
    let isSent = false;
    let one: Held | undefined;
    try {
      one = await acquire(call.tenantId, server);
      one.calls += 1;
      if (one.calls > callsAtOnceMax) return failed('rate_limited', 'tool.unavailable', 'The tool server is busy with other calls.', 1_000);
      const opened = await one.opening;
      if (opened.isStale || clock.monotonicMs() - opened.lookedAtMs > lookEveryMs) await look(call.tenantId, server, opened);
      if (opened.pins.get(confirmed.name) !== confirmed.pin) return changed(call.tool);
      isSent = true;
      // Parsed anew from the very bytes that were hashed and approved.
      const args: Record<string, unknown> = JSON.parse(call.argsJson);
      const result = await opened.session.call(confirmed.name, args, { timeoutMs: call.timeoutMs, signal: call.signal });
      breaker.succeeded();
      return answerOf(result, slug);
    } catch (error) {
      // The protocol's way to say that a session is over: nothing was done, and a new one may be begun.
      const isSessionOver = isSent && !isSecondTry && error instanceof Refusal && error.status === 404;
      if (isSessionOver) {
        await drop(key, one);
        return await perform(call, { server, confirmed, slug }, true);
      }
      const fault = faultOf(error);
      if (fault.code === 'tool.failed') breaker.succeeded();
      else {
        breaker.failed();
        log.info({ tool: call.tool, code: fault.code }, 'a call to a tool server failed');
        await noteFault(call.tenantId, server, fault);
        // Whatever state it is in, the next call begins anew.
        if (one !== undefined) void drop(key, one);
      }
      if (isSent && !fault.isBeforeTheFact) return { kind: 'unknown', message: fault.message };
      return failed(fault.failure, fault.code, fault.message, fault.retryAfterMs);
    } finally {
      if (one !== undefined) {
        one.calls -= 1;
        one.usedAtMs = clock.monotonicMs();
      }
    }
  }

  return {
    programs: () => deps.programs.map(({ id, title, confinement, env }) => ({ id, title: title ?? id, confinement, env })),

    async call(call) {
      if (call.signal.aborted) return failed('transient', 'server.busy', 'The server is stopping.');
      if (call.operation !== 'do')
        return call.operation === 'lookup'
          ? { kind: 'unknown', message: `${call.tool} cannot say what became of an earlier call.` }
          : failed('permanent', 'tool.failed', `${call.tool} cannot be taken back.`);
      const found = await inTenant(call.tenantId, (tx, keys) => readTarget(tx, keys, call.tool));
      if (found === null) return changed(call.tool);
      const { server, confirmed } = found;
      if (server.state === 'paused') return failed('permanent', 'tool.unavailable', `The tool server ${server.title} is paused.`);
      const waitMs = pace(`${call.tenantId} ${call.tool}`, confirmed.callsPerMinute);
      if (waitMs > 0)
        return failed('rate_limited', 'tool.unavailable', `${call.tool} may be called ${confirmed.callsPerMinute} times a minute.`, waitMs);
      const restMs = breakerOf(keyOf(call.tenantId, server.id)).restMs();
      if (restMs > 0)
        return failed('transient', 'tool.unavailable', `${server.title} has failed again and again and is left alone for a while.`, restMs);
      return perform(call, found);
    },

    async look(tenantId, serverId): Promise<Look> {
      const server = await inTenant(tenantId, (tx, keys) => readServer(tx, keys, serverId));
      const key = keyOf(tenantId, serverId);
      // Somebody wants to know how it is now, not how an old connection is.
      const old = held.get(key);
      if (old !== undefined && old.calls === 0) await drop(key, old);
      try {
        const one = await acquire(tenantId, server);
        one.calls += 1;
        try {
          const opened = await one.opening;
          const outcome = await look(tenantId, server, opened);
          await keepWords(tenantId, server, opened.way);
          breakerOf(key).succeeded();
          return { ok: true, ...outcome };
        } finally {
          one.calls -= 1;
          one.usedAtMs = clock.monotonicMs();
        }
      } catch (error) {
        const fault = faultOf(error);
        await noteFault(tenantId, server, fault);
        await drop(key);
        return { ok: false, fault: { code: fault.code, message: fault.message } };
      }
    },

    async beginSignIn(tenantId, serverId, { redirectUri, actor, accepted }) {
      const { endpoint, login } = await inTenant(tenantId, async (tx, keys) => {
        const server = await readServer(tx, keys, serverId);
        return { endpoint: server.endpoint, login: (await readLogin(tx, keys, serverId)).login };
      });
      if (endpoint.kind !== 'http' || endpoint.signIn.kind !== 'oauth')
        throw new FactotumError('tool_server.invalid', 'Nobody signs in to this server: it is not set up for OAuth.');
      const { clientId, clientSecret, scope } = endpoint.signIn;
      const outside = await outsideFor(deps, tenantId, endpoint.signIn);
      try {
        const secret = clientSecret === null ? null : await deps.resolveSecret(tenantId, clientSecret);
        const ask = { fetch: outside.fetch, redirectUri, actor, now: clock.now(), pinned: { login, accepted } };
        const { url, pending, state } = await beginOAuth(endpoint.url, { clientId, clientSecret: secret, scope }, ask);
        await inTenant(tenantId, (tx, keys) => keepPending(tx, keys, serverId, { ...pending, state }));
        return { url };
      } finally {
        await outside.close();
      }
    },

    async finishSignIn(tenantId, { state, code, issuer, actor }) {
      const at = clock.now();
      const { server, pending, loginVersion } = await inTenant(tenantId, (tx, keys) => takePending(tx, keys, { state, actor, at }));
      const outside = await outsideFor(deps, tenantId, { kind: 'none' });
      try {
        const login = await finishOAuth(pending, { code, issuer }, { fetch: outside.fetch, now: at });
        await inTenant(tenantId, async (tx, keys) => {
          // A server that has been moved meanwhile is another one, and this is not its login.
          if (!(await keepLogin(tx, keys, server.id, { login, basedOn: loginVersion })))
            throw new FactotumError('tool_server.invalid', 'The tool server was changed while you signed in. Begin again.');
          await noteSignIn(tx, keys, server, { actor, at });
        });
        return { serverId: server.id };
      } finally {
        await outside.close();
      }
    },

    forget: (tenantId, serverId) => drop(keyOf(tenantId, serverId)),

    async close() {
      clearInterval(sweep);
      await Promise.all([...held.keys()].map((key) => drop(key)));
    },
  };
}

type Target = NonNullable<Awaited<ReturnType<typeof readTarget>>>;

/** What a call is for, as of now; null when it may not be called. */
async function readTarget(tx: Tx, keys: TenantKeys, tool: string) {
  const slug = slugOf(tool) ?? '';
  const server = await readServerOfSlug(tx, keys, slug);
  const confirmed = server === null ? null : await readConfirmed(tx, keys, { serverId: server.id, tool });
  return server === null || confirmed === null ? null : { server, confirmed, slug };
}

const changed = (tool: string): ToolAnswer =>
  failed('permanent', 'tool_server.changed', `${tool} is not what was confirmed any more. An administrator has to look at it.`);

const pinsOf = (tools: readonly OfferedTool[]): ReadonlyMap<string, string> => new Map(tools.map((tool) => [tool.name, pinOf(tool)]));

const failed = (
  failure: Extract<ToolAnswer, { kind: 'failed' }>['failure'],
  code: Extract<ToolAnswer, { kind: 'failed' }>['code'],
  message: string,
  retryAfterMs?: number,
): ToolAnswer => ({ kind: 'failed', failure, code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
