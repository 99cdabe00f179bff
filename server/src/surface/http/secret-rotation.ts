import { z } from 'zod';
import { recordAudit } from '#trust/audit';
import { startRotation } from '#trust/rotation';
import { revokeVersion, tenantUnit } from '#trust/secret';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

const hourMs = 3_600_000;
const rotationSchema = z.strictObject({
  value: z.string().min(1).max(65_536).optional().meta({ description: 'The new value, for secrets whose values people make.' }),
  graceHours: z.number().min(0).max(720).default(24).meta({ description: 'How long the old value goes on.' }),
});
const path = '/api/v1/secrets/{id}';
const tag = 'secrets';

/** New values for secrets, in their own time, and the end of old ones. */
export function addSecretRotationRoutes(routes: Routes, deps: Pick<HttpDeps, 'rotation' | 'secretResolver'>): void {
  routes.add(
    'secret:admin',
    {
      method: 'post',
      path: `${path}/rotation`,
      summary: 'Have a secret renewed: a new value is made, tried and put in force, and the old one ends after a while',
      tag,
      fresh: true,
      params: z.object({ id: z.string() }),
      // A value of 64 KiB in JSON, where a character may take six bytes.
      body: jsonBody(rotationSchema, { bytesMax: 400 * 1_024 }),
      answers: { 202: z.object({ jobId: z.string() }) },
      errors: ['auth.step_up_required', 'secret.not_found', 'secret.changed'],
    },
    async ({ tenantId: scope, params: { id }, body: { value, graceHours }, principal: { actor } }) => ({
      status: 202,
      body: { jobId: await startRotation(deps.rotation, { scope, id, value, graceMs: graceHours * hourMs, actor }) },
    }),
  );

  routes.add(
    'secret:admin',
    {
      method: 'delete',
      path: `${path}/versions/{version}`,
      summary: 'End a version that is not in force: its bytes are gone',
      tag,
      fresh: true,
      params: z.object({ id: z.string(), version: z.coerce.number<string>().int().min(1).max(2_147_483_647) }),
      answers: { 204: null },
      errors: ['auth.step_up_required', 'secret.not_found', 'secret.in_use'],
    },
    async ({ tenantId, params: { id, version }, principal: { actor }, now, keys, inTenant }) => {
      await inTenant(async (tx) => {
        await revokeVersion(tenantUnit(tx, keys), id, { version, at: now });
        await recordAudit(tx, tenantId, [{ kind: 'secret.revoked', actor, at: now, objectId: id, detail: { version } }]);
      });
      deps.secretResolver.forget(tenantId);
      return { status: 204 };
    },
  );
}
