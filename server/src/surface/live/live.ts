import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, type Id, isFactotumError, isId, type Logger, newId } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { isLoopback } from '#surface/http';
import { type AccessLog, publicHead, type Sequencer } from '#trust/audit';
import { authorise, type ClientAddress, type Identity, nobodyThere, type OperatorPerson, type Principal } from '#trust/identity';
import { addressBlock, type RequestLimits } from '#trust/quota';
import { type Connection, createConnection } from './connection.ts';
import { mayLessen, readableKinds } from './kinds.ts';
import { readListenable } from './listenable.ts';
import { createOperatorConnection, type OperatorConnection } from './operator-connection.ts';

export interface LiveDeps {
  readonly database: Pick<Database, 'app'>;
  readonly identity: Pick<Identity, 'principalOf' | 'operatorOf' | 'sameOrigin'>;
  readonly sequencer: Pick<Sequencer, 'onEntries'>;
  /** An upgrade is a request that reads, and counts as one. */
  readonly requestLimits: RequestLimits;
  /** Knows which proxies to believe. */
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where it is written down that somebody known was refused. */
  readonly accessLog: Pick<AccessLog, 'append'>;
  /** Whether a Host header names us. */
  readonly isOurs: (host: string) => boolean;
  /** Tells that figures of how things are doing are new. */
  readonly onPulse?: (listener: () => void) => () => void;
  /** How often somebody who listens is asked again who they are, in milliseconds. */
  readonly recheckMs?: number;
  /** How often a connection has to show that it is alive, in milliseconds. */
  readonly pingMs?: number;
  /** Connections at once of one tenant, of one of its people or keys, and from one network address. A browser tab has one. */
  readonly connectionsPerTenantMax?: number;
  readonly connectionsPerActorMax?: number;
  readonly connectionsPerAddressMax?: number;
}

export interface Live {
  /** Takes over a connection of the HTTP server that wants to become a WebSocket. */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends every connection; clients come back elsewhere. */
  close(): void;
}

const recheckMsDefault = 60_000;
const pingMsDefault = 30_000;
const connectionsPerTenantMaxDefault = 200;
const connectionsPerActorMaxDefault = 50;
const connectionsPerAddressMaxDefault = 256;
/** Clients have nothing to say here but pings. */
const messageBytesMax = 1_024;

/** Why an upgrade is refused, as a status line. No body: a browser shows none to the page. */
type Refusal =
  | '400 Bad Request'
  | '401 Unauthorized'
  | '403 Forbidden'
  | '404 Not Found'
  | '421 Misdirected Request'
  | '429 Too Many Requests';

/**
 * The feed at `/api/v1/live`. A message says that something changed, never what: whoever may see it fetches it by its id. So what is
 * lost costs a fetch, and a client that was away continues with `?after=<seq>`.
 */
