import { z } from 'zod';
import { areRestorable, restoreRules } from '#flow/notice';
import { FactotumError } from '#kernel';
import { type ConfigurationChange, listOwnChanges, personalTopics, readOwnChange, withParts } from '#trust/history';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import { createPreferences } from './me-preference.ts';
import type { Call, Routes } from './route.ts';
import { appearanceSchema, languageSchema, page } from './schema.ts';
import { changeSchema, presentChange } from './setting-history.ts';
import { notHere, type Obstacle } from './setting-restore.ts';

const tag = 'account';
const languageBefore = z.strictObject({ language: languageSchema });
const appearanceBefore = appearanceSchema.partial();

const topicQuery = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? given : given.join(',')).split(','))
  .pipe(z.array(z.enum(personalTopics)).max(personalTopics.length))
  .optional()
  .meta({ description: `What it was about, separated by commas: ${personalTopics.join(', ')}. All without it.` });

/** What somebody has changed for themselves alone, and the way back. Putting something back is a change like any other. */
export function addOwnChangeRoutes(routes: Routes, deps: Pick<HttpDeps, 'database' | 'identity' | 'keyring'>): void {
  const preferences = createPreferences(deps);

  async function putBack(call: Call, { topic, before }: ConfigurationChange): Promise<void> {
    const { principal, tenantId, keys, now } = call;
    const { session } = principal;
    if (session === undefined) throw notFound();
    const asking = { principal, session, now };
    if (topic === 'appearance') {
      const current = await preferences.appearanceOf(asking);
      return preferences.setAppearance(asking, appearanceSchema.parse(withParts({ ...current }, before)));
    }
    if (topic === 'language') return preferences.setLanguage(asking, languageBefore.parse(before).language);
    return call.inTenant((tx) => restoreRules(tx, keys, { tenantId, userId: session.userId }, { parts: before, now }));
  }

  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/me/changes',
      summary: 'What one has changed for oneself: appearance, language, rules of notices; newest first',
      tag,
      query: z.strictObject({ ...pageQuery, topic: topicQuery }),
      answers: { 200: page(changeSchema) },
      errors: ['auth.forbidden', 'request.cursor_invalid'],
    },
    async ({ inTenant, keys, principal, query: { limit, cursor, topic: topics = personalTopics } }) => {
      if (principal.session === undefined) throw new FactotumError('auth.forbidden', 'This is about a person, and needs their session.');
      const before = readCursor(keys, 'own-changes', cursor);
      const rows = await inTenant((tx) => listOwnChanges(tx, keys, { author: principal.actor, topics, before, limit: limit + 1 }));
      const present = (change: ConfigurationChange) => presentChange(change, obstacleTo(change));
      return { status: 200, body: pageOf(rows, limit, { present, cursorOf: ({ id }) => makeCursor(keys, 'own-changes', id) }) };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'post',
      path: '/api/v1/me/changes/{id}/restore',
      summary: 'Put back what was there before a change of one’s own',
      tag,
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['history.not_found', 'history.not_restorable'],
    },
    async (call) => {
      const { keys, principal, params } = call;
      if (principal.session === undefined) throw notFound();
      const change = await call.inTenant((tx) => readOwnChange(tx, keys, { id: params.id, author: principal.actor }));
      const obstacle = obstacleTo(change);
      if (obstacle !== null) throw notHere(obstacle);
      await putBack(call, change);
      return { status: 204 };
    },
  );
}

/** What an older release knew may be there no more. */
function obstacleTo({ topic, before }: ConfigurationChange): Obstacle | null {
  const isKnown =
    topic === 'appearance'
      ? appearanceBefore.safeParse(before).success
      : topic === 'language'
        ? languageBefore.safeParse(before).success
        : areRestorable(before);
  return isKnown ? null : 'unknown';
}

/** A machine has set nothing for itself, so there is none of that id. */
const notFound = () => new FactotumError('history.not_found', 'There is no such change.');
