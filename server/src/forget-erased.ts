import { isId } from '#kernel';
import type { Sequencer } from '#trust/audit';
import type { Keyring } from '#trust/key';

/** The entry is written before the keys are destroyed; by then they are, and nobody gets them anew. */
const destroyedAfterMs = 15_000;

/**
 * Wipes the keys of tenants that any process erases from this one's memory, where they would otherwise stay for some minutes.
 *
 * @returns what ends it.
 */
export function forgetErased({ sequencer, keyring }: { sequencer: Pick<Sequencer, 'onEntries'>; keyring: Keyring }): () => void {
  const timers = new Set<NodeJS.Timeout>();
  const stopListening = sequencer.onEntries((tenantId, entries) => {
    if (!isId('tenant', tenantId) || !entries.some(({ kind }) => kind === 'tenant.erased')) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      keyring.forget(tenantId);
    }, destroyedAfterMs).unref();
    timers.add(timer);
  });
  return () => {
    stopListening();
    for (const timer of timers) clearTimeout(timer);
  };
}
