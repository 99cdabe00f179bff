import { LRUCache } from 'lru-cache';
import type { Principal } from '#trust/identity';

/**
 * Which content each device has last had of each path. Programs that say nothing about what they have read (Remotely Save) are told by this
 * from those that overwrite what they never saw. Kept by this process alone and for a while: what it does not know it does not guess.
 */
export interface Seen {
  note(who: Principal, path: string, etag: string): void;
  /** Undefined: nobody knows. */
  last(who: Principal, path: string): string | undefined;
}

const pairsMax = 100_000;
const keptMs = 7 * 86_400_000;

export function createSeen(): Seen {
  const etags = new LRUCache<string, string>({ max: pairsMax, ttl: keptMs });
  const keyOf = ({ tenantId, actor, deviceId }: Principal, path: string) => `${tenantId} ${deviceId ?? actor} ${path}`;
  return {
    note: (who, path, etag) => void etags.set(keyOf(who, path), etag),
    last: (who, path) => etags.get(keyOf(who, path)),
  };
}
