import { z } from 'zod';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { createPersonLog } from './person-log.ts';
import type { App, Routes } from './route.ts';

export function addSessionRoutes(app: App, routes: Routes, deps: Pick<HttpDeps, 'identity' | 'database' | 'clock' | 'log'>): void {
  const { identity } = deps;
  const people = createPersonLog(deps);

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/session',
      summary: 'Exchange the token of a sign-in link for a session cookie',
      tag: 'session',
      body: jsonBody(z.strictObject({ token: z.string().max(200) }), { bytesMax: 4_096 }),
      answers: { 204: null },
      errors: ['auth.link_invalid', 'request.foreign_origin', 'quota.exceeded'],
    },
    async ({ body, request, caller }) => {
      const { response, ...begun } = await identity.exchangeSignInLink(body.token, request, caller);
      // Before the cookie leaves: a session that the log does not tell of is one that nobody can use.
      await people.record(begun.principal, { kind: 'session.created', objectId: begun.sessionId, detail: { method: 'link' } });
      return response;
    },
  );

  routes.add(
    'signed-in',
    { method: 'delete', path: '/api/v1/session', summary: 'Sign out', tag: 'session', answers: { 204: null } },
    async ({ request, caller }) => {
      const { response, ended } = await identity.endSession(request, caller);
      if (ended !== null) await people.record(ended.principal, { kind: 'session.ended', objectId: ended.sessionId });
      return response;
    },
  );

  // Better-auth's own paths, of which identity answers those on its list. Ending a session goes our way, so that it is written down.
  app.on(['GET', 'POST'], '/api/auth/*', async (c) => {
    c.set('route', '/api/auth/*');
    const caller = { address: c.env?.incoming?.socket.remoteAddress };
    if (c.req.method !== 'POST' || c.req.path !== '/api/auth/sign-out') return identity.handle(c.req.raw, caller);
    const { response, ended } = await identity.endSession(c.req.raw, caller);
    if (ended !== null) await people.record(ended.principal, { kind: 'session.ended', objectId: ended.sessionId });
    return response;
  });
}
