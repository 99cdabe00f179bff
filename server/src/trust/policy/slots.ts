import { LRUCache } from 'lru-cache';

/** Names under which something parsed is held by a library that never gives back what it holds. */
export interface Slots<Value> {
  /** The slot that holds the value of this key, filled now if need be; null when it cannot be filled. */
  slotOf(key: string, value: Value): string | null;
}

let instances = 0;

/**
 * A fixed number of names, given out to the most recently used keys. Cedar keeps parsed policy sets by name for the life of the process
 * (2,000 names of 20 policies: +97 MB), but a name that is filled again replaces what it held.
 *
 * @param fill - puts the value under the name. When it says false the name still holds what it held before, and is not given to the key.
 */
export function createSlots<Value>(slotsMax: number, fill: (slot: string, value: Value) => boolean): Slots<Value> {
  // The library's names are global: two pools in one process must not share them.
  instances += 1;
  const free = Array.from({ length: slotsMax }, (_, index) => `slot-${instances}-${index}`);
  const taken = new LRUCache<string, string>({ max: slotsMax });
  return {
    slotOf(key, value) {
      const held = taken.get(key);
      if (held !== undefined) return held;
      const slot = free.pop() ?? taken.pop();
      if (slot === undefined) return null;
      if (!fill(slot, value)) {
        free.push(slot);
        return null;
      }
      taken.set(key, slot);
      return slot;
    },
  };
}
