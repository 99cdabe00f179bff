import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { AuthDb } from './store.ts';

/**
 * Takes a tenant out again: its organisation with memberships, invitations and all else that hangs on it, its keys, its sessions, its
 * links, and everybody who is in no other tenant and does not operate the installation.
 *
 * @returns how many people went with it.
 */
export const forgetTenant = (db: AuthDb, tenantId: Id<'tenant'>): Promise<number> =>
  db.transaction().execute(async (tx) => {
    const { rows: people } = await sql<{ userId: string }>`select "userId" from member where "organizationId" = ${tenantId}
      union select "userId" from "scimUser" where "tenantId" = ${tenantId}`.execute(tx);
    await tx.deleteFrom('organization').where('id', '=', tenantId).execute();
    await tx.deleteFrom('apikey').where('referenceId', '=', tenantId).execute();
    await tx.deleteFrom('session').where('activeOrganizationId', '=', tenantId).execute();
    await sql`delete from verification where value like '{%' and value::jsonb ->> 'tenantId' = ${tenantId}`.execute(tx);
    const gone = await sql`delete from "user" u where u.id = any(${people.map(({ userId }) => userId)})
      and not exists (select from member m where m."userId" = u.id) and not exists (select from "scimUser" s where s."userId" = u.id)
      and not exists (select from operator o where o."userId" = u.id)`.execute(tx);
    return Number(gone.numAffectedRows ?? 0n);
  });
