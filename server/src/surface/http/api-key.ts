import { z } from 'zod';
import { FactotumError, isId } from '#kernel';
import { recordAudit } from '#trust/audit';
import type { ApiKey } from '#trust/identity';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { apiKeySchema, page } from './schema.ts';

const list = 'api keys';
const hourMs = 3_600_000;

/** Long enough for a deployment that somebody has to wait for, in hours. */
const overlapHoursDefault = 24;

const newKeySchema = z.strictObject({
  name: z.string().max(200),
  permissions: z.array(z.string().max(100)).max(100),
  expiresAt: z.iso.datetime({ offset: true }).nullish(),
  perMinute: z.int().min(1).max(1_000_000).nullish(),
  serviceAccountId: z.string().max(100).nullish(),
});

/** Keys for programs. Whoever makes or rotates one gives no more than they have, and is answered its text this once. */
export function addApiKeyRoutes(routes: Routes, { identity }: Pick<HttpDeps, 'identity'>): void {
  routes.add(
    'key:admin',
    {
      method: 'get',
      path: '/api/v1/api-keys',
      summary: 'List API keys, newest first, ended ones included',
      tag: 'machines',
      query: z.strictObject(pageQuery),
      answers: { 200: page(apiKeySchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { limit, cursor }, keys, tenantId }) => {
      const before = readCursor(keys, list, cursor) ?? undefined;
      const rows = await identity.listApiKeys(tenantId, { before, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, { present, cursorOf: (row) => makeCursor(keys, list, row.id) }) };
    },
  );

  routes.add(
    'key:admin',
    {
      method: 'post',
      path: '/api/v1/api-keys',
      summary: 'Make an API key',
      tag: 'machines',
      fresh: true,
      body: jsonBody(newKeySchema, { bytesMax: 16_384 }),
      answers: { 201: z.object({ id: z.string(), key: z.string() }) },
      errors: ['auth.step_up_required', 'service_account.not_found'],
    },
    async ({ body, principal, tenantId, now, inTenant }) => {
      const { expiresAt, perMinute, serviceAccountId, ...named } = body;
      const made = await identity.createApiKey({
        ...{ ...named, tenantId, within: principal.permissions },
        ...{ perMinute: perMinute ?? undefined, serviceAccountId: serviceAccountId ?? undefined },
        expiresAt: expiresAt == null ? undefined : new Date(expiresAt),
      });
      const detail = { permissions: named.permissions, ...(serviceAccountId == null ? {} : { serviceAccount: serviceAccountId }) };
      await inTenant((tx) =>
        recordAudit(tx, tenantId, [{ kind: 'key.created', actor: principal.actor, at: now, objectId: made.id, detail }]),
      );
      return { status: 201, body: made };
    },
  );

  routes.add(
    'key:admin',
    {
      method: 'post',
      path: '/api/v1/api-keys/{id}/rotate',
      summary: 'Make a key that takes the place of another, which ends after the overlap',
      tag: 'machines',
      fresh: true,
      params: z.object({ id: z.string() }),
      body: jsonBody(z.strictObject({ overlapHours: z.number().min(0).max(720).default(overlapHoursDefault) }), {
        bytesMax: 4_096,
        isOptional: true,
      }),
      answers: { 201: z.object({ id: z.string(), key: z.string(), oldEndsAt: z.string() }) },
      errors: ['auth.step_up_required', 'key.not_found', 'key.replaced'],
    },
    async ({ params, body, principal, tenantId, now, inTenant }) => {
      const overlapMs = Math.round(body.overlapHours * hourMs);
      const { oldId, oldEndsAt, ...made } = await identity.machines.rotateApiKey({
        ...{ tenantId, id: params.id, overlapMs, within: principal.permissions },
      });
      const entry = { kind: 'key.rotated', actor: principal.actor, at: now, objectId: oldId } as const;
      const endsAt = oldEndsAt.toISOString();
      await inTenant((tx) => recordAudit(tx, tenantId, [{ ...entry, detail: { successor: made.id, endsAt } }]));
      return { status: 201, body: { ...made, oldEndsAt: endsAt } };
    },
  );

  routes.add(
    'key:admin',
    {
      method: 'delete',
      path: '/api/v1/api-keys/{id}',
      summary: 'Revoke an API key',
      tag: 'machines',
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['key.not_found'],
    },
    async ({ params: { id }, principal, tenantId, now, inTenant }) => {
      if (!isId('apiKey', id) || !(await identity.revokeApiKey(tenantId, id)))
        throw new FactotumError('key.not_found', 'The tenant has no such key, or it is revoked already.');
      await inTenant((tx) => recordAudit(tx, tenantId, [{ kind: 'key.revoked', actor: principal.actor, at: now, objectId: id }]));
      return { status: 204 };
    },
  );
}

const present = ({ createdAt, expiresAt, lastUsedAt, ...key }: ApiKey) => ({
  ...key,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});
