import { z } from 'zod';
import { FactotumError } from '#kernel';
import { type Language, wordsIn } from '#kernel/words';
import { assertionSchema, passwordLength, type SignInOutcome } from '#trust/identity';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { createPersonLog, type PersonLog } from './person-log.ts';
import type { Routes } from './route.ts';
import { secondFactorSchema, signInWaysSchema, webauthnOptionsSchema } from './sign-in-schema.ts';

/** What other parts know about an address before anybody has signed in. */
export interface SignInOffers {
  /** Whether strangers may ask for a tenant. */
  readonly registration: () => boolean;
}

type Deps = Pick<HttpDeps, 'identity' | 'singleSignOn' | 'database' | 'clock' | 'log' | 'postman' | 'addresses'>;

const emailSchema = z.string().min(1).max(254);
// Longer than any password may be, so that length is no answer.
const passwordSchema = z
  .string()
  .min(1)
  .max(passwordLength.max * 4);
const signInErrors = ['auth.failed', 'auth.sso_required', 'auth.throttled'] as const;

/** How people get a session. */
export function addSignInRoutes(routes: Routes, deps: Deps, offers: SignInOffers): void {
  const { identity, singleSignOn, postman, log } = deps;
  const { signIn } = identity;
  const people = createPersonLog(deps);

  routes.addOpen(
    {
      method: 'get',
      path: '/api/v1/sign-in',
      limit: 'sign-in',
      summary: 'In which ways one can sign in here. The same for every address, but for the identity provider of a proven domain',
      tag: 'session',
      query: z.strictObject({ email: emailSchema.optional() }),
      answers: { 200: signInWaysSchema },
    },
    async ({ query: { email } }) => ({
      status: 200,
      body: {
        password: true,
        passkey: true,
        link: postman.isConfigured,
        registration: offers.registration(),
        sso: email === undefined ? null : await singleSignOn.forEmail(email),
      },
    }),
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session',
      summary: 'Exchange the token of a sign-in link for a session cookie',
      tag: 'session',
      body: jsonBody(z.strictObject({ token: z.string().max(200) }), { bytesMax: 4_096 }),
      answers: { 204: null, 200: secondFactorSchema },
      errors: ['auth.link_invalid', 'auth.failed', 'auth.sso_required', 'quota.exceeded'],
    },
    async ({ body, request, caller }) => answer(await signIn.byLink(body.token, request, caller), people, deps),
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session/password',
      summary: 'Sign in with a password. 200: a second factor is needed, and a cookie says for whom',
      tag: 'session',
      body: jsonBody(z.strictObject({ email: emailSchema, password: passwordSchema }), { bytesMax: 8_192 }),
      answers: { 204: null, 200: secondFactorSchema },
      errors: signInErrors,
    },
    async ({ body, request, caller }) => answer(await signIn.byPassword(body, request, caller), people, deps),
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session/second-factor',
      summary: 'Complete a sign-in with a code of an authenticator app, or with a recovery code',
      tag: 'session',
      body: jsonBody(
        z.union([z.strictObject({ code: z.string().min(1).max(20) }), z.strictObject({ recoveryCode: z.string().min(1).max(60) })]),
        { bytesMax: 4_096 },
      ),
      answers: { 204: null },
      errors: ['auth.code_invalid', ...signInErrors],
    },
    async ({ body, request, caller }) => {
      const outcome = await answer(await signIn.bySecondFactor(body, request, caller), people, deps);
      return outcome instanceof Response ? outcome : unexpected();
    },
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session/passkey/options',
      summary: 'What to ask the browser for, to sign in with a passkey (WebAuthn request options)',
      tag: 'session',
      answers: { 200: webauthnOptionsSchema },
    },
    async ({ request }) => optionsResponse(await signIn.passkeyOptions(request)),
  );
  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session/passkey',
      summary: 'Sign in with a passkey',
      tag: 'session',
      body: jsonBody(z.strictObject({ response: assertionSchema }), { bytesMax: 65_536 }),
      answers: { 204: null },
      errors: signInErrors,
    },
    async ({ body, request, caller }) => {
      const outcome = await answer(await signIn.byPasskey(body.response, request, caller), people, deps);
      return outcome instanceof Response ? outcome : unexpected();
    },
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session/link',
      summary: 'Mail a sign-in link to whoever has that address. The answer is the same when there is nobody',
      tag: 'session',
      body: jsonBody(z.strictObject({ email: emailSchema }), { bytesMax: 4_096 }),
      answers: { 202: null },
      errors: ['auth.throttled', 'mail.unavailable'],
    },
    async ({ body, request, caller, language }) => {
      if (!identity.sameOrigin(request))
        throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
      if (!postman.isConfigured)
        throw new FactotumError('mail.unavailable', 'This installation mails no links. Ask who operates it for one.');
      await signIn.admitLinkRequest(caller);
      // Not waited for: how long it takes would tell whether there is somebody.
      void mailLink(deps, body.email, language).catch((error) => log.warn({ err: error }, 'a sign-in link could not be mailed'));
      return { status: 202 };
    },
  );
}

async function mailLink({ identity, postman, addresses }: Deps, email: string, asked: Language): Promise<void> {
  const link = await identity.signIn.linkToMail(email);
  if (link === null) return;
  const url = `${addresses().origins[0]}/#token=${link.token}`;
  const { signIn } = wordsIn(link.language ?? asked).letters;
  await postman.send({ to: link.to, subject: signIn.subject, text: signIn.text(url) });
}

/** What is answered, once the log tells of it. @throws FactotumError the refusal. */
async function answer(outcome: SignInOutcome, people: PersonLog, deps: Deps) {
  switch (outcome.kind) {
    case 'signed_in': {
      const { response, principal, sessionId } = outcome.begun;
      // Before the cookie leaves: a session that the log does not tell of is one that nobody can use.
      await people.record(principal, {
        kind: 'session.created',
        objectId: sessionId,
        detail: { method: outcome.method, ...(outcome.secondFactor === null ? {} : { secondFactor: outcome.secondFactor }) },
      });
      return response;
    }
    case 'second_factor': {
      const response = Response.json({ secondFactor: outcome.methods }, { headers: { 'cache-control': 'no-store' } });
      response.headers.append('set-cookie', outcome.cookie);
      return response;
    }
    case 'refused':
      // Not waited for: with nobody to tell there is nothing to write, and who waits could tell the difference.
      void tellRefusal(outcome, people, deps).catch((error) =>
        deps.log.error({ err: error }, 'a refused sign-in could not be written down'),
      );
      throw outcome.error;
  }
}

/** Each tenant of the person whose account was tried hears of it. */
async function tellRefusal(
  { userId, error, method }: SignInOutcome & { kind: 'refused' },
  people: PersonLog,
  { identity }: Deps,
): Promise<void> {
  if (userId === null) return;
  const tenants = await identity.account.tenantsOf(userId);
  await people.recordIn(tenants, `user:${userId}`, { kind: 'session.refused', objectId: userId, detail: { code: error.code, method } });
}

/** Options for the browser's authenticators, with the cookie that belongs to them. */
export function optionsResponse({ options, cookie }: { options: object; cookie: string }): Response {
  const response = Response.json(options, { headers: { 'cache-control': 'no-store' } });
  response.headers.append('set-cookie', cookie);
  return response;
}

const unexpected = (): never => {
  throw new FactotumError('server.fault', 'A sign-in that was complete asked for more.');
};
