import { z } from 'zod';
import type { Id } from '#kernel';
import { recordAudit } from '#trust/audit';
import {
  createSecret,
  deleteSecret,
  listSecrets,
  listVersions,
  parseReference,
  readSecret,
  replaceValue,
  type Secret,
  type SecretScope,
  secretKinds,
  setRotation,
  tenantUnit,
} from '#trust/secret';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { namedSchemas, page, time } from './schema.ts';

const tag = 'secrets';
const path = '/api/v1/secrets';
const kind = z.enum(secretKinds);

const secretSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind,
  store: z.enum(['db', 'vault', 'aws', 'azure', 'file']).meta({ description: 'Where its value lies; db: in our own sealed tables.' }),
  reference: z.string().nullable().meta({ description: 'Where in another store.' }),
  version: z.int(),
  createdAt: time,
  changedAt: time,
  rotateAfterDays: z.int().nullable(),
  rotateAfter: time.nullable().meta({ description: 'When the value should be replaced by a new one.' }),
  lastUsedAt: time.nullable().meta({ description: 'Noted at most once a minute.' }),
  usedBy: z.array(z.string()).readonly(),
  state: z.enum(['current', 'due']).meta({ description: 'due: it should have been replaced by now.' }),
});
namedSchemas.set(secretSchema, {
  id: 'Secret',
  description: 'A credential by its name. Its value is never in it, nor in any other answer.',
});

const versionSchema = z.object({
  version: z.int(),
  state: z.enum(['pending', 'current', 'previous', 'revoked']),
  createdAt: time,
  createdBy: z.string(),
  stateSince: time,
});

// In characters here; the bytes are counted where the value is sealed.
const value = z.string().min(1).max(65_536);
const days = z.int().min(1).max(3_650);
const newSecretSchema = z
  .strictObject({
    name: z.string().max(100),
    kind: kind.optional(),
    value: value.optional(),
    reference: z
      .string()
      .max(1_000)
      .optional()
      .meta({ description: 'Instead of a value: secret://vault/.. and the like, where tenants may refer there.' }),
    rotateAfterDays: days.nullish(),
  })
  .refine((given) => (given.value === undefined) !== (given.reference === undefined), { message: 'send either `value` or `reference`' });
const changeSchema = z
  .strictObject({
    value: value.optional(),
    ifVersion: z.int().min(1).optional().meta({ description: 'The version that the new value replaces.' }),
    rotateAfterDays: days.nullish(),
  })
  .refine((given) => (given.value === undefined) === (given.ifVersion === undefined), { message: 'send `value` and `ifVersion` together' })
  .refine((given) => given.value !== undefined || given.rotateAfterDays !== undefined, { message: 'send what is to change' });
// A value of 64 KiB in JSON, where a character may take six.
const bytesMax = 400 * 1_024;
const params = z.object({ id: z.string() });

