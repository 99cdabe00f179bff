import type { z } from 'zod';
import { followTimeZone } from '#flow/schedule';
import { FactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import type { Thresholds } from '#trust/policy';
import { configureTenant, ownChangesSchema, readTenant, type Tenant, thresholdsInForce } from '#trust/tenant';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { settingsSchema } from './tenant-schema.ts';

/** What a tenant's own people set for it. Limits, and what costs the operator money, are not among it. */
export function addSettingsRoutes(routes: Routes, { plannerModel, keks }: Pick<HttpDeps, 'plannerModel' | 'keks'>): void {
  const answer = async (call: Call, tenant: Tenant) => {
    const { thresholds, hasOwnKeys } = await call.inTenant(async (tx) => ({
      thresholds: await thresholdsInForce(tx, call.keys),
      hasOwnKeys: await keks.hasOwn(tx, call.tenantId),
    }));
    const body = presentSettings(tenant, { thresholds, hasOwnKeys, models: plannerModel === null ? [] : [plannerModel] });
    return new Response(JSON.stringify(body), {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store', etag: `"${tenant.version}"` },
    });
  };

  routes.add(
    'settings:read',
    {
      method: 'get',
      path: '/api/v1/settings',
      summary: "The tenant's settings. The ETag is their version",
      tag: 'settings',
      answers: { 200: settingsSchema },
    },
    async (call) => answer(call, await call.inTenant((tx) => readTenant(tx, call.tenantId))),
  );

  routes.add(
    'settings:write',
    {
      method: 'put',
      path: '/api/v1/settings',
      summary: 'Change settings; what is left out stays. With If-Match only over the version that was read',
      tag: 'settings',
      body: jsonBody(ownChangesSchema, { bytesMax: 16_384 }),
      answers: { 200: settingsSchema },
      errors: ['tenant.changed', 'policy.changed'],
    },
    async (call) => {
      const version = versionOf(call.request.headers.get('if-match'));
      return answer(call, await call.inTenant((tx) => applySettings(tx, call, { changes: call.body, version, plannerModel })));
    },
  );
}

/** Changes settings for whoever asks, whichever way they came. @throws FactotumError `auth.forbidden`, `request.invalid`, `tenant.changed`. */
export async function applySettings(
  tx: Tx,
  { principal, keys, tenantId, now }: Pick<Call, 'principal' | 'keys' | 'tenantId' | 'now'>,
  { changes, version, plannerModel }: { changes: OwnChanges; version: number | null; plannerModel: string | null },
): Promise<Tenant> {
  // Thresholds are policies, whichever form they come through.
  if (changes.thresholds !== undefined && !principal.permissions.has('policy:write'))
    throw new FactotumError('auth.forbidden', 'Thresholds need the permission policy:write.', { details: { permission: 'policy:write' } });
  if (typeof changes.model === 'string' && changes.model !== plannerModel)
    throw new FactotumError('request.invalid', `This installation does not have the model ${changes.model}.`, {
      details: { models: plannerModel === null ? [] : [plannerModel] },
    });
  const tenant = await configureTenant(tx, keys, { changes, version, actor: principal.actor, at: now });
  if (changes.timeZone !== undefined) await followTimeZone(tx, tenantId, now);
  return tenant;
}

type OwnChanges = z.output<typeof ownChangesSchema>;

function presentSettings(
  tenant: Tenant,
  { thresholds, hasOwnKeys, models }: { thresholds: Thresholds | null; hasOwnKeys: boolean; models: readonly string[] },
) {
  const { maySpendOperatorModelKey, thresholds: _remembered, ...settings } = tenant.settings;
  return {
    ...settings,
    custody: hasOwnKeys ? ('own' as const) : ('installation' as const),
    name: tenant.name,
    title: tenant.title,
    state: tenant.state,
    erasesAt: tenant.erasesAt?.toISOString() ?? null,
    version: tenant.version,
    thresholds,
    maySpendOperatorModelKey,
    models,
    createdAt: tenant.createdAt.toISOString(),
  };
}

/** Null without a condition. @throws FactotumError `tenant.changed` for one that no version of ours can meet. */
function versionOf(ifMatch: string | null): number | null {
  if (ifMatch === null || ifMatch.trim() === '*') return null;
  const version = /^\s*(?:W\/)?"(\d{1,9})"\s*$/.exec(ifMatch)?.[1];
  if (version === undefined) throw new FactotumError('tenant.changed', 'If-Match must be the ETag of the settings that were read.');
  return Number(version);
}
