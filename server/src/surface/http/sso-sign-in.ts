import { z } from 'zod';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { isFromForeignPage, loginCookieSeconds, type Outcome } from '#trust/identity';
import { readActiveTenant } from '#trust/tenant';
import type { Act } from './act.ts';
import { rawBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import type { OpenCall, Routes } from './route.ts';

const tag = 'single sign-on';
const redirects = { 302: null, 303: null } as const;
/** What a provider adds to the address is its own business: what is needed of it is read from the address itself. */
const anyQuery = z.looseObject({});

type Deps = Pick<HttpDeps, 'identity' | 'singleSignOn' | 'database' | 'quotas' | 'addresses' | 'log'> & { readonly gate: Gate };

/**
 * Signing in through an identity provider, as a browser does it: away by `start`, back by `callback`, or by `acs` and then `finish`. What goes
 * wrong leads to the sign-in page, by the error's code alone.
 */
export function addSsoSignInRoutes(routes: Routes, deps: Deps): void {
  const { identity, singleSignOn, database, quotas, addresses, gate, log } = deps;
  const origin = () => addresses().origins[0] ?? '';
  const cookieName = (state: string) => `${addresses().isSecure ? '__Host-' : ''}${singleSignOn.cookieName(state)}`;
  /** Asked before somebody joins: a tenant that does not work takes nobody in, also if it did when they set out for the provider. */
  const roomIn = (tenantId: Id<'tenant'>) => async (people: number) => {
    await withTenant(database.app.db, tenantId, (tx) => readActiveTenant(tx, tenantId));
    await quotas.admit(tenantId, 'members', people);
  };

  routes.addOpen(
    {
      method: 'get',
      path: '/api/v1/sso/start',
      limit: 'sign-in',
      summary: 'Go to an identity provider, by its id or by an e-mail address, and come back signed in',
      tag,
      query: z.strictObject({
        provider: z.string().max(100).optional(),
        email: z.string().max(254).optional(),
        test: z.string().max(100).optional(),
        purpose: z.enum(['step-up']).optional().meta({ description: 'Confirms the session that the browser has, by signing in anew.' }),
        to: z.string().max(2_000).optional().meta({ description: 'The path to go to afterwards.' }),
      }),
      answers: redirects,
    },
    async ({ query, request }) =>
      leading(async () => {
        const here = new URL(request.url);
        // Providers send people back to the public address, where the cookie has to be.
        if (here.host !== new URL(origin()).host) return redirect(302, `${origin()}${here.pathname}${here.search}`);
        const { purpose, ...start } = query;
        const { location, cookie, tenantId } = await singleSignOn.begin({
          ...start,
          stepUp: purpose === 'step-up' ? await ownSession(request) : undefined,
          to: ownPath(query.to, origin()),
        });
        await gate.tenant(tenantId);
        const answer = redirect(302, location.href);
        const secure = addresses().isSecure ? '; Secure' : '';
        const name = `${addresses().isSecure ? '__Host-' : ''}${cookie.name}`;
        answer.headers.append(
          'set-cookie',
          `${name}=${cookie.value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${loginCookieSeconds}${secure}`,
        );
        return answer;
      }, query.test),
  );

  routes.addOpen(
    {
      method: 'get',
      path: '/api/v1/sso/callback/{id}',
      limit: 'sign-in',
      summary: 'Where an OpenID Connect or OAuth 2.0 provider sends people back to',
      tag,
      params: z.object({ id: z.string() }),
      query: anyQuery,
      answers: redirects,
    },
    async (call) => {
      const url = new URL(call.request.url);
      return end(call, url.searchParams.get('state') ?? '', { providerId: call.params.id, url });
    },
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/sso/acs/{id}',
      summary: 'Where a SAML provider posts its answers',
      tag,
      params: z.object({ id: z.string() }),
      body: rawBody(['application/x-www-form-urlencoded'], 1_024 * 1_024),
      answers: redirects,
    },
    async ({ params, body }) =>
      leading(async () => {
        const form = new URLSearchParams(Buffer.from(body).toString('utf8'));
        const state = form.get('RelayState') ?? '';
        await singleSignOn.keepPosted(params.id, { state, response: form.get('SAMLResponse') ?? '' });
        // The browser comes back by itself, and this time with its cookie.
        return redirect(303, `/api/v1/sso/finish?${new URLSearchParams({ state })}`);
      }),
  );

  routes.addOpen(
    {
      method: 'get',
      path: '/api/v1/sso/finish',
      limit: 'sign-in',
      summary: 'Ends a sign-in whose answer was posted, in the browser that began it',
      tag,
      query: z.strictObject({ state: z.string().max(200) }),
      answers: redirects,
    },
    async (call) => end(call, call.query.state, null),
  );

  routes.addOpen(
    {
      method: 'get',
      path: '/api/v1/sso/metadata/{id}',
      summary: 'Our SAML metadata for a provider',
      tag,
      params: z.object({ id: z.string() }),
      answers: { 200: 'application/samlmetadata+xml' },
      errors: ['sso.not_found'],
    },
    async ({ params }) =>
      new Response(await singleSignOn.metadata(params.id), {
        headers: { 'content-type': 'application/samlmetadata+xml; charset=utf-8', 'cache-control': 'no-store' },
      }),
  );

  /** The session that is to be confirmed. Only from our own pages: nobody else's page asks people to prove who they are. */
  async function ownSession(request: Request) {
    if (isFromForeignPage(request, addresses().origins))
      throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
    const session = (await identity.principalOf(request.headers))?.session;
    if (session?.method.startsWith('sso:') !== true)
      throw new FactotumError('auth.required', 'Only a session that an identity provider began can be confirmed there.');
    return session;
  }

  async function end(call: OpenCall, state: string, back: { providerId: string; url: URL } | null): Promise<Response> {
    const { request } = call;
    const name = cookieName(state);
    const answer = await leading(async () => {
      const browser = cookieOf(request, name);
      const outcome = await singleSignOn.end({ state, browser, redirect: back, roomIn });
      return settle(call, outcome);
    });
    answer.headers.append('set-cookie', `${name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0${addresses().isSecure ? '; Secure' : ''}`);
    return answer;
  }

  async function settle({ request, caller, now }: OpenCall, outcome: Outcome): Promise<Response> {
    const { tenantId } = outcome;
    const record = (actor: string, ...acts: readonly Act[]) =>
      withTenant(database.app.db, tenantId, (tx) =>
        recordAudit(
          tx,
          tenantId,
          acts.map((act) => ({ ...act, actor, at: now })),
        ),
      );
    switch (outcome.kind) {
      case 'tested':
        return redirect(303, testPage(outcome.testId));
      case 'refused':
        await record('system:sso', {
          kind: 'session.refused',
          objectId: outcome.providerId,
          detail: { code: outcome.error.code, reason: reasonIn(outcome.error), method: `sso:${outcome.providerId}` },
        });
        throw outcome.error;
      case 'stepped-up': {
        const { response } = await identity.signIn.confirmedElsewhere(outcome.sessionId);
        await record(`user:${outcome.userId}`, { kind: 'session.stepped_up', objectId: outcome.sessionId, detail: { method: 'sso' } });
        return redirect(303, outcome.to, response);
      }
      case 'signed-in': {
        const { userId, method, joined, rolesChanged, provenAt, to } = outcome;
        await gate.tenant(tenantId);
        const begun = await identity.beginSession({ userId, tenantId, method }, request, caller);
        await singleSignOn.noteProof(begun.sessionId, provenAt);
        await record(
          `user:${userId}`,
          ...(joined ? [{ kind: 'member.joined', objectId: userId, detail: { by: method } } as const] : []),
          ...(rolesChanged ? [{ kind: 'member.changed', objectId: userId, detail: { by: method } } as const] : []),
          { kind: 'session.created', objectId: begun.sessionId, detail: { method } },
        );
        return redirect(303, to, begun.response);
      }
    }
  }

  /** Does it, or leads to the sign-in page with what went wrong; a test's faults are told where it was begun. */
  async function leading(work: () => Promise<Response>, test?: string): Promise<Response> {
    try {
      return await work();
    } catch (error) {
      if (!isFactotumError(error)) throw error;
      // The browser is told a code, so what is our fault, or tells an operator why, is told here.
      if (error.status === 500) log.error({ err: error }, 'sso: a sign-in failed on our side');
      else log.info({ code: error.code, reason: reasonIn(error) }, 'sso: a sign-in was refused');
      return redirect(303, `${test === undefined ? '/sign-in' : '/settings/sso'}?${new URLSearchParams({ error: error.code })}`);
    }
  }
}

/** The word that says what was wrong with a provider's answer. */
const reasonIn = ({ details }: FactotumError): string | null => (typeof details?.reason === 'string' ? details.reason : null);

const testPage = (testId: string) => `/settings/sso?${new URLSearchParams({ test: testId })}`;

/** @param session - what sets the cookie of a session */
function redirect(status: 302 | 303, location: string, session?: Response): Response {
  const answer = new Response(null, { status, headers: { location, 'cache-control': 'no-store' } });
  for (const cookie of session?.headers.getSetCookie() ?? []) answer.headers.append('set-cookie', cookie);
  return answer;
}

/** A path of ours, and the start page for everything else: nobody is sent elsewhere by a link that looks like ours. */
function ownPath(to: string | undefined, origin: string): string {
  if (to === undefined || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(to)) return '/';
  const url = new URL(to, origin);
  return url.origin !== origin || url.pathname.startsWith('/api/') ? '/' : `${url.pathname}${url.search}${url.hash}`;
}

function cookieOf(request: Request, name: string): string | null {
  const found = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}