/** Credentials of a tenant. Values go in and never come out. */
export function addSecretRoutes(routes: Routes, deps: Pick<HttpDeps, 'secretResolver' | 'secretUsers' | 'inSecretUnit' | 'clock'>): void {
  const { secretResolver, secretUsers, inSecretUnit, clock } = deps;
  const items = async (scope: SecretScope, secrets: readonly Secret[]) => {
    const users = await secretUsers(scope);
    return secrets.map((secret) => present(secret, users.get(secret.name) ?? [], clock.now()));
  };
  /** One change with its audit entry; what is kept of the tenant's values is then read anew. */
  const change = async <R>(
    { inTenant, keys, tenantId, principal, now }: Call,
    kindOf: 'secret.created' | 'secret.changed' | 'secret.rotated' | 'secret.deleted',
    work: (unit: ReturnType<typeof tenantUnit>) => Promise<R & { readonly id: Id<'secret'> }>,
    detail: Record<string, string> = {},
  ) => {
    const done = await inTenant(async (tx) => {
      const result = await work(tenantUnit(tx, keys));
      await recordAudit(tx, tenantId, [{ kind: kindOf, actor: principal.actor, at: now, objectId: result.id, detail }]);
      return result;
    });
    secretResolver.forget(tenantId);
    return done;
  };

  routes.add(
    'secret:read',
    { method: 'get', path, summary: 'List secrets, by name', tag, answers: { 200: page(secretSchema) } },
    async ({ tenantId, keys, inTenant }) => {
      const secrets = await inTenant((tx) => listSecrets(tenantUnit(tx, keys)));
      return { status: 200, body: { items: await items(tenantId, secrets), nextCursor: null } };
    },
  );

  routes.add(
    'secret:admin',
    {
      method: 'post',
      path,
      summary: 'Store a secret, or say where it lies',
      tag,
      fresh: true,
      body: jsonBody(newSecretSchema, { bytesMax }),
      answers: { 201: z.object({ id: z.string() }) },
      errors: ['auth.step_up_required', 'secret.exists', 'secret.reference_invalid'],
    },
    async (call) => {
      const { name, kind: given, value: sent, reference, rotateAfterDays } = call.body;
      if (reference !== undefined) secretResolver.check(call.tenantId, reference);
      const content = reference === undefined ? { value: sent ?? '' } : { reference };
      const made = await change(call, 'secret.created', (unit) =>
        createSecret(unit, { name, kind: given, content, rotateAfterDays, actor: call.principal.actor, at: call.now }),
      );
      return { status: 201, body: { id: made.id } };
    },
  );

  routes.add(
    'secret:admin',
    {
      method: 'put',
      path: `${path}/{id}`,
      summary: 'Give a secret a new value, or say how often it should get one',
      tag,
      fresh: true,
      params,
      body: jsonBody(changeSchema, { bytesMax }),
      answers: { 200: z.object({ id: z.string(), version: z.int() }) },
      errors: ['auth.step_up_required', 'secret.not_found', 'secret.changed'],
    },
    async (call) => {
      const { value: sent, ifVersion, rotateAfterDays } = call.body;
      const isNew = sent !== undefined && ifVersion !== undefined;
      const by = { actor: call.principal.actor, at: call.now };
      const { id, version } = await change(
        call,
        isNew ? 'secret.rotated' : 'secret.changed',
        async (unit) => {
          if (rotateAfterDays !== undefined) await setRotation(unit, call.params.id, { rotateAfterDays, ...by });
          return isNew ? replaceValue(unit, call.params.id, { value: sent, ifVersion, ...by }) : readSecret(unit, call.params.id);
        },
        isNew ? {} : { change: 'rotation' },
      );
      return { status: 200, body: { id, version } };
    },
  );

  routes.add(
    'secret:admin',
    {
      method: 'delete',
      path: `${path}/{id}`,
      summary: 'Delete a secret that nothing refers to, with all its versions',
      tag,
      fresh: true,
      params,
      answers: { 204: null },
      errors: ['auth.step_up_required', 'secret.not_found', 'secret.in_use'],
    },
    async (call) => {
      const users = await secretUsers(call.tenantId);
      await change(call, 'secret.deleted', (unit) => deleteSecret(unit, call.params.id, async ({ name }) => users.get(name) ?? []));
      return { status: 204 };
    },
  );

  routes.add(
    'secret:read',
    {
      method: 'get',
      path: `${path}/{id}/versions`,
      summary: 'List the versions of a secret, the newest first',
      tag,
      params,
      answers: { 200: page(versionSchema) },
      errors: ['secret.not_found'],
    },
    async ({ params: { id }, keys, inTenant }) => {
      const versions = await inTenant((tx) => listVersions(tenantUnit(tx, keys), id));
      const shown = versions.map(({ createdAt, stateSince, ...one }) => ({
        ...one,
        createdAt: createdAt.toISOString(),
        stateSince: stateSince.toISOString(),
      }));
      return { status: 200, body: { items: shown, nextCursor: null } };
    },
  );

  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/secrets',
      summary: "List the installation's own secrets, by name",
      tag: 'operator',
      answers: { 200: page(secretSchema) },
    },
    async () => ({
      status: 200,
      body: { items: await items('installation', await inSecretUnit('installation', listSecrets)), nextCursor: null },
    }),
  );
}

function present(
  { reference, rotateAt, createdAt, createdBy: _, changedAt, lastUsedAt, ...secret }: Secret,
  usedBy: readonly string[],
  now: Date,
): z.input<typeof secretSchema> {
  return {
    ...secret,
    reference,
    store: reference === null ? 'db' : parseReference(reference).store,
    createdAt: createdAt.toISOString(),
    changedAt: changedAt.toISOString(),
    rotateAfter: rotateAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    usedBy,
    state: rotateAt !== null && rotateAt <= now ? 'due' : 'current',
  };
}
