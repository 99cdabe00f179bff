import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Place } from './bench.ts';
import { factotum } from './command.ts';
import { notes } from './playbooks.ts';

/** What a tenant of the bench differs in from any other. */
export interface TenantWish {
  /** As `factotum tenant create --set` takes them. */
  readonly settings?: Readonly<Record<string, number>>;
}

/** A tenant as the load generator knows it: an address and a key. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly key: string;
}

/** Above what two cores can do, so that what is measured is the machine and not a limit. */
export const unlimited: TenantWish = { settings: { maxRunning: 500, eventsPerMinute: 1_000_000, requestsPerMinute: 10_000_000 } };

const permissions = ['event:write', 'task:read', 'approval:read', 'approval:decide', 'vault:read', 'vault:write', 'audit:read'];

/** Makes a tenant by the doors that an operator and a program have: the command for tenant and key, the API for its notes. */
export async function makeTenant({ server }: Place, name: string, wish: TenantWish): Promise<Tenant> {
  const settings = Object.entries(wish.settings ?? {}).flatMap(([setting, value]) => ['--set', `${setting}=${value}`]);
  const tenant = await factotum(server.dataFolder, ['tenant', 'create', '--name', name, ...settings]);
  const granted = permissions.flatMap((permission) => ['--permission', permission]);
  const made = await factotum(server.dataFolder, ['apikey', 'create', '--tenant', name, '--name', 'bench', ...granted]);
  const { id } = recordOf(tenant);
  const { key } = recordOf(made);
  if (id === undefined || key === undefined) throw new Error('The command did not answer with an id and a key.');
  const door = { id, name, url: server.url, key };
  for (const [path, text] of Object.entries(notes)) await putNote(door, path, text);
  return door;
}

/** A server that was started again listens elsewhere. */
export const moved = (tenant: Tenant, { server }: Place): Tenant => ({ ...tenant, url: server.url });

const putNote = (tenant: Tenant, path: string, text: string): Promise<unknown> =>
  ask(tenant, `/api/v1/vault/notes/${path.split('/').map(encodeURIComponent).join('/')}`, {
    method: 'PUT',
    type: 'text/markdown',
    body: text,
  });

/** Asks with a tenant's key. @throws Error with the answer when it is no good one. */
export const get = (tenant: Tenant, path: string): Promise<unknown> => ask(tenant, path, {});

/** Sends JSON with a tenant's key. @throws like `get`. */
export const post = (tenant: Tenant, path: string, json: unknown): Promise<unknown> =>
  ask(tenant, path, { method: 'POST', type: 'application/json', body: JSON.stringify(json) });

async function ask(
  tenant: Tenant,
  path: string,
  { method = 'GET', type, body }: { method?: 'GET' | 'POST' | 'PUT'; type?: string; body?: string },
) {
  const answer = await request(new URL(path, tenant.url), {
    method,
    headers: { authorization: `Bearer ${tenant.key}`, ...(type === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
  const parsed: unknown = text === '' ? null : JSON.parse(text);
  return parsed;
}

/** Asks again and again until the answer is as wanted. @throws Error after `withinMs`. */
export async function until<R>(ask: () => Promise<R>, isWanted: (answer: R) => boolean, withinMs: number): Promise<R> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`It did not come about within ${withinMs} ms.`);
    await sleep(20);
  }
}

function recordOf(value: unknown): Record<string, string | undefined> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, typeof member === 'string' ? member : undefined]));
}
