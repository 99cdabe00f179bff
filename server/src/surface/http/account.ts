import { z } from 'zod';
import { attestationSchema, type EndedSession, type OperatorPerson, type Principal, passwordLength } from '#trust/identity';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { createPersonLog } from './person-log.ts';
import type { Routes } from './route.ts';
import { optionsResponse } from './sign-in.ts';
import { accountSchema, recoveryCodesSchema, sessionsSchema, webauthnOptionsSchema } from './sign-in-schema.ts';

type Deps = Pick<HttpDeps, 'identity' | 'database' | 'clock' | 'log'>;
type Who = {
  readonly principal: Principal | OperatorPerson;
  readonly session: { readonly userId: Parameters<HttpDeps['identity']['account']['tenantsOf']>[0] };
};

/** Not by an identity provider, and not by half of what is asked for. */
const credentialErrors = ['auth.forbidden', 'auth.second_factor_required'] as const;

/** What people see and change about themselves. */
export function addAccountRoutes(routes: Routes, deps: Deps): void {
  const { account } = deps.identity;
  const people = createPersonLog(deps);

  /** What opens an account concerns each tenant that it opens. */
  const changed = async ({ principal, session }: Who, what: string) => {
    const tenants = await account.tenantsOf(session.userId);
    await people.recordIn(tenants, principal.actor, { kind: 'account.changed', objectId: session.userId, detail: { what } });
    if (tenants.length === 0) deps.log.info({ actor: principal.actor, what }, 'an operator changed how they sign in');
  };
  const ended = async ({ principal }: Who, sessions: readonly EndedSession[], reason: string) => {
    for (const { id, tenantId } of sessions)
      if (tenantId !== null)
        await people.recordIn([tenantId], principal.actor, { kind: 'session.ended', objectId: id, detail: { reason } });
  };

  routes.addPerson(
    {
      method: 'get',
      path: '/api/v1/account',
      summary: 'Who one is, and how one signs in',
      tag: 'account',
      answers: { 200: accountSchema },
    },
    async (call) => {
      const { passkeys, ...rest } = await account.read(call);
      const items = passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({
        id,
        name,
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
      }));
      return { status: 200, body: { ...rest, passkeys: items } };
    },
  );
  routes.addPerson(
    {
      method: 'put',
      path: '/api/v1/account',
      summary: 'Change how one is called',
      tag: 'account',
      body: jsonBody(z.strictObject({ name: z.string().trim().min(1).max(100) }), { bytesMax: 4_096 }),
      answers: { 204: null },
    },
    async (call) => {
      await account.rename(call, call.body.name);
      await changed(call, 'name');
      return { status: 204 };
    },
  );

  const passwordSchema = z
    .string()
    .min(1)
    .max(passwordLength.max * 4);
  routes.addPerson(
    {
      method: 'put',
      path: '/api/v1/account/password',
      summary: 'Set or change the password. Every other session ends, and so do one’s devices',
      tag: 'account',
      fresh: true,
      body: jsonBody(z.strictObject({ password: passwordSchema, current: passwordSchema.optional() }), { bytesMax: 8_192 }),
      answers: { 204: null },
      errors: ['auth.password_weak', 'auth.failed', 'auth.throttled', ...credentialErrors],
    },
    async (call) => {
      const others = await account.setPassword(call, call.body);
      await changed(call, 'password');
      await ended(call, others, 'password changed');
      for (const { id, tenantId } of await deps.identity.devices.endOwn(call.session.userId))
        await people.recordIn([tenantId], call.principal.actor, {
          kind: 'device.revoked',
          objectId: id,
          detail: { reason: 'password changed' },
        });
      return { status: 204 };
    },
  );
  routes.addPerson(
    {
      method: 'delete',
      path: '/api/v1/account/password',
      summary: 'Do without a password',
      tag: 'account',
      fresh: true,
      answers: { 204: null },
      errors: credentialErrors,
    },
    async (call) => {
      if (await account.removePassword(call)) await changed(call, 'password removed');
      return { status: 204 };
    },
  );

  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/account/totp',
      summary: 'Begin to set an authenticator app up',
      tag: 'account',
      fresh: true,
      answers: { 200: z.object({ uri: z.string(), secret: z.string() }) },
      errors: credentialErrors,
    },
    async (call) => ({ status: 200, body: await account.beginTotp(call) }),
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/account/totp/confirm',
      summary: 'Complete that with a code of the app. The recovery codes are shown this once',
      tag: 'account',
      body: jsonBody(z.strictObject({ code: z.string().min(1).max(20) }), { bytesMax: 4_096 }),
      answers: { 200: recoveryCodesSchema },
      errors: ['auth.code_invalid', 'auth.throttled', ...credentialErrors],
    },
    async (call) => {
      const { recoveryCodes, response } = await account.confirmTotp(call, call.body.code);
      await changed(call, 'authenticator app');
      return withCookies(response, 200, { recoveryCodes });
    },
  );
  routes.addPerson(
    {
      method: 'delete',
      path: '/api/v1/account/totp',
      summary: 'Do without an authenticator app. Its recovery codes end with it',
      tag: 'account',
      fresh: true,
      answers: { 204: null },
      errors: credentialErrors,
    },
    async (call) => {
      if (await account.removeTotp(call)) await changed(call, 'authenticator app removed');
      return { status: 204 };
    },
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/account/recovery-codes',
      summary: 'New recovery codes instead of the earlier ones',
      tag: 'account',
      fresh: true,
      answers: { 200: recoveryCodesSchema },
      errors: credentialErrors,
    },
    async (call) => {
      const recoveryCodes = await account.renewRecoveryCodes(call);
      await changed(call, 'recovery codes');
      return { status: 200, body: { recoveryCodes } };
    },
  );

  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/account/passkeys/options',
      summary: 'What to ask the browser for, to make a passkey (WebAuthn creation options)',
      tag: 'account',
      fresh: true,
      answers: { 200: webauthnOptionsSchema },
      errors: credentialErrors,
    },
    async (call) => optionsResponse(await account.passkeyOptions(call, call.request)),
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/account/passkeys',
      summary: 'Add the passkey that was made',
      tag: 'account',
      body: jsonBody(z.strictObject({ name: z.string().trim().min(1).max(100), response: attestationSchema }), { bytesMax: 65_536 }),
      answers: { 201: z.object({ id: z.string() }) },
      errors: ['auth.failed', ...credentialErrors],
    },
    async (call) => {
      const { response, passkeyId: id } = await account.addPasskey(call, call.body, call.request);
      await changed(call, 'passkey');
      return withCookies(response, 201, { id });
    },
  );
  routes.addPerson(
    {
      method: 'delete',
      path: '/api/v1/account/passkeys/{id}',
      summary: 'Remove a passkey',
      tag: 'account',
      params: z.object({ id: z.string() }),
      fresh: true,
      answers: { 204: null },
      errors: ['passkey.not_found', ...credentialErrors],
    },
    async (call) => {
      await account.removePasskey(call, call.params.id);
      await changed(call, 'passkey removed');
      return { status: 204 };
    },
  );

  routes.addPerson(
    {
      method: 'get',
      path: '/api/v1/account/sessions',
      summary: 'Where one is signed in',
      tag: 'account',
      answers: { 200: sessionsSchema },
    },
    async (call) => {
      const sessions = await account.sessions(call);
      const items = sessions.map(({ createdAt, lastSeenAt, expiresAt, ...rest }) => ({
        ...rest,
        createdAt: createdAt.toISOString(),
        lastSeenAt: lastSeenAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
      }));
      return { status: 200, body: { items, nextCursor: null } };
    },
  );
  routes.addPerson(
    {
      method: 'delete',
      path: '/api/v1/account/sessions',
      summary: 'End all sessions but this one',
      tag: 'account',
      answers: { 204: null },
    },
    async (call) => {
      await ended(call, await account.endOtherSessions(call), 'ended by the person');
      return { status: 204 };
    },
  );
  routes.addPerson(
    {
      method: 'delete',
      path: '/api/v1/account/sessions/{id}',
      summary: 'End one session',
      tag: 'account',
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['session.not_found'],
    },
    async (call) => {
      await ended(call, [await account.endSession(call, call.params.id)], 'ended by the person');
      return { status: 204 };
    },
  );
}

/** That body, with the cookies of an answer that has none. */
function withCookies({ headers }: Response, status: number, body: object): Response {
  const response = Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
  for (const cookie of headers.getSetCookie()) response.headers.append('set-cookie', cookie);
  return response;
}
