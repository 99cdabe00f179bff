import { z } from 'zod';
import type { EncryptionStatus, InstallationEncryption } from '#trust/encryption';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { presentJob } from './job.ts';
import type { Routes } from './route.ts';
import { namedSchemas, time } from './schema.ts';
import { jobSchema } from './tenant-schema.ts';

const guardSchema = z.object({
  kind: z.string(),
  kekId: z.string().meta({ description: "Empty, to a tenant, where it is not the tenant's own." }),
  kekVersion: z.string(),
  own: z.boolean().meta({ description: "Whether it is the tenant's own, not the installation's." }),
  health: z.object({ ok: z.boolean(), latencyMs: z.number().nullable(), at: time.nullable(), error: z.string().nullable() }),
});

const statusSchema = z.object({
  provider: guardSchema,
  cacheSeconds: z.int(),
  generations: z.array(
    z.object({
      generation: z.int(),
      state: z.enum(['active', 'retired', 'destroyed']),
      provider: z.string(),
      kekId: z.string(),
      kekVersion: z.string(),
      createdAt: time,
      destroyedAt: time.nullable(),
      objects: z.int().nullable().meta({ description: 'How much is sealed under it; null where counting takes too long.' }),
    }),
  ),
  columns: z.object({ sealed: z.int(), clear: z.int() }),
  job: jobSchema.nullable().meta({ description: 'The rotation or re-wrap that was asked for last.' }),
});

const certificateSchema = z.object({
  generation: z.int(),
  note: z.string().meta({ description: 'A signed note (c2sp.org/signed-note).' }),
  verifierKey: z.string(),
  createdAt: time,
});
namedSchemas.set(certificateSchema, {
  id: 'GenerationCertificate',
  description: 'What was destroyed, since when, and how long backups of keys may still have it.',
});
const accepted = z.object({ jobId: z.string() });
namedSchemas.set(accepted, { id: 'AcceptedJob', description: 'Work that goes on after the answer.' });

const tag = 'encryption';
const path = '/api/v1/encryption';