export function createLive(deps: LiveDeps): Live {
  const { recheckMs = recheckMsDefault, pingMs = pingMsDefault } = deps;
  const room = createRoom(deps);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax, perMessageDeflate: false, clientTracking: false });
  const tenants = new Map<Id<'tenant'>, Set<Connection>>();
  const operators = new Set<OperatorConnection>();
  const everybody = () => [...operators, ...[...tenants.values()].flatMap((connections) => [...connections])];

  const stopListening = deps.sequencer.onEntries((tenantId, entries) => {
    const connections = isId('tenant', tenantId) ? tenants.get(tenantId) : undefined;
    if (connections === undefined) return;
    for (const connection of connections) connection.tell(entries);
    if (entries.some(({ kind }) => mayLessen(kind))) recheck(connections);
  });
  const stopPulse = deps.onPulse?.(() => {
    for (const connection of everybody()) connection.pulse();
  });
  const recheck = (connections: Iterable<Pick<Connection, 'recheck'>>) => {
    for (const connection of connections) void connection.recheck();
  };
  const timers = [
    setInterval(() => recheck(everybody()), recheckMs).unref(),
    setInterval(() => {
      for (const connection of everybody()) connection.ping();
    }, pingMs).unref(),
  ];

  /** Who may listen, or why not. */
  async function admit(
    request: IncomingMessage,
  ): Promise<Refusal | { listener: Principal | OperatorPerson; headers: Headers; address: string | undefined; after: number | null }> {
    const url = URL.canParse(request.url ?? '', 'http://any') ? new URL(request.url ?? '', 'http://any') : null;
    if (url?.pathname !== '/api/v1/live') return '404 Not Found';
    if (!deps.isOurs(request.headers.host ?? '')) return '421 Misdirected Request';
    const after = readAfter(url.searchParams.get('after'));
    if (after === undefined) return '400 Bad Request';
    // A page that is open is nobody who does anything: it comes back by itself, and its session idles out all the same.
    const headers = nobodyThere(headersOf(request));
    const address = deps.clientAddress(request.socket, (name) => headers.get(name));
    await deps.requestLimits.countAddress('read', address, []);
    if (!deps.identity.sameOrigin({ method: 'GET', headers })) return '403 Forbidden';
    const principal = await deps.identity.principalOf(headers);
    if (principal === null) {
      const operator = await deps.identity.operatorOf(headers);
      if (operator === null) return '401 Unauthorized';
      return room.has(placeOf(operator), address) ? { listener: operator, headers, address, after } : '429 Too Many Requests';
    }
    await deps.requestLimits.countRequester('read', principal, []);
    const refusal = authorise(principal, { access: 'signed-in' }, { now: deps.clock.now(), address });
    if (refusal !== null || readableKinds(principal).size === 0) return forbidden(principal, refusal?.code ?? 'auth.forbidden');
    if (!(await mayBeHeard(principal.tenantId))) return '403 Forbidden';
    return room.has(principal, address) ? { listener: principal, headers, address, after } : '429 Too Many Requests';
  }

  async function forbidden({ tenantId, actor }: Principal, code: string): Promise<Refusal> {
    const detail = { permission: 'signed-in', method: 'GET', request: newId('request'), code };
    await deps.accessLog.append(tenantId, { kind: 'access.refused', actor, at: deps.clock.now(), detail });
    return '403 Forbidden';
  }

  const mayBeHeard = (tenantId: Id<'tenant'>): Promise<boolean> =>
    withTenant(deps.database.app.db, tenantId, (tx) => readListenable(tx, tenantId)).then(
      () => true,
      (error: unknown) => {
        if (isFactotumError(error) && error.code.startsWith('tenant.')) return false;
        throw error;
      },
    );

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const admitted = await admit(request);
    if (typeof admitted === 'string') return refuse(socket, admitted);
    const { listener, headers, address, after } = admitted;
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('close', room.enter(placeOf(listener), address));
      if (!('tenantId' in listener)) return serveOperator(webSocket, listener, headers);
      const { tenantId } = listener;
      const connection = createConnection(deps, { webSocket, principal: listener, headers, address });
      const connections = tenants.get(tenantId) ?? new Set();
      tenants.set(tenantId, connections.add(connection));
      webSocket.on('close', () => {
        connections.delete(connection);
        if (connections.size === 0) tenants.delete(tenantId);
      });
      void connection.begin(after, () =>
        withTenant(deps.database.app.db, tenantId, async (tx) => (await publicHead(tx, tenantId))?.size ?? 0),
      );
    });
  }

  function serveOperator(webSocket: WebSocket, operator: OperatorPerson, headers: Headers): void {
    const connection = createOperatorConnection(deps, { webSocket, operator, headers });
    operators.add(connection);
    webSocket.on('close', () => operators.delete(connection));
  }

  return {
    onUpgrade: (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      upgrade(request, socket, head).catch((error: unknown) => {
        if (isFactotumError(error, 'quota.exceeded')) return refuse(socket, '429 Too Many Requests', Number(error.details?.retryAfterMs));
        deps.log.warn({ err: error }, 'live: an upgrade failed');
        return refuse(socket, '503 Service Unavailable');
      });
    },
    close: () => {
      stopListening();
      stopPulse?.();
      for (const timer of timers) clearInterval(timer);
      for (const connection of everybody()) connection.end(1001, 'the server is stopping');
    },
  };
}

/** Whose places count together. Those who operate the installation are in no tenant and share one name. */
interface Place {
  readonly tenantId: string;
  readonly actor: string;
}

const placeOf = (listener: Principal | OperatorPerson): Place =>
  'tenantId' in listener ? listener : { tenantId: 'installation', actor: listener.actor };

interface Room {
  has(place: Place, address: string | undefined): boolean;
  /** @returns what gives the place back. */
  enter(place: Place, address: string | undefined): () => void;
}

/** Counts connections by whose they are. Through proxies all come from their addresses, so here it is the client's that counts. */
function createRoom({
  connectionsPerTenantMax = connectionsPerTenantMaxDefault,
  connectionsPerActorMax = connectionsPerActorMaxDefault,
  connectionsPerAddressMax = connectionsPerAddressMaxDefault,
}: LiveDeps): Room {
  const open = new Map<string, number>();
  const placesOf = ({ tenantId, actor }: Place, address: string | undefined): [name: string, max: number][] => [
    [tenantId, connectionsPerTenantMax],
    [`${tenantId} ${actor}`, connectionsPerActorMax],
    // A proxy on this machine that nobody has told us of stands for everybody.
    ...(address === undefined || isLoopback(address) ? [] : [[addressBlock(address), connectionsPerAddressMax] as [string, number]]),
  ];
  return {
    has: (place, address) => placesOf(place, address).every(([name, max]) => (open.get(name) ?? 0) < max),
    enter(place, address) {
      const names = placesOf(place, address).map(([name]) => name);
      for (const name of names) open.set(name, (open.get(name) ?? 0) + 1);
      return () => {
        for (const name of names) {
          const left = (open.get(name) ?? 1) - 1;
          if (left === 0) open.delete(name);
          else open.set(name, left);
        }
      };
    },
  };
}

/** Null when it is not there, undefined when it is no number. -1 is before the first entry. */
function readAfter(text: string | null): number | null | undefined {
  if (text === null) return null;
  return /^(?:-1|\d{1,15})$/.test(text) ? Number(text) : undefined;
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) for (const value of values ?? []) headers.append(name, value);
  return headers;
}

/** @param retryAfterMs - when it is worth trying again, where a status says that it is */
function refuse(socket: Duplex, status: Refusal | '503 Service Unavailable', retryAfterMs = 1_000): void {
  const retry =
    status.startsWith('429') || status.startsWith('503') ? `retry-after: ${Math.max(1, Math.ceil(retryAfterMs / 1_000))}\r\n` : '';
  socket.end(`HTTP/1.1 ${status}\r\n${retry}connection: close\r\ncontent-length: 0\r\n\r\n`);
}
