import type { Clock, Id } from '#kernel';
import { type Database, inTransaction } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import type { WriteBody } from './schema.ts';
import { type Client, type Place, saveDue } from './store.ts';
import { deleteWrite, insertWrite, type KeptWrite, selectWrite, updateWrite, type WriteState } from './write-store.ts';

/** What our own tools write into calendars, kept under the key of the call: before it is written, and what became of it. */
export interface Writes {
  /** What a call with this key has begun; null: nothing. */
  find(tenantId: Id<'tenant'>, by: { readonly key: string } | { readonly id: string }): Promise<KeptWrite | null>;
  /** Keeps what is about to be written; what a call with this key has begun before is what counts. */
  intend(
    tenantId: Id<'tenant'>,
    write: { readonly key: string; readonly taskId: string; readonly body: WriteBody; readonly expiresAt: Date | null },
  ): Promise<KeptWrite>;
  /** It has come so far. Held times are due for release from `done` on. */
  advance(tenantId: Id<'tenant'>, key: string, change: { readonly state: WriteState; readonly etag?: string | null }): Promise<void>;
  /** Nothing was written, and a call with this key may begin anew. */
  forget(tenantId: Id<'tenant'>, key: string): Promise<void>;
}

export function createWrites({ database, keysOf, clock }: { database: Pick<Database, 'app'>; keysOf: KeysOf; clock: Clock }): Writes {
  async function within<R>(tenantId: Id<'tenant'>, work: (client: Client, place: Place) => Promise<R>): Promise<R> {
    const place = { tenantId, keys: await keysOf(tenantId), now: clock.now() };
    return inTransaction(database.app, (client) => work(client, place), tenantId);
  }
  return {
    find: (tenantId, by) => within(tenantId, (client, place) => selectWrite(client, place, by)),
    intend: (tenantId, write) => within(tenantId, (client, place) => insertWrite(client, place, write)),
    advance: (tenantId, key, { state, etag }) =>
      within(tenantId, async (client, place) => {
        const write = await selectWrite(client, place, { key });
        if (write === null) return;
        const body = etag === undefined ? write.body : { ...write.body, etag };
        await updateWrite(client, place, write, { state, body });
        const at = state === 'undone' ? null : write.expiresAt;
        if (state !== 'intended') await saveDue(client, place, { objectId: write.id, kind: 'release', at });
      }),
    forget: (tenantId, key) =>
      within(tenantId, async (client, place) => {
        const write = await selectWrite(client, place, { key });
        if (write !== null && write.state === 'intended') await deleteWrite(client, place, write.id);
      }),
  };
}
