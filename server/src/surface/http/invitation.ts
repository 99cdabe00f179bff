import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { momentIn, wordsIn } from '#kernel/words';
import { type AuditKind, recordAudit } from '#trust/audit';
import type { Identity, Invitation, MadeInvitation, PersonSession, Room } from '#trust/identity';
import { readActiveTenant, readTenant, type TenantSettings } from '#trust/tenant';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { page, time } from './schema.ts';

const list = 'invitations';
const invitationParams = z.object({ id: z.string() });
const names = z.array(z.string().max(100)).max(50);
const tokenSchema = z.string().max(200);

const invitationSchema = z.object({
  id: z.string(),
  email: z.string(),
  roles: z.array(z.string()).readonly(),
  teams: z.array(z.string()).readonly(),
  state: z.enum(['open', 'expired']),
  mailed: z.boolean(),
  invitedBy: z.string(),
  createdAt: time,
  expiresAt: time,
});

const urlNote = 'For you to hand over; null when it has been mailed, since only the address may learn it then.';
const linkShape = { url: z.string().nullable().meta({ description: urlNote }), mailed: z.boolean() };

type Deps = Pick<HttpDeps, 'identity' | 'postman' | 'quotas' | 'database' | 'clock' | 'addresses'>;

/** Asking people to join, and joining. */
export function addInvitationRoutes(routes: Routes, deps: Deps): void {
  const { membership } = deps.identity;
  const sendErrors = ['auth.throttled', 'quota.exceeded', 'mail.unavailable', 'role.not_found'] as const;

  routes.add(
    'member:admin',
    {
      method: 'get',
      path: '/api/v1/invitations',
      summary: 'List invitations that have not been used, newest first',
      tag: 'members',
      query: z.strictObject(pageQuery),
      answers: { 200: page(invitationSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { limit, cursor }, keys, tenantId }) => {
      const rows = await membership.listInvitations({ tenantId, before: readCursor(keys, list, cursor), limit: limit + 1 });
      return { status: 200, body: pageOf(rows, limit, { present, cursorOf: ({ id }) => makeCursor(keys, list, id) }) };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'post',
      path: '/api/v1/invitations',
      summary: 'Invite an address, for seven days; an earlier invitation of it is replaced',
      tag: 'members',
      body: jsonBody(z.strictObject({ email: z.string().max(300), roles: names, teams: names.default([]) }), { bytesMax: 16_384 }),
      answers: { 201: z.object({ id: z.string(), ...linkShape }) },
      errors: [...sendErrors, 'team.not_found', 'member.exists'],
    },
    async (call) => {
      const { tenantId, principal, body } = call;
      const mailed = deps.postman.isConfigured;
      const made = await membership.invite({ ...body, tenantId, by: principal, mailed, room: roomFor(deps, tenantId) });
      await recordActs(call, { kind: 'member.invited', objectId: made.id, detail: { roles: body.roles, teams: body.teams, mailed } });
      return { status: 201, body: { id: made.id, ...(await handOver(deps, call, made)) } };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'post',
      path: '/api/v1/invitations/{id}/renew',
      summary: 'Make a new link for another seven days; the old one is dead',
      tag: 'members',
      params: invitationParams,
      body: jsonBody(z.strictObject({}), { isOptional: true }),
      answers: { 200: z.object(linkShape) },
      errors: [...sendErrors, 'invitation.not_found'],
    },
    async (call) => {
      const { tenantId, principal, params } = call;
      const mailed = deps.postman.isConfigured;
      const made = await membership.renewInvitation({
        id: params.id,
        tenantId,
        by: principal,
        mailed,
        room: roomFor(deps, tenantId),
      });
      await recordActs(call, { kind: 'member.invited', objectId: made.id, detail: { renewed: true, mailed } });
      return { status: 200, body: await handOver(deps, call, made) };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'delete',
      path: '/api/v1/invitations/{id}',
      summary: 'Withdraw an invitation',
      tag: 'members',
      params: invitationParams,
      answers: { 204: null },
      errors: ['invitation.not_found'],
    },
    async (call) => {
      await membership.withdrawInvitation({ id: call.params.id, tenantId: call.tenantId });
      await recordActs(call, { kind: 'member.invitation_ended', objectId: call.params.id });
      return { status: 204 };
    },
  );

  addJoinRoutes(routes, deps);
}

/** What whoever holds a link may do, known or not. */
function addJoinRoutes(routes: Routes, { identity, quotas, database, clock }: Deps): void {
  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/invitation/look',
      summary: 'See what an invitation is for',
      tag: 'members',
      body: jsonBody(z.strictObject({ token: tokenSchema }), { bytesMax: 4_096 }),
      answers: {
        200: z.object({
          tenant: z.object({ name: z.string() }),
          email: z.string(),
          roles: z.array(z.string()).readonly(),
          account: z.enum(['new', 'existing']).meta({ description: '`existing`: sign in as that address first.' }),
        }),
      },
      errors: ['invitation.invalid'],
    },
    async ({ body }) => {
      const { tenantName, email, roles, account } = await identity.membership.lookAtInvitation(body.token);
      return { status: 200, body: { tenant: { name: tenantName }, email, roles, account } };
    },
  );

  const audit = (tenantId: Id<'tenant'>, actor: string, entry: { kind: AuditKind; objectId: string; detail?: Record<string, string> }) =>
    withTenant(database.app.db, tenantId, (tx) => recordAudit(tx, tenantId, [{ ...entry, actor, at: clock.now() }]));

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/invitation/accept',
      summary: 'Join, and be signed in; who signed in through an identity provider stays where they are and joins',
      tag: 'members',
      body: jsonBody(
        z.strictObject({ token: tokenSchema, name: z.string().max(200).optional(), password: z.string().max(1_000).optional() }),
        {
          bytesMax: 8_192,
        },
      ),
      answers: { 204: null },
      errors: [
        'invitation.invalid',
        'auth.required',
        'auth.password_weak',
        'auth.sso_required',
        'member.exists',
        'member.managed',
        'quota.exceeded',
        'tenant.suspended',
        'tenant.closing',
        'tenant.moving',
        'tenant.moved',
      ],
    },
    async ({ body, request, caller }) => {
      if (!identity.sameOrigin(request) || identity.fromForeignPage(request))
        throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
      const { tenantId } = await identity.membership.lookAtInvitation(body.token);
      await withTenant(database.app.db, tenantId, (tx) => readActiveTenant(tx, tenantId));
      const session = await sessionOf(identity, request.headers);
      const { userId, invitationId } = await identity.membership.acceptInvitation({
        ...body,
        signedIn: session?.userId ?? null,
        room: roomFor({ quotas }, tenantId),
      });
      const actor = `user:${userId}`;
      await audit(tenantId, actor, { kind: 'member.joined', objectId: userId, detail: { by: 'invitation', invitation: invitationId } });
      // What a tenant's identity provider vouches for counts in that tenant: it opens no session in another.
      if (session?.userId === userId && session.method.startsWith('sso:')) return { status: 204 };
      const { response, sessionId } = await identity.beginSession({ userId, tenantId, method: 'invitation' }, request, caller);
      await audit(tenantId, actor, { kind: 'session.created', objectId: sessionId, detail: { method: 'invitation' } });
      return response;
    },
  );
}

