import { sql } from 'kysely';
import { type AuthDb, revocationChannel } from '../store.ts';

declare module '../store.ts' {
  interface AuthTables {
    signingKey: { id: string; publicJwk: unknown; sealedPrivateKey: Buffer; createdAt: Date; endsAt: Date | null };
  }
}

/** What is said on the revocation channel when there are other keys than before. */
export const signingKeysChanged = 'signing-keys';

export interface NewSigningKey {
  readonly id: string;
  readonly publicJwk: object;
  readonly sealedPrivateKey: Buffer;
  readonly createdAt: Date;
}

/** Every key whose tokens are accepted, the newest first. */
export const listSigningKeys = (db: AuthDb, now: Date) =>
  db
    .selectFrom('signingKey')
    .selectAll()
    .where((on) => on.or([on('endsAt', 'is', null), on('endsAt', '>', now)]))
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .execute();

/** One at a time over all processes, until the transaction ends. */
export const lockSigningKeys = (tx: AuthDb) =>
  sql`select pg_advisory_xact_lock(hashtext('factotum'), hashtext('signing keys'))`.execute(tx);

/** Puts a key in the place of the present one, which ends later; forgets ended ones; tells every process. */
export async function replaceSigningKey(tx: AuthDb, key: NewSigningKey, { oldEndsAt }: { oldEndsAt: Date }): Promise<void> {
  await tx
    .updateTable('signingKey')
    .set({ endsAt: oldEndsAt })
    .where((on) => on.or([on('endsAt', 'is', null), on('endsAt', '>', oldEndsAt)]))
    .execute();
  await tx.deleteFrom('signingKey').where('endsAt', '<=', key.createdAt).execute();
  await tx
    .insertInto('signingKey')
    .values({ ...key, publicJwk: JSON.stringify(key.publicJwk), endsAt: null })
    .execute();
  await sql`select pg_notify(${revocationChannel}, ${signingKeysChanged})`.execute(tx);
}
