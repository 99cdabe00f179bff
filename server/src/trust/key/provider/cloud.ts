import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, FactotumError, isFactotumError } from '#kernel';
import { CloudFault, type CloudReason } from '#kernel/cloud';
import type { KekHealth, WrappedSeed } from '../kek.ts';
import { kekFault, seedBytes } from './fault.ts';

/** What every provider in a cloud is handed besides its key. */
export interface CloudKekOptions {
  /** `outboundFetch`: of a guarded agent where a tenant chose the address. Its agent stays the caller's to close. */
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** For one request, in milliseconds; the default leaves time for a second attempt within the 5 s that an operation may take. */
  readonly timeoutMs?: number;
}

/** What a wrap is bound to: a SeedBinding, or `nobody`. */
export interface Bound {
  readonly tenantId: string;
  readonly generation: number;
}

/** What a trial is bound to. Written into the provider's own log like a tenant's, so that policies there need no exception. */
const nobody: Bound = { tenantId: 'none', generation: 0 };

const advice: Readonly<Record<CloudReason, string>> = {
  unreachable: 'It is asked again by itself.',
  refused: 'See there whether the key is enabled and whether we may use it (docs/encryption/providers.md).',
  broken: "If it stays so, restore the tenant's wrapped key from your key backup.",
};

/** Runs what asks a cloud, and turns its fault into the one error of key providers. */
export async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CloudFault))
      throw isFactotumError(error) ? error : kekFault('broken', `The key provider failed. ${advice.broken}`, error);
    throw kekFault(error.reason, `${error.message} ${advice[error.reason]}`, error);
  }
}

/**
 * What opening a wrap that was just made gave is the seed itself. A wrap that cannot be opened (no permission to, or a provider that changes
 * what it is sent) would be a lost tenant, noticed when it is too late.
 */
export function requireSame(opened: Buffer, seed: Buffer, provider: string): void {
  const isSame = opened.length === seed.length && timingSafeEqual(opened, seed);
  opened.fill(0);
  if (!isSame)
    throw kekFault('broken', `The key provider ${provider} opened what it has just wrapped to something else. Nothing was stored.`);
}

/** Whether a key can wrap and open, tried with random bytes that belong to nobody: only that says that both are allowed. */
export async function tryKey(clock: Clock, wrap: (seed: Buffer, bound: Bound) => Promise<WrappedSeed>): Promise<KekHealth> {
  const startMs = clock.monotonicMs();
  const { kekVersion } = await wrap(randomBytes(seedBytes), nobody);
  return { kekVersion, latencyMs: clock.monotonicMs() - startMs };
}

/** Refuses every use after `close`. */
export function openUntilClosed(provider: string): { require(): void; close(): void } {
  let isClosed = false;
  return {
    require() {
      if (isClosed) throw kekFault('unreachable', `The key provider ${provider} was closed.`);
    },
    close() {
      isClosed = true;
    },
  };
}

/** An address of a key that cannot be used, said to whoever wrote it. */
export const invalidAddress = (message: string) => new FactotumError('key.provider_invalid', message);

/** A service's address: https, or http on this machine. @throws FactotumError `key.provider_invalid`. */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url?.protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === undefined || !(url.protocol === 'https:' || isHere) || url.username !== '' || url.search !== '' || url.hash !== '')
    throw invalidAddress('The endpoint of a key provider is an https address without credentials.');
  return url.href.replace(/\/$/, '');
}
