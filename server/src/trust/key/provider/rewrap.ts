import type { KekProvider, SeedBinding, WrappedSeed } from '../kek.ts';

/**
 * Wraps anew with the newest version of a key whose service cannot do so by itself (`rewrapsInside` is false): the seed comes here in
 * between, and is gone from memory afterwards.
 *
 * @throws what unwrapping and wrapping throw.
 */
export async function rewrapOutside(
  kek: Pick<KekProvider, 'unwrap' | 'wrap'>,
  row: WrappedSeed,
  binding: SeedBinding,
): Promise<WrappedSeed> {
  const seed = await kek.unwrap(row, binding);
  try {
    return await kek.wrap(seed, binding);
  } finally {
    seed.fill(0);
  }
}
