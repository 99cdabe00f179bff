import { z } from 'zod';
import type { Json, JsonObject } from '#kernel';
import { type ConfigurationChange, listChanges, readChange } from '#trust/history';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named, page, time } from './schema.ts';
import { createPutBack, type Obstacle, obstacles, obstacleTo } from './setting-restore.ts';

const tag = 'settings';
const json = z.unknown().meta({ description: 'Any JSON' });
/** A change as it is shown, of the configuration or of what somebody set for themselves. */
export const changeSchema = named(
  z.object({
    id: z.string(),
    topic: z
      .string()
      .meta({ description: '`settings`, `policy`, `quotas`, `model` or `connection`; of one’s own `appearance`, `language` or `notices`' }),
    subject: z.string().nullable().meta({ description: 'Which one of several, as it was called then' }),
    at: time,
    author: z.string(),
    changes: list(z.object({ name: z.string(), before: json, after: json })),
    restorable: z.boolean().meta({ description: 'Whether what was there before can be put back here' }),
    obstacle: z.enum(obstacles).nullable().meta({
      description:
        'Why not: an operator sets it; values of credentials are kept nowhere; it was made or deleted then; it had stopped by itself; such a setting is there no more',
    }),
  }),
  { id: 'ConfigurationChange', description: 'What was changed in the configuration, by whom, from what to what.' },
);

type Deps = Pick<HttpDeps, 'plannerModel' | 'catalogue' | 'connections' | 'ownModels'>;

/** What was changed in the configuration, and the way back. Putting something back is a change like any other. */
export function addSettingHistoryRoutes(routes: Routes, deps: Deps): void {
  const putBack = createPutBack(deps);

  routes.add(
    'settings:read',
    {
      method: 'get',
      path: '/api/v1/settings/history',
      summary: 'What was changed in the configuration, newest first. Connections only for those who may read them',
      tag,
      query: z.strictObject(pageQuery),
      answers: { 200: page(changeSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ inTenant, keys, principal, query: { limit, cursor } }) => {
      const before = readCursor(keys, 'history', cursor);
      const without = principal.permissions.has('connection:read') ? [] : ['connection'];
      const rows = await inTenant((tx) => listChanges(tx, keys, { before, limit: limit + 1, without }));
      return {
        status: 200,
        body: pageOf(rows, limit, {
          present: (change) => presentChange(change, obstacleTo(change)),
          cursorOf: ({ id }) => makeCursor(keys, 'history', id),
        }),
      };
    },
  );

  routes.add(
    'settings:write',
    {
      method: 'post',
      path: '/api/v1/settings/history/{id}/restore',
      summary: 'Put back what was there before a change',
      tag,
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: [
        'history.not_found',
        'history.not_restorable',
        'auth.step_up_required',
        'policy.invalid',
        'policy.changed',
        'tenant.changed',
        'connection.not_found',
        'connection.changed',
        'connection.invalid',
        'secret.not_found',
        'secret.unavailable',
        'secret.reference_invalid',
        'model.misconfigured',
      ],
    },
    async (call) => {
      await putBack(call, await call.inTenant((tx) => readChange(tx, call.keys, call.params.id)));
      return { status: 204 };
    },
  );
}

/** @param obstacle - why it cannot be put back; null where it can */
export function presentChange(
  { id, topic, subject, author, createdAt, before, after }: ConfigurationChange,
  obstacle: Obstacle | null,
): z.input<typeof changeSchema> {
  const changes = Object.keys(after).flatMap((name) => partsOf(name, before, after));
  return {
    id,
    topic,
    subject: subject?.name ?? null,
    author,
    at: createdAt.toISOString(),
    changes,
    restorable: obstacle === null,
    obstacle,
  };
}

/** The settings of a connection one by one, and of those the ones that changed; everything else as it is. */
function partsOf(name: string, before: JsonObject, after: JsonObject): { name: string; before: Json; after: Json }[] {
  const [was, is] = [before[name] ?? null, after[name] ?? null];
  if (name !== 'settings' || !isObject(was) || !isObject(is)) return [{ name, before: was, after: is }];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((field) => JSON.stringify(was[field]) !== JSON.stringify(is[field]))
    .map((field) => ({ name: `settings.${field}`, before: was[field] ?? null, after: is[field] ?? null }));
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