/** Whether the tenant may have that many people, by its quota as it is at this moment. */
const roomFor =
  ({ quotas }: Pick<Deps, 'quotas'>, tenantId: Id<'tenant'>): Room =>
  (people) =>
    quotas.admit(tenantId, 'members', people);

/** The browser's session, in whatever tenant or in none. */
async function sessionOf(identity: Identity, headers: Headers): Promise<PersonSession | null> {
  const somebody = (await identity.principalOf(headers)) ?? (await identity.operatorOf(headers));
  return somebody?.session ?? null;
}

/** Mails the link to the address, or shows it to whoever invites. Never both: the mailed one proves the address. */
async function handOver(
  { postman, addresses, identity }: Pick<Deps, 'postman' | 'addresses' | 'identity'>,
  { tenantId, inTenant }: Pick<Call, 'tenantId' | 'inTenant'>,
  made: MadeInvitation,
): Promise<{ url: string | null; mailed: boolean }> {
  const url = `${addresses().origins[0] ?? ''}/join#token=${made.token}`;
  if (!postman.isConfigured) return { url, mailed: false };
  const { settings } = await inTenant((tx) => readTenant(tx, tenantId));
  try {
    await postman.send({ to: made.email, ...invitationLetter(made, url, settings) });
  } catch (error) {
    await identity.membership.noteUnsent({ tenantId, id: made.id });
    throw error;
  }
  return { url: null, mailed: true };
}

/** In the tenant's language: nobody knows that of whoever is invited. */
function invitationLetter(
  { tenantName, expiresAt }: Pick<MadeInvitation, 'tenantName' | 'expiresAt'>,
  url: string,
  { locale, timeZone }: Pick<TenantSettings, 'locale' | 'timeZone'>,
) {
  const { invitation } = wordsIn(locale).letters;
  return { subject: invitation.subject(tenantName), text: invitation.text(tenantName, momentIn(locale, expiresAt, timeZone), url) };
}

const present = ({ createdAt, expiresAt, ...invitation }: Invitation) => ({
  ...invitation,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
});
