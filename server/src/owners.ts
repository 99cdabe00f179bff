import type { Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { localeFor } from '#kernel/words';
import { ownersOf } from '#trust/identity';
import { readTenant } from '#trust/tenant';

/** A tenant's name, and its owners who can be mailed to, each with the locale that they are written to in. */
interface MailedOwners {
  readonly name: string;
  readonly owners: readonly { readonly email: string; readonly locale: string }[];
}

/** Looks them up, as they are at this moment. @throws FactotumError `tenant.not_found`. */
export const createMailedOwners =
  (database: Database) =>
  async (tenantId: Id<'tenant'>): Promise<MailedOwners> => {
    const { name, owners } = await ownersOf(database.auth, tenantId);
    const { settings } = await withTenant(database.app.db, tenantId, (tx) => readTenant(tx, tenantId));
    return { name, owners: owners.map(({ email, language }) => ({ email, locale: localeFor(language, settings.locale) })) };
  };
