import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { benchSource, type EventKind, payload } from '../playbooks.ts';
import type { Tenant } from '../tenant.ts';

const connectMsMax = 10_000;

/** One change as the live feed tells it. */
export interface Change {
  readonly kind: string;
  readonly id: string;
  readonly state: string | null;
}

/** A tenant's door from outside: keep-alive connections for requests, one WebSocket for what happens. */
export interface Client {
  readonly tenant: Tenant;
  /** Sends an event; gives the task's id. @throws Refused for any other answer than 200 and 202. */
  send(kind: EventKind, externalId: string): Promise<string>;
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
  /** Told of every change from now on. */
  listen(listener: (change: Change) => void, onClosed: () => void): Promise<void>;
  close(): Promise<void>;
}

export class Refused extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`${status} ${text.slice(0, 300)}`);
    this.status = status;
  }
}

export const newExternalId = (): string => randomUUID();

/** @param connections - how many requests may be under way at once. */
export function openClient(tenant: Tenant, connections: number): Client {
  const pool = new Pool(tenant.url, { connections, pipelining: 1 });
  const authorization = `Bearer ${tenant.key}`;
  let socket: WebSocket | undefined;

  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const answer = await pool.request({
      method,
      path,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Refused(answer.statusCode, text);
    const parsed: unknown = text === '' ? null : JSON.parse(text);
    return parsed;
  };

  return {
    tenant,
    ask,
    async send(kind, externalId) {
      const accepted = await ask('POST', '/api/v1/events', {
        source: benchSource,
        kind,
        externalId,
        payload: payload(`Order ${externalId}`),
      });
      return textIn(accepted, 'taskId');
    },
    listen(listener, onClosed) {
      const live = new WebSocket(new URL('/api/v1/live', tenant.url.replace(/^http/, 'ws')), {
        headers: { authorization },
        handshakeTimeout: connectMsMax,
      });
      socket = live;
      live.on('message', (bytes) => listener(changeOf(JSON.parse(String(bytes)))));
      live.on('close', onClosed);
      return new Promise((resolve, reject) => {
        live.once('open', resolve);
        live.once('error', reject);
        // Later errors end in 'close'.
        live.on('error', () => undefined);
      });
    },
    async close() {
      socket?.removeAllListeners('close');
      socket?.terminate();
      await pool.destroy();
    },
  };
}

/** A text member of an answer. @throws Error when there is none. */
function textIn(answer: unknown, name: string): string {
  const value: unknown = typeof answer === 'object' && answer !== null && name in answer ? Reflect.get(answer, name) : undefined;
  if (typeof value !== 'string') throw new Error(`The answer has no ${name}.`);
  return value;
}

function changeOf(message: unknown): Change {
  const state: unknown = typeof message === 'object' && message !== null && 'state' in message ? message.state : null;
  return { kind: textIn(message, 'kind'), id: textIn(message, 'id'), state: typeof state === 'string' ? state : null };
}
