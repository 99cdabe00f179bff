import { z } from 'zod';
import { isId } from '#kernel';
import type { Member } from '#trust/identity';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import { forgetLeaver } from './leaving.ts';
import type { Routes } from './route.ts';
import { page, time } from './schema.ts';

const list = 'members';
const userParams = z.object({ userId: z.string() });
const ownerErrors = ['auth.step_up_required', 'member.not_found', 'member.managed', 'member.last_owner', 'member.break_glass'] as const;

const memberSchema = z.object({
  userId: z.string(),
  name: z.string(),
  email: z.string(),
  emailVerified: z.boolean(),
  roles: z.array(z.string()).readonly(),
  teams: z.array(z.object({ id: z.string(), name: z.string() })).readonly(),
  joinedAt: time,
  lastSeenAt: time.nullable(),
  secondFactor: z.boolean(),
  managedBy: z.enum(['scim']).nullable(),
});

/** Who belongs to the tenant. */
export function addMemberRoutes(routes: Routes, { identity: { membership } }: Pick<HttpDeps, 'identity'>): void {
  routes.add(
    'member:read',
    {
      method: 'get',
      path: '/api/v1/members',
      summary: 'List members by name',
      tag: 'members',
      query: z.strictObject(pageQuery),
      answers: { 200: page(memberSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { limit, cursor }, keys, tenantId }) => {
      const rows = await membership.listMembers({ tenantId, after: placeIn(readCursor(keys, list, cursor)), limit: limit + 1 });
      const cursorOf = ({ name, userId }: Member) => makeCursor(keys, list, JSON.stringify([name, userId]));
      return { status: 200, body: pageOf(rows, limit, { present, cursorOf }) };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'put',
      path: '/api/v1/members/{userId}',
      summary: 'Give a member other roles, from their next request on',
      tag: 'members',
      fresh: true,
      params: userParams,
      body: jsonBody(z.strictObject({ roles: z.array(z.string().max(40)).min(1).max(50) }), { bytesMax: 8_192 }),
      answers: { 204: null },
      errors: [...ownerErrors, 'role.not_found'],
    },
    async (call) => {
      const { userId } = call.params;
      const { before, after } = await membership.changeRoles({
        tenantId: call.tenantId,
        userId,
        roles: call.body.roles,
        by: call.principal,
      });
      await recordActs(call, { kind: 'member.changed', objectId: userId, detail: { before, after } });
      return { status: 204 };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'delete',
      path: '/api/v1/members/{userId}',
      summary: 'Remove a member: their sessions here, links and tokens end at once; API keys are the tenant’s and stay',
      tag: 'members',
      fresh: true,
      params: userParams,
      answers: { 204: null },
      errors: ownerErrors,
    },
    async (call) => {
      const { userId } = call.params;
      const { sessionIds, deviceIds, invitationIds } = await membership.removeMember({
        tenantId: call.tenantId,
        userId,
        by: call.principal,
      });
      await recordActs(
        call,
        { kind: 'member.removed', objectId: userId },
        ...sessionIds.map((objectId) => ({ kind: 'session.ended', objectId }) as const),
        ...deviceIds.map((objectId) => ({ kind: 'device.revoked', objectId }) as const),
        ...invitationIds.map((objectId) => ({ kind: 'member.invitation_ended', objectId }) as const),
      );
      // Nobody asks a second time for what is done: the log comes first, whatever becomes of the rest.
      await call.inTenant((tx) => forgetLeaver(tx, call.tenantId, userId));
      return { status: 204 };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'delete',
      path: '/api/v1/members/{userId}/sessions',
      summary: 'Sign a member out of this tenant everywhere, their devices too',
      tag: 'members',
      params: userParams,
      answers: { 204: null },
      errors: ['member.not_found'],
    },
    async (call) => {
      const { sessionIds, deviceIds } = await membership.endSessions({
        tenantId: call.tenantId,
        userId: call.params.userId,
        by: call.principal,
      });
      await recordActs(
        call,
        ...sessionIds.map((objectId) => ({ kind: 'session.ended', objectId }) as const),
        ...deviceIds.map((objectId) => ({ kind: 'device.revoked', objectId }) as const),
      );
      return { status: 204 };
    },
  );
}

const placeSchema = z.tuple([z.string(), z.string().refine((id) => isId('user', id))]);

/** The member that a page ended with. A cursor is ours: its MAC has been checked. */
function placeIn(position: string | null): Pick<Member, 'name' | 'userId'> | null {
  if (position === null) return null;
  const [name, userId] = placeSchema.parse(JSON.parse(position));
  // The schema has just looked.
  return { name, userId: userId as Member['userId'] };
}

const present = ({ joinedAt, lastSeenAt, ...member }: Member) => ({
  ...member,
  joinedAt: joinedAt.toISOString(),
  lastSeenAt: lastSeenAt?.toISOString() ?? null,
});
