import { FactotumError } from '#kernel';
import type { WrappedSeed } from '../kek.ts';

/** Why a provider did not do what was asked: it did not answer, it said no, or the wrap does not open under its key. */
export type KekFaultReason = 'unreachable' | 'refused' | 'broken';

/** The one error of every provider. @param message - what happened and what to do next; never anything that the provider was told. */
export function kekFault(reason: KekFaultReason, message: string, cause?: unknown): FactotumError {
  return new FactotumError('key.unavailable', message, { cause, details: { reason } });
}

/** What a tenant is told instead: a message names accounts and hosts, which are often the operator's. That is for logs and for whoever looks who guards the keys. */
export const keysUnavailable =
  'The keys cannot be had now: their provider does not answer, or says no. It is asked again by itself; the log says more.';

/** Bytes of a seed. */
export const seedBytes = 32;

/** A seed before it is wrapped. @throws RangeError for anything but 32 bytes: that is a fault of ours, not of the provider. */
export function requireSeed(seed: Uint8Array): void {
  if (seed.length !== seedBytes) throw new RangeError(`a seed has ${seedBytes} bytes, not ${seed.length}`);
}

/** What a provider says is the seed. @throws FactotumError `key.unavailable` (broken) when it has not 32 bytes. */
export function openedSeed(bytes: Buffer, provider: string): Buffer {
  if (bytes.length === seedBytes) return bytes;
  bytes.fill(0);
  throw kekFault('broken', `The key provider ${provider} opened a tenant's key to something else. Restore it from your key backup.`);
}

/** @throws FactotumError `key.unavailable` (broken) when the row was wrapped by another key than this provider's. */
export function requireOwnKey({ kekId }: WrappedSeed, own: { readonly provider: string; readonly kekId: string }): void {
  if (kekId !== own.kekId)
    throw kekFault(
      'broken',
      `The tenant's key was wrapped by key ${kekId}, but ${own.provider} is set to ${own.kekId}. Name the former key in FACTOTUM_KEK_PREVIOUS.`,
    );
}
