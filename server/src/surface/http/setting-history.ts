import { z } from 'zod';
import { FactotumError, type Json } from '#kernel';
import type { Tx } from '#kernel/database';
import { type ConfigurationChange, listChanges, readChange } from '#trust/history';
import { loadPolicy, readPolicyVersion, savePolicy } from '#trust/policy';
import { ownChangesSchema } from '#trust/tenant';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { list, named, page, time } from './schema.ts';
import { applySettings } from './settings.ts';

const tag = 'settings';
const json = z.unknown().meta({ description: 'Any JSON' });
const changeSchema = named(
  z.object({
    id: z.string(),
    topic: z.string().meta({ description: '`settings`, `policy` or `quotas`' }),
    at: time,
    author: z.string(),
    changes: list(z.object({ name: z.string(), before: json, after: json })),
    restorable: z.boolean().meta({ description: 'Whether what was there before can be put back here' }),
  }),
  { id: 'ConfigurationChange', description: 'What was changed in the configuration, by whom, from what to what.' },
);

/** What was changed in the configuration, and the way back. Putting something back is a change like any other. */
export function addSettingHistoryRoutes(routes: Routes, { plannerModel }: Pick<HttpDeps, 'plannerModel'>): void {
  routes.add(
    'settings:read',
    {
      method: 'get',
      path: '/api/v1/settings/history',
      summary: 'What was changed in the configuration, newest first',
      tag,
      query: z.strictObject(pageQuery),
      answers: { 200: page(changeSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ inTenant, keys, query: { limit, cursor } }) => {
      const before = readCursor(keys, 'history', cursor);
      const rows = await inTenant((tx) => listChanges(tx, keys, { before, limit: limit + 1 }));
      return { status: 200, body: pageOf(rows, limit, { present, cursorOf: ({ id }) => makeCursor(keys, 'history', id) }) };
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
      errors: ['history.not_found', 'history.not_restorable', 'policy.invalid', 'policy.changed', 'tenant.changed'],
    },
    async (call) => {
      await call.inTenant(async (tx) => putBack(tx, call, await readChange(tx, call.keys, call.params.id)));
      return { status: 204 };
    },
  );

  async function putBack(tx: Tx, call: Pick<Call, 'keys' | 'tenantId' | 'principal' | 'now'>, { topic, before }: ConfigurationChange) {
    const { keys, tenantId, principal, now } = call;
    if (topic === 'policy') {
      if (!principal.permissions.has('policy:write'))
        throw new FactotumError('auth.forbidden', 'Policies need the permission policy:write.', {
          details: { permission: 'policy:write' },
        });
      const { text } = await readPolicyVersion(tx, keys, tenantId, Number(before.version));
      const inForce = await loadPolicy(tx, keys, tenantId);
      if (inForce.text !== text) await savePolicy(tx, keys, tenantId, { text, basedOn: inForce.version, actor: principal.actor, at: now });
      return;
    }
    const changes = topic === 'settings' ? ownChangesSchema.safeParse(before) : null;
    if (changes === null || !changes.success) throw notHere(topic);
    await applySettings(tx, call, { changes: changes.data, version: null, plannerModel });
  }
}

const notHere = (topic: string) =>
  new FactotumError(
    'history.not_restorable',
    topic === 'quotas' ? 'An operator sets this. Ask them.' : 'What was there before is not among the settings any more.',
  );

function present({ id, topic, author, createdAt, before, after }: ConfigurationChange) {
  const changes = Object.keys(after).map((name) => ({ name, before: jsonOf(before[name]), after: jsonOf(after[name]) }));
  const restorable = topic === 'policy' || (topic === 'settings' && ownChangesSchema.safeParse(before).success);
  return { id, topic, author, at: createdAt.toISOString(), changes, restorable };
}

const jsonOf = (value: Json | undefined): Json => value ?? null;
