import type { X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Agent } from 'undici';
import type { Logger } from '#kernel';
import type { OutboundTls } from '#kernel/outbound';
import type { Admission, TlsEnd, TlsIdentity } from './end.ts';

/** How often a server looks whether it has something newer to show, in milliseconds. */
const serverLooksMs = 15_000;
/** How long an agent that was replaced may take for its last calls, in milliseconds. */
const drainMs = 600_000;

export interface RenewedServer {
  readonly server: Server;
  /** Ends the renewal; the server is the caller's to close. */
  stop(): void;
}

/**
 * An HTTPS server that lets nobody in without a certificate (TLS 1.3), and shows a new one of its own when there is one. Connections
 * that stand are not touched by that.
 */
export async function createRenewedServer(
  end: TlsEnd,
  listener: RequestListener,
  { log, everyMs = serverLooksMs }: { log: Logger; everyMs?: number },
): Promise<RenewedServer> {
  let shown = await end.current();
  const server = createServer({ ...contextOf(shown), requestCert: true, rejectUnauthorized: true }, listener);
  const look = async () => {
    const identity = await end.current();
    if (identity === shown) return;
    // Everything again: what is left out would be gone.
    server.setSecureContext(contextOf(identity));
    shown = identity;
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.error({ err: error }, 'the certificate of this server could not be renewed'));
  }, everyMs).unref();
  return { server, stop: () => clearInterval(timer) };
}

const contextOf = ({ cert, key, ca }: TlsIdentity) => ({ cert, key, ca: [...ca], minVersion: 'TLSv1.3' as const });

/** Whether the other end of that connection may ask anything. */
export function admissionOf(end: TlsEnd, socket: unknown): Admission {
  const peer = socket instanceof TLSSocket ? peerOf(socket) : undefined;
  return peer === undefined ? { kind: 'refused', reason: 'there is none' } : end.admit(peer);
}

/** Parsed once a connection. */
const peers = new WeakMap<TLSSocket, X509Certificate>();
function peerOf(socket: TLSSocket): X509Certificate | undefined {
  const peer = peers.get(socket) ?? socket.getPeerX509Certificate();
  if (peer !== undefined) peers.set(socket, peer);
  return peer;
}

export interface RenewedAgent {
  /** Runs work with an agent that shows what is current. Work that has begun with an older one ends with it. */
  use<R>(work: (agent: Agent) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

/** A client's agent that is replaced when its end has something newer to show; the old one is closed after its last call. */
export function createRenewedAgent(end: TlsEnd, agentFor: (tls: OutboundTls) => Agent): RenewedAgent {
  interface Held {
    readonly identity: TlsIdentity;
    readonly agent: Agent;
    users: number;
    isRetired: boolean;
  }
  let held: Held | undefined;
  const make = (identity: TlsIdentity): Held => {
    const { cert, key, ca } = identity;
    const tls = { cert, key, ca: [...ca], minVersion: 'TLSv1.3' as const, checkServerIdentity: end.checkServer };
    return { identity, agent: agentFor(tls), users: 0, isRetired: false };
  };
  return {
    async use(work) {
      const identity = await end.current();
      // From here to the count nothing waits, so that no agent is closed between being chosen and being used.
      if (held?.identity !== identity) {
        const old = held;
        held = make(identity);
        if (old !== undefined) retire(old);
      }
      const mine = held;
      mine.users += 1;
      try {
        return await work(mine.agent);
      } finally {
        mine.users -= 1;
        if (mine.isRetired) retire(mine);
      }
    },
    async close() {
      const last = held;
      held = undefined;
      await last?.agent.destroy();
    },
  };

  /** `close` lets answers that are still being read come to their end; one that never does is cut off. */
  function retire(old: Held): void {
    old.isRetired = true;
    if (old.users > 0) return;
    const cut = setTimeout(() => void old.agent.destroy(), drainMs).unref();
    void old.agent.close().finally(() => clearTimeout(cut));
  }
}
