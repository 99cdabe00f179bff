import { z } from 'zod';
import { VaultFault, type VaultFaultReason } from './vault-fault.ts';

/** One request to Vault's HTTP API. */
export interface VaultCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/v1/`, each segment already encoded. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  /** `https://host:port`, with whatever a proxy puts before `/v1`. */
  readonly address: string;
  readonly namespace: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
}

const errorBody = z.object({ errors: z.array(z.string()) });

/**
 * Sends one request.
 *
 * @returns the parsed body, or null for an answer without one (204).
 * @throws VaultFault for everything that is not a success.
 */
export async function callVault({ address, namespace, fetch, timeoutMs }: CallOptions, call: VaultCall, token?: string): Promise<unknown> {
  const url = new URL(`${address.replace(/\/+$/, '')}/v1/${call.path}`);
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
  const headers: Record<string, string> = { 'x-vault-request': 'true', accept: 'application/json' };
  if (token !== undefined) headers['x-vault-token'] = token;
  if (namespace !== undefined) headers['x-vault-namespace'] = namespace;
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  let text: string;
  try {
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    response = await fetch(url, { method: call.method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
    text = await response.text();
  } catch (cause) {
    throw new VaultFault('unreachable', `Vault at ${url.host} does not answer.`, { cause });
  }
  if (!response.ok) throw faultOf(url, call, response.status, text);
  if (text === '') return null;
  return parse(text) ?? unusable(url);
}

/** Status codes as Vault's HTTP API documents them. */
function faultOf(url: URL, call: VaultCall, status: number, text: string): VaultFault {
  const said = (errorBody.safeParse(parse(text)).data?.errors.join('; ') ?? 'no errors in the body').slice(0, 500);
  const fault = (reason: VaultFaultReason, message: string) => new VaultFault(reason, message, { status, cause: new Error(said) });
  if (status >= 300 && status < 400)
    return fault('unreachable', `Vault at ${url.host} is a standby that points elsewhere. Give the address of the whole cluster.`);
  if (status === 401 || status === 403) return fault('refused', `Vault at ${url.host} does not allow ${call.method} ${call.path}.`);
  if (status === 404 || status === 405) return fault('not_found', `Vault at ${url.host} has nothing at ${call.path}.`);
  if (status === 400 && said.includes('check-and-set')) return fault('conflict', `Another has changed ${call.path} in Vault meanwhile.`);
  if (status === 503) return fault('unreachable', `Vault at ${url.host} is sealed or in maintenance.`);
  // 412: a replica that has not caught up; 429: a limit; 472 and 473: a standby of another kind.
  if (status >= 500 || status === 412 || status === 429 || status === 472 || status === 473)
    return fault('unreachable', `Vault at ${url.host} cannot answer now (${status}).`);
  return fault('invalid', `Vault at ${url.host} refuses ${call.method} ${call.path} as wrong (${status}).`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, for example. The caller decides what an answer that is no JSON means.
    return undefined;
  }
}

function unusable(url: URL): never {
  throw new VaultFault('unreachable', `What answers at ${url.host} is not Vault.`);
}

/** A path as its segments are given by a person: each is encoded, empty ones and dots are refused. */
export function vaultPath(path: string): string {
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw new VaultFault('invalid', `"${path}" is not a path in Vault.`);
  return segments.map(encodeURIComponent).join('/');
}
