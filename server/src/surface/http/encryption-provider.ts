import { z } from 'zod';
import { FactotumError } from '#kernel';
import { recordAudit } from '#trust/audit';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

const changeSchema = z.strictObject({
  uri: z.string().min(1).max(2_000).nullable().meta({ description: "The key's address; null: the installation's keys again." }),
  credential: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: 'What the key service is asked with; it never comes back.' }),
});

/** A tenant brings its own key service, or goes back to the installation's. */
export function addEncryptionProviderRoutes(routes: Routes, { keks, encryption }: Pick<HttpDeps, 'keks' | 'encryption'>): void {
  routes.add(
    'encryption:admin',
    {
      method: 'put',
      path: '/api/v1/encryption/provider',
      summary: 'Have the keys guarded by a key service of your own. It is tried first; then every key is wrapped anew in the background',
      tag: 'encryption',
      fresh: true,
      body: jsonBody(changeSchema, { bytesMax: 65_536 }),
      answers: { 202: z.object({ jobId: z.string() }) },
      errors: ['key.provider_invalid', 'key.provider_missing'],
    },
    async ({ tenantId, body: { uri, credential }, principal: { actor }, keys, now: at }) => {
      if (uri === null && credential !== undefined)
        throw new FactotumError(
          'request.invalid',
          'A credential belongs to an address. Leave it out to go back to the keys of the installation.',
        );
      const own = uri === null ? null : { uri, ...(credential === undefined ? {} : { credential }) };
      const jobId = await keks.change(tenantId, own, async (tx) => {
        const provider = own === null ? 'installation' : (own.uri.split(':')[0] ?? '');
        await recordAudit(tx, tenantId, [{ kind: 'encryption.provider_changed', actor, at, objectId: tenantId, detail: { provider } }]);
        return encryption.rewrap(tx, keys, { actor, at });
      });
      return { status: 202, body: { jobId } };
    },
  );
}
