import { z } from 'zod';
import { idSchema, isFactotumError } from '#kernel';
import { assertionSchema, passwordLength } from '#trust/identity';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { createPersonLog, type PersonLog } from './person-log.ts';
import { addressOf, type RateLimit } from './rate-limit.ts';
import type { App, PersonCall, Routes } from './route.ts';
import { optionsResponse } from './sign-in.ts';
import { stepUpSchema, webauthnOptionsSchema } from './sign-in-schema.ts';

type Deps = Pick<HttpDeps, 'identity' | 'database' | 'clock' | 'log' | 'postman' | 'clientAddress'> & { readonly rateLimit: RateLimit };

/** What becomes of a session: it ends, is proved anew, goes to another tenant. */
export function addSessionRoutes(app: App, routes: Routes, deps: Deps): void {
  const { identity, rateLimit, clientAddress } = deps;
  const people = createPersonLog(deps);

  routes.addKnown(
    { method: 'delete', path: '/api/v1/session', summary: 'Sign out', tag: 'session', answers: { 204: null } },
    async ({ request, caller }) => {
      const { response, ended } = await identity.endSession(request, caller);
      if (ended !== null) await people.record(ended.principal, { kind: 'session.ended', objectId: ended.sessionId });
      return response;
    },
  );

  addStepUpRoutes(routes, deps, people);

  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/session/tenant',
      summary: 'Go on in another tenant of which one is a member, or, for operators, in none',
      tag: 'session',
      body: jsonBody(z.strictObject({ tenantId: idSchema('tenant').nullable() }), { bytesMax: 4_096 }),
      answers: { 204: null },
      errors: ['tenant.not_found', 'auth.sso_required'],
    },
    async ({ body, session, principal }) => {
      const { response, ...begun } = await identity.signIn.switchTenant(session, body.tenantId);
      await people.record(principal, { kind: 'session.ended', objectId: session.id, detail: { reason: 'switched' } });
      await people.record(begun.principal, {
        kind: 'session.created',
        objectId: session.id,
        detail: { method: session.method, reason: 'switched' },
      });
      return response;
    },
  );

  // Better-auth's own paths, of which identity answers those on its list. Ending a session goes our way, so that it is written down.
  app.on(['GET', 'POST'], '/api/auth/*', async (c) => {
    c.set('route', '/api/auth/*');
    await rateLimit.address(c, c.req.method === 'POST' ? 'sign-in' : 'read');
    const caller = { address: addressOf(c, clientAddress) };
    if (c.req.method !== 'POST' || c.req.path !== '/api/auth/sign-out') return identity.handle(c.req.raw, caller);
    const { response, ended } = await identity.endSession(c.req.raw, caller);
    if (ended !== null) await people.record(ended.principal, { kind: 'session.ended', objectId: ended.sessionId });
    return response;
  });
}

function addStepUpRoutes(routes: Routes, { identity: { signIn }, postman }: Deps, people: PersonLog): void {
  const proved = async ({ session, request, principal: known }: PersonCall, proof: Parameters<typeof signIn.stepUp>[1]) => {
    const { response, principal, method } = await signIn.stepUp(session, proof, request).catch(async (error: unknown) => {
      // Somebody at an unlocked screen, or with a stolen session, who guesses.
      if (isFactotumError(error, 'auth.failed') || isFactotumError(error, 'auth.code_invalid'))
        await people.record(known, { kind: 'session.refused', objectId: session.userId, detail: { code: error.code, method: 'step-up' } });
      throw error;
    });
    await people.record(principal, { kind: 'session.stepped_up', objectId: session.id, detail: { method } });
    return response;
  };

  routes.addPerson(
    {
      method: 'get',
      path: '/api/v1/session/step-up',
      summary: 'How one can confirm that it is still oneself',
      tag: 'session',
      answers: { 200: stepUpSchema },
    },
    async ({ session }) => {
      const { methods, provenAt, freshUntil } = await signIn.stepUpState(session, postman.isConfigured);
      return { status: 200, body: { methods: [...methods], provenAt: provenAt.toISOString(), freshUntil: freshUntil.toISOString() } };
    },
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/session/step-up',
      summary: 'Confirm that it is still oneself, by password or by a code of the authenticator app',
      tag: 'session',
      body: jsonBody(
        z.union([
          z.strictObject({
            password: z
              .string()
              .min(1)
              .max(passwordLength.max * 4),
          }),
          z.strictObject({ code: z.string().min(1).max(20) }),
        ]),
        { bytesMax: 8_192 },
      ),
      answers: { 204: null },
      errors: ['auth.failed', 'auth.code_invalid', 'auth.throttled'],
    },
    (call) => proved(call, call.body),
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/session/step-up/passkey/options',
      summary: 'What to ask the browser for, to confirm with a passkey',
      tag: 'session',
      answers: { 200: webauthnOptionsSchema },
    },
    async ({ session, request }) => optionsResponse(await signIn.stepUpPasskeyOptions(session, request)),
  );
  routes.addPerson(
    {
      method: 'post',
      path: '/api/v1/session/step-up/passkey',
      summary: 'Confirm with a passkey',
      tag: 'session',
      body: jsonBody(z.strictObject({ response: assertionSchema }), { bytesMax: 65_536 }),
      answers: { 204: null },
      errors: ['auth.failed'],
    },
    (call) => proved(call, { passkey: call.body.response }),
  );
}
