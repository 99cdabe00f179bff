import { type Config, systemClock } from '#kernel';
import { openStorage } from '#kernel/storage';
import type { Finding } from './finding.ts';

/** Whether large objects can be stored and removed again. Looks from this process: the server may have other credentials. */
export async function examineStorage({ storage: address }: Pick<Config, 'storage'>): Promise<Finding> {
  const check = 'storage';
  try {
    const storage = await openStorage(address, { clock: systemClock });
    try {
      const { latencyMs } = await storage.health();
      return { check, state: 'ok', text: `${storage.address} takes objects, in ${Math.ceil(latencyMs)} ms` };
    } finally {
      await storage.close();
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { check, state: 'fail', text, fix: 'Correct FACTOTUM_STORAGE or what it leads to; docs/storage.md says what it needs.' };
  }
}
