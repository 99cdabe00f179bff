import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly max: number;
  readonly perAddressMax: number;
  /** What counts as one: an IPv6 subscriber has a whole network. */
  readonly blockOf: (address: string) => string;
  /** Addresses that stand for many people, and loopback: only the sum bounds them. */
  readonly isExempt: (address: string) => boolean;
}

/** Why a connection was ended, or not taken. */
export type ConnectionEnd = 'address' | 'idle' | 'full';

/** All open connections of a server, and which of them nobody is using. */
export interface Connections {
  readonly count: number;
  /** Marks the connection of a request as used until `freed`; says whether it is one of the spare ones, which are for probes. */
  used(request: IncomingMessage): { readonly isSpare: boolean };
  /** The request was answered, and the connection waits for the next. */
  freed(request: IncomingMessage): void;
}

interface Connection {
  /** Above TLS another object than the one that was accepted; ending the lower one would not end it. */
  socket: Socket;
  /** Beyond the limit, for whoever asks whether we live. */
  isSpare: boolean;
}

/** Connections beyond the limit, so that a probe is answered however full it is. */
const spareMax = 32;
/** A spare connection on which nothing is asked is one of those that fill us up. In milliseconds. */
const spareMsMax = 2_000;

/**
 * Bounds the connections of a server. One that is new takes the place of the one that has been idle longest, so that who holds thousands
 * loses them to who wants one; only where every connection is in use is a new one refused.
 */
export function limitConnections(server: Server, limits: ConnectionLimits, onEnd: (why: ConnectionEnd) => void): Connections {
  const perAddress = new Map<string, number>();
  const open = new Map<string, Connection>();
  /** In the order in which they became idle. */
  const idle = new Set<Connection>();
  const known = new WeakMap<Socket, Connection>();
  let spares = 0;

  function leave(key: string, block: string | null, connection: Connection): void {
    if (open.get(key) !== connection) return;
    open.delete(key);
    idle.delete(connection);
    if (connection.isSpare) spares -= 1;
    if (block === null) return;
    const left = (perAddress.get(block) ?? 1) - 1;
    if (left === 0) perAddress.delete(block);
    else perAddress.set(block, left);
  }

  /** Takes the place of an idle one, or one of the spare ones. */
  function makeRoom(): 'taken' | 'spare' | 'full' {
    const [longest] = idle;
    if (longest !== undefined) {
      idle.delete(longest);
      longest.socket.destroy();
      onEnd('idle');
      return 'taken';
    }
    return spares < spareMax ? 'spare' : 'full';
  }

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const block = limits.isExempt(address) ? null : limits.blockOf(address);
    const count = block === null ? 0 : (perAddress.get(block) ?? 0) + 1;
    if (block !== null && count > limits.perAddressMax) return refuse(socket, 'address');
    const room = open.size - spares < limits.max ? 'taken' : makeRoom();
    if (room === 'full') return refuse(socket, 'full');
    const connection: Connection = { socket, isSpare: room === 'spare' };
    const key = keyOf(socket);
    open.set(key, connection);
    known.set(socket, connection);
    if (block !== null) perAddress.set(block, count);
    if (connection.isSpare) {
      spares += 1;
      setTimeout(() => connection.isSpare && idle.has(connection) && socket.destroy(), spareMsMax).unref();
    }
    idle.add(connection);
    socket.once('close', () => leave(key, block, connection));
    return undefined;
  });

  server.on('secureConnection', (socket: Socket) => {
    const connection = open.get(keyOf(socket));
    if (connection === undefined) return socket.destroy();
    const accepted = connection.socket;
    connection.socket = socket;
    known.set(socket, connection);
    socket.once('close', () => accepted.destroy());
    return undefined;
  });

  function refuse(socket: Socket, why: ConnectionEnd): void {
    socket.destroy();
    onEnd(why);
  }

  return {
    get count() {
      return open.size;
    },
    used(request) {
      const connection = known.get(request.socket);
      if (connection === undefined) return { isSpare: false };
      idle.delete(connection);
      return connection;
    },
    freed(request) {
      const connection = known.get(request.socket);
      if (connection !== undefined && !connection.socket.destroyed) idle.add(connection);
    },
  };
}

const keyOf = ({ remoteAddress, remotePort, localPort }: Socket): string => `${remoteAddress} ${remotePort} ${localPort}`;