/** Who guards the tenant's keys, what is sealed under which of them, and how that is changed. */
export function addEncryptionRoutes(routes: Routes, { encryption, installation }: Pick<HttpDeps, 'encryption' | 'installation'>): void {
  const { verifierKeyText: verifierKey } = installation.signer;

  routes.add(
    'encryption:read',
    { method: 'get', path, summary: 'Who guards the keys, and what is sealed under which of them', tag, answers: { 200: statusSchema } },
    async ({ tenantId, principal }) => {
      const status = presentStatus(await encryption.status(tenantId));
      return { status: 200, body: principal.actor.startsWith('operator:') ? status : withoutInstallation(status) };
    },
  );

  routes.add(
    'encryption:admin',
    {
      method: 'post',
      path: `${path}/rotation`,
      summary: 'Rotate the keys: everything new is sealed under another generation, and what there is is sealed anew in the background',
      tag,
      fresh: true,
      body: jsonBody(z.strictObject({ destroyOld: z.boolean().optional() }), { bytesMax: 4_096 }),
      answers: { 202: accepted },
      errors: ['key.busy', 'key.unavailable'],
    },
    async ({ body, principal, keys, now, inTenant }) => {
      const act = { actor: principal.actor, at: now, destroyOld: body.destroyOld === true };
      return { status: 202, body: { jobId: await inTenant((tx) => encryption.rotate(tx, keys, act)) } };
    },
  );

  routes.add(
    'encryption:admin',
    {
      method: 'post',
      path: `${path}/rewrap`,
      summary: "Wrap the keys anew under the newest version of their provider's key",
      tag,
      fresh: true,
      answers: { 202: accepted },
    },
    async ({ principal, keys, now, inTenant }) => ({
      status: 202,
      body: { jobId: await inTenant((tx) => encryption.rewrap(tx, keys, { actor: principal.actor, at: now })) },
    }),
  );

  routes.add(
    'encryption:admin',
    {
      method: 'post',
      path: `${path}/revocation`,
      summary: 'Take the keys out of the memory of every process within seconds; whoever needs them asks their provider again',
      tag,
      fresh: true,
      answers: { 204: null },
    },
    async ({ tenantId, principal, now }) => {
      await encryption.revoke(tenantId, { actor: principal.actor, at: now });
      return { status: 204 };
    },
  );

  routes.add(
    'encryption:admin',
    {
      method: 'delete',
      path: `${path}/generations/{n}`,
      summary: 'Destroy a generation under which nothing is sealed any more. Backups from before then need it: they open with nothing else',
      tag,
      fresh: true,
      params: z.object({ n: z.string() }),
      body: jsonBody(z.strictObject({ confirm: z.literal('destroy') }), { bytesMax: 4_096 }),
      answers: { 200: certificateSchema },
      errors: ['key.in_use', 'key.busy', 'request.not_found'],
    },
    async ({ params, tenantId, principal, now }) => {
      // What is no number is the number of no generation.
      const { createdAt, ...certificate } = await encryption.destroy(tenantId, /^\d{1,9}$/.test(params.n) ? Number(params.n) : 0, {
        actor: principal.actor,
        at: now,
      });
      return { status: 200, body: { ...certificate, verifierKey, createdAt: createdAt.toISOString() } };
    },
  );

  routes.add(
    'encryption:read',
    {
      method: 'get',
      path: `${path}/certificates`,
      summary: 'Certificates of destroyed generations, oldest first',
      tag,
      answers: { 200: z.object({ items: z.array(certificateSchema), nextCursor: z.null() }) },
    },
    async ({ tenantId }) => {
      const items = (await encryption.certificates(tenantId)).map(({ createdAt, ...rest }) => ({
        ...rest,
        verifierKey,
        createdAt: createdAt.toISOString(),
      }));
      return { status: 200, body: { items, nextCursor: null } };
    },
  );

  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/encryption',
      summary: 'Who guards the keys of tenants without a provider of their own, and which key guards how many',
      tag: 'operator',
      answers: {
        200: z.object({
          provider: guardSchema,
          cache: z.object({ seconds: z.int(), size: z.int(), hits: z.int(), misses: z.int() }),
          seeds: z.array(z.object({ provider: z.string(), kekId: z.string(), kekVersion: z.string(), state: z.string(), seeds: z.int() })),
        }),
      },
    },
    async () => ({ status: 200, body: presentInstallation(await encryption.installationStatus()) }),
  );
}

const presentGuard = ({ health, ...guard }: EncryptionStatus['provider']) => ({
  ...guard,
  health: { ...health, at: health.at.toISOString() },
});

function presentStatus({ provider, cacheSeconds, generations, columns, job }: EncryptionStatus) {
  return {
    provider: presentGuard(provider),
    cacheSeconds,
    // One that is coming seals and opens nothing yet; the job tells of it.
    generations: generations.flatMap(({ state, createdAt, destroyedAt, wrappedSha256: _, ...generation }) =>
      state === 'coming'
        ? []
        : [{ ...generation, state, createdAt: createdAt.toISOString(), destroyedAt: destroyedAt?.toISOString() ?? null }],
    ),
    columns,
    job: job === null ? null : presentJob(job),
  };
}

/** For a tenant: where the operator's keys lie is none of its business, be it an account, a host or a token. */
function withoutInstallation({ provider, generations, ...status }: ReturnType<typeof presentStatus>) {
  const { own, kekId, health } = provider;
  const hidden = { kekId: '', kekVersion: '' };
  const error = health.error === null ? null : 'It does not answer, or says no. Whoever runs this installation sees why.';
  return {
    ...status,
    provider: own ? provider : { ...provider, ...hidden, health: { ...health, error } },
    generations: generations.map((one) => (own && one.kekId === kekId ? one : { ...one, ...hidden })),
  };
}

const presentInstallation = ({ provider, cache, seeds }: InstallationEncryption) => ({
  provider: presentGuard(provider),
  cache,
  seeds: [...seeds],
});
