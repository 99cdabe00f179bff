import { z } from 'zod';
import type { OwnModels } from '#flow/plan';
import { chooseModel, type OwnModel, ownModelSchema, readOwnModel, type SavedModel } from '#trust/model';
import { requireMayRefer } from '#trust/secret';
import { readTenant, type TenantSettings } from '#trust/tenant';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { namedSchemas, time } from './schema.ts';

const modelSchema = z.object({
  version: z.int(),
  own: ownModelSchema.nullable().meta({ description: "The tenant's own model; null: the installation's, if it may be used." }),
  changedAt: time.nullable(),
  installation: z.object({ model: z.string().nullable(), maySpend: z.boolean() }),
  inForce: z.enum(['own', 'installation', 'none']),
});
namedSchemas.set(modelSchema, { id: 'ModelChoice', description: 'Which model plans for a tenant.' });
namedSchemas.set(ownModelSchema, { id: 'OwnModel', description: 'A model of the tenant’s own. Its key is a reference to a secret.' });
const choiceSchema = z.strictObject({ own: ownModelSchema.nullable(), version: z.int().min(0).optional() });
const probeSchema = z.object({ ok: z.boolean(), code: z.string().nullable(), message: z.string().nullable(), latencyMs: z.number() });

/** A probe that takes longer is no use to people who wait for it. */
const probeMs = 60_000;
const path = '/api/v1/model';
const tag = 'settings';

/**
 * Which model plans for the tenant: one of its own, under its own key, or the installation's. Who names a key sends its value to the address
 * beside it, so that takes `secret:admin` as well.
 */
export function addModelRoutes(routes: Routes, { plannerModel, ownModels }: Pick<HttpDeps, 'plannerModel' | 'ownModels'>): void {
  const answer = async (call: Call, saved?: SavedModel) => {
    const { settings } = await call.inTenant((tx) => readTenant(tx, call.tenantId));
    const chosen = saved ?? (await call.inTenant((tx) => readOwnModel(tx, call.keys)));
    return { status: 200, body: present(chosen, settings, plannerModel) } as const;
  };

  routes.add(
    'settings:read',
    { method: 'get', path, summary: 'Which model plans for the tenant', tag, answers: { 200: modelSchema } },
    async (call) => answer(call),
  );

  routes.add(
    'settings:write',
    {
      method: 'put',
      path,
      summary: "Have a model of the tenant's own plan, or (null) the installation's. With `version` only over the one that was read",
      tag,
      fresh: true,
      body: jsonBody(choiceSchema, { bytesMax: 4_096 }),
      answers: { 200: modelSchema },
      errors: [
        'tenant.changed',
        'auth.step_up_required',
        'secret.not_found',
        'secret.unavailable',
        'secret.reference_invalid',
        'model.misconfigured',
      ],
    },
    async (call) => {
      const { body, principal, keys, now, tenantId } = call;
      if (body.own?.key != null) requireMayRefer(principal);
      // A key that cannot be had is said here, where somebody can mend it, and not when the next mail comes in.
      if (body.own !== null) await ownModels.plannerOf(tenantId, body.own);
      const change = { own: body.own, basedOn: body.version ?? null, actor: principal.actor, at: now };
      return answer(call, await call.inTenant((tx) => chooseModel(tx, keys, change)));
    },
  );

  routes.add(
    'settings:write',
    {
      method: 'post',
      path: `${path}/test`,
      summary: 'Ask a model of the own something small, to see whether it can plan. Nothing is kept',
      tag,
      fresh: true,
      body: jsonBody(z.strictObject({ own: ownModelSchema }), { bytesMax: 4_096 }),
      answers: { 200: probeSchema },
      errors: ['auth.step_up_required', 'secret.not_found', 'secret.unavailable', 'secret.reference_invalid', 'model.misconfigured'],
    },
    async ({ tenantId, body, principal, now }) => {
      if (body.own.key !== null) requireMayRefer(principal);
      return { status: 200, body: await probe(ownModels, { tenantId, own: body.own, now }) };
    },
  );
}

async function probe(ownModels: OwnModels, { tenantId, own, now }: Pick<Call, 'tenantId' | 'now'> & { own: OwnModel }) {
  const startedAt = performance.now();
  const planner = await ownModels.plannerOf(tenantId, own);
  const fault = await planner.probe(AbortSignal.timeout(probeMs), now);
  const latencyMs = Math.round(performance.now() - startedAt);
  return { ok: fault === null, code: fault?.code ?? null, message: fault?.message ?? null, latencyMs };
}

function present({ version, own, updatedAt }: SavedModel, settings: TenantSettings, installationModel: string | null) {
  const maySpend = settings.maySpendOperatorModelKey;
  const hasOther = installationModel !== null && maySpend && (settings.model === null || settings.model === installationModel);
  const inForce = settings.planner !== 'model' ? 'none' : own !== null ? 'own' : hasOther ? 'installation' : 'none';
  return {
    version,
    own,
    changedAt: updatedAt?.toISOString() ?? null,
    installation: { model: installationModel, maySpend },
    inForce,
  } as const;
}
