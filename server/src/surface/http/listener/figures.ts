import { Counter, Gauge, type Registry } from 'prom-client';

/** What a listener shows of itself when somebody looks. */
export interface Listener {
  readonly connections: () => number;
  readonly certificateExpiresAt: () => Date | undefined;
}

/** What listeners count. No label is an address: those grow without end. */
export interface Figures {
  /** @returns what takes the listener's own figures out again. */
  add(listener: Listener): () => void;
  /** A connection that was ended, or not taken, by why. */
  readonly ended: (reason: string) => void;
  /** A request that was refused before it came to a route. */
  readonly refused: (code: string) => void;
}

export function createFigures(registry: Registry): Figures {
  const listeners = new Set<Listener>();
  new Gauge({
    name: 'factotum_http_connections',
    help: 'Connections open right now, WebSockets included',
    registers: [registry],
    collect() {
      this.set(listeners.values().reduce((sum, { connections }) => sum + connections(), 0));
    },
  });
  new Gauge({
    name: 'factotum_tls_certificate_expires_timestamp_seconds',
    help: 'When the TLS certificate that is served expires; absent without one',
    registers: [registry],
    labelNames: ['use'],
    collect() {
      this.reset();
      for (const { certificateExpiresAt } of listeners) {
        const expiresAt = certificateExpiresAt();
        if (expiresAt !== undefined) this.set({ use: 'server' }, expiresAt.getTime() / 1_000);
      }
    },
  });
  const ended = new Counter({
    name: 'factotum_http_connections_ended_total',
    help: 'Connections ended or not taken, by why: address, idle, full, slow_body, slow_reader',
    labelNames: ['reason'],
    registers: [registry],
  });
  const refused = new Counter({
    name: 'factotum_http_refused_total',
    help: 'Requests refused before they came to a route, by code',
    labelNames: ['code'],
    registers: [registry],
  });
  return {
    add(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ended: (reason) => ended.inc({ reason }),
    refused: (code) => refused.inc({ code }),
  };
}
