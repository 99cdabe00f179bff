import { z } from 'zod';
import { FactotumError } from '#kernel';
import { type DeviceToken, devicePermissions } from '#trust/identity';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { createPersonLog, isOperatorPerson } from './person-log.ts';
import type { PersonCall, Routes } from './route.ts';
import { page, time } from './schema.ts';

const deviceSchema = z.object({
  id: z.string(),
  name: z.string(),
  start: z.string().meta({ description: 'The first characters of the token.' }),
  permissions: z.array(z.string()),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
});

const newDeviceSchema = z.strictObject({
  name: z.string().max(200),
  permissions: z.array(z.enum(devicePermissions)).min(1).max(devicePermissions.length),
  expiresAt: z.iso.datetime({ offset: true }).nullish().meta({ description: 'A year from now, if left out; at most two.' }),
});

/** Tokens for people's devices: what reaches the vault by WebDAV or by a program that keeps a copy of it. */
export function addDeviceRoutes(routes: Routes, deps: Pick<HttpDeps, 'identity' | 'database' | 'clock' | 'log'>): void {
  const { devices } = deps.identity;
  const people = createPersonLog(deps);

  routes.addPerson(
    {
      method: 'get',
      path: '/api/v1/me/devices',
      summary: 'One’s own devices in this tenant, newest first',
      tag: 'account',
      answers: { 200: page(deviceSchema) },
      errors: ['auth.forbidden'],
    },
    async (call) => {
      const found = await devices.list(memberIn(call).tenantId, call.session.userId);
      return { status: 200, body: { items: found.map(present), nextCursor: null } };
    },
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/me/devices',
      summary: 'Give a device access to the vault in one’s name. Its token is answered this once',
      tag: 'account',
      fresh: true,
      body: jsonBody(newDeviceSchema, { bytesMax: 4_096 }),
      answers: { 201: z.object({ id: z.string(), token: z.string() }) },
      errors: ['auth.forbidden', 'auth.step_up_required', 'auth.second_factor_required', 'quota.exceeded'],
    },
    async (call) => {
      const { tenantId, permissions: within, pending } = memberIn(call);
      if (pending === 'second_factor')
        throw new FactotumError('auth.second_factor_required', 'This tenant asks for a second factor before you add a device.');
      const { name, permissions, expiresAt } = call.body;
      const made = await devices.create({
        ...{ tenantId, userId: call.session.userId, sessionId: call.session.id, name, permissions, within },
        expiresAt: expiresAt == null ? undefined : new Date(expiresAt),
      });
      await people.record(call.principal, { kind: 'device.created', objectId: made.id, detail: { permissions: permissions.join(' ') } });
      return { status: 201, body: made };
    },
  );
  routes.addPerson(
    {
      method: 'delete',
      path: '/api/v1/me/devices/{id}',
      summary: 'Take a device’s access away',
      tag: 'account',
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['auth.forbidden', 'device_token.not_found'],
    },
    async (call) => {
      const { id } = call.params;
      await devices.revoke({ tenantId: memberIn(call).tenantId, userId: call.session.userId, id });
      await people.record(call.principal, { kind: 'device.revoked', objectId: id });
      return { status: 204 };
    },
  );

  const memberParams = { userId: z.string() };
  routes.add(
    'member:admin',
    {
      method: 'get',
      path: '/api/v1/members/{userId}/devices',
      summary: 'A member’s devices in this tenant, newest first',
      tag: 'members',
      params: z.object(memberParams),
      answers: { 200: page(deviceSchema) },
      errors: ['member.not_found'],
    },
    async ({ tenantId, params: { userId } }) => {
      const found = await devices.list(tenantId, userId);
      return { status: 200, body: { items: found.map(present), nextCursor: null } };
    },
  );
  routes.add(
    'member:admin',
    {
      method: 'delete',
      path: '/api/v1/members/{userId}/devices/{id}',
      summary: 'Take the access of a member’s device away',
      tag: 'members',
      params: z.object({ ...memberParams, id: z.string() }),
      answers: { 204: null },
      errors: ['device_token.not_found'],
    },
    async (call) => {
      const { userId, id } = call.params;
      await devices.revoke({ tenantId: call.tenantId, userId, id });
      await recordActs(call, { kind: 'device.revoked', objectId: id, detail: { member: userId } });
      return { status: 204 };
    },
  );
}

/** Operators have no vault. @throws FactotumError `auth.forbidden`. */
function memberIn({ principal }: Pick<PersonCall, 'principal'>) {
  if (isOperatorPerson(principal)) throw new FactotumError('auth.forbidden', 'Devices are for members of a tenant.');
  return principal;
}

const present = ({ id, name, start, permissions, createdAt, expiresAt, lastUsedAt }: DeviceToken) => ({
  ...{ id, name, start, permissions: [...permissions] },
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});
