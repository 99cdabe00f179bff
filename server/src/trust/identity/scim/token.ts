import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import { checked } from '../member/role.ts';
import type { AuthDb } from '../store.ts';

/** The token of a directory, as it may be shown at any time. */
export interface ScimToken {
  readonly id: Id<'scimToken'>;
  readonly name: string;
  /** Its first letters. */
  readonly start: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Whose directory speaks. */
export interface Directory {
  readonly tokenId: Id<'scimToken'>;
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly allowedAddresses: readonly string[];
}

const prefix = 'fscim_';
const tokenForm = /^fscim_[A-Za-z0-9_-]{43}$/;
/** Two directories, each with a token that follows another, and some room. */
const tokensMax = 20;
/** How exactly the last use is kept, in milliseconds: it is written at most this often. */
const useEveryMs = 60_000;

const nameSchema = z.string().trim().min(1).max(100);

/** Newest first. */
export const listScimTokens = (db: AuthDb, tenantId: Id<'tenant'>): Promise<readonly ScimToken[]> =>
  db
    .selectFrom('scimToken')
    .select(['id', 'name', 'start', 'createdBy', 'createdAt', 'expiresAt', 'lastUsedAt'])
    .where('tenantId', '=', tenantId)
    .orderBy('id', 'desc')
    .execute();

/** The token's text is returned this once; kept is its SHA-256. @throws FactotumError `request.invalid`, `quota.exceeded`. */
export async function createScimToken(
  db: AuthDb,
  { tenantId, expiresAt, by, now, ...wanted }: { tenantId: Id<'tenant'>; name: string; expiresAt: Date | null; by: string; now: Date },
): Promise<{ id: Id<'scimToken'>; token: string }> {
  const name = checked(nameSchema, 'name', wanted.name);
  if (expiresAt !== null && expiresAt <= now) throw new FactotumError('request.invalid', 'A token expires in the future.');
  if ((await listScimTokens(db, tenantId)).length >= tokensMax)
    throw new FactotumError('quota.exceeded', `A tenant may have ${tokensMax} tokens for directories. Revoke one.`, {
      details: { limit: tokensMax },
    });
  const token = `${prefix}${randomBytes(32).toString('base64url')}`;
  const id = newId('scimToken', now.getTime());
  await db
    .insertInto('scimToken')
    .values({
      ...{ id, tenantId, name, start: token.slice(0, prefix.length + 4), tokenHash: hashOf(token) },
      ...{ createdBy: by, createdAt: now, expiresAt, lastUsedAt: null },
    })
    .execute();
  return { id, token };
}

/** It is refused from the next request on. @throws FactotumError `scim.token_not_found`. */
export async function revokeScimToken(db: AuthDb, { tenantId, id }: { tenantId: Id<'tenant'>; id: string }): Promise<void> {
  const gone = await db
    .deleteFrom('scimToken')
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`id = ${id}`)
    .returning('id')
    .executeTakeFirst();
  if (!gone) throw new FactotumError('scim.token_not_found', 'There is no such token.');
}

/** Whose token an `Authorization` header carries; null for anything else. Looked up with each request. */
export async function findDirectory(db: AuthDb, authorization: string | null, now: Date): Promise<Directory | null> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  if (!tokenForm.test(token)) return null;
  const row = await db
    .selectFrom('scimToken')
    .leftJoin('tenantSecurity', 'tenantSecurity.tenantId', 'scimToken.tenantId')
    .select([
      'scimToken.id',
      'scimToken.tenantId',
      'scimToken.name',
      'scimToken.expiresAt',
      'scimToken.lastUsedAt',
      'tenantSecurity.allowedAddresses',
    ])
    .where('tokenHash', '=', hashOf(token))
    .executeTakeFirst();
  if (!row || (row.expiresAt !== null && row.expiresAt <= now)) return null;
  if (row.lastUsedAt === null || row.lastUsedAt.getTime() + useEveryMs < now.getTime())
    await db.updateTable('scimToken').set({ lastUsedAt: now }).where('id', '=', row.id).execute();
  return { tokenId: row.id, tenantId: row.tenantId, name: row.name, allowedAddresses: row.allowedAddresses ?? [] };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
