/** Seed of this run's randomness; FACTOTUM_TEST_SEED repeats a run as far as chance is ours. */
const seed = Number(process.env.FACTOTUM_TEST_SEED ?? Date.now() % 1_000_000_000);

/** Numbers from 0 to 1 that follow from the seed, which is printed. Mulberry32, by Tommy Ettinger, in the public domain. */
export function randomFrom(name: string): () => number {
  console.log(`${name}: FACTOTUM_TEST_SEED=${seed}`);
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
