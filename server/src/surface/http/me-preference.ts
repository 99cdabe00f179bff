import type { z } from 'zod';
import type { Id, JsonObject } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { type Language, languageOf } from '#kernel/words';
import { recordAudit } from '#trust/audit';
import { differenceOf, type PersonalTopic, recordChange } from '#trust/history';
import type { Self } from '#trust/identity';
import { readTenant } from '#trust/tenant';
import type { HttpDeps } from './deps.ts';
import { isOperatorPerson } from './person-log.ts';
import type { appearanceSchema } from './schema.ts';

type Appearance = z.output<typeof appearanceSchema>;
type Asking = Self & { readonly now: Date };

/** How the pages are shown to who has chosen nothing. */
const usualAppearance: Appearance = { theme: 'system', density: 'comfortable' };

/**
 * What a person likes, wherever they sign in. It lies with their account, and what they change of it is kept and audited in the tenant that they
 * are in. These are two transactions, and the record is the first: should the second fail, nothing that was there is lost.
 */
export function createPreferences({ database, identity, keyring }: Pick<HttpDeps, 'database' | 'identity' | 'keyring'>) {
  const { account } = identity;

  /** Operators who are in no tenant have no log and no changes. */
  async function record(
    { principal, session, now: at }: Asking,
    {
      topic,
      before,
      after,
    }: { topic: PersonalTopic; before: (tx: Tx, tenantId: Id<'tenant'>) => Promise<JsonObject> | JsonObject; after: JsonObject },
  ): Promise<void> {
    if (isOperatorPerson(principal)) return;
    const { tenantId, actor } = principal;
    const keys = await keyring.of(tenantId);
    await withTenant(database.app.db, tenantId, async (tx) => {
      const difference = differenceOf(await before(tx, tenantId), after);
      if (difference === null) return;
      await recordChange(tx, keys, { topic, ...difference, actor, at });
      const detail = { changed: Object.keys(difference.after) };
      await recordAudit(tx, tenantId, [{ kind: 'preference.changed', actor, at, objectId: session.userId, detail }]);
    });
  }

  const appearanceOf = async (self: Self): Promise<Appearance> => (await account.appearance(self)) ?? usualAppearance;

  return {
    appearanceOf,
    setAppearance: async (call: Asking, appearance: Appearance): Promise<void> => {
      const before = await appearanceOf(call);
      await record(call, { topic: 'appearance', before: () => ({ ...before }), after: { ...appearance } });
      await account.setAppearance(call, appearance);
    },
    setLanguage: async (call: Asking, language: Language): Promise<void> => {
      const kept = await account.language(call);
      // Who has said nothing reads what the tenant does: to say the same changes nothing for them.
      const before = async (tx: Tx, tenantId: Id<'tenant'>) => ({
        language: kept ?? languageOf((await readTenant(tx, tenantId)).settings.locale),
      });
      await record(call, { topic: 'language', before, after: { language } });
      await account.setLanguage(call, language);
    },
  };
}
