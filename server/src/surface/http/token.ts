import { z } from 'zod';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

/** How long others may keep the published keys, in seconds. A new key is not in a copy: whoever meets an unknown kid asks again. */
const jwksAgeSeconds = 300;

const newTokenSchema = z.strictObject({ permissions: z.array(z.string().max(100)).max(100).optional() });
const tokenAnswer = z.object({ token: z.string(), expiresAt: z.string(), permissions: z.array(z.string()).readonly() });

/** Short-lived tokens, and the keys with which others check them. */
export function addTokenRoutes(routes: Routes, { identity: { machines }, accessLog }: Pick<HttpDeps, 'identity' | 'accessLog'>): void {
  routes.add(
    'signed-in',
    {
      method: 'post',
      path: '/api/v1/token',
      summary: 'Make a token that stands for the caller for five minutes',
      tag: 'machines',
      body: jsonBody(newTokenSchema, { bytesMax: 8_192, isOptional: true }),
      answers: { 200: tokenAnswer },
    },
    async ({ body, principal, tenantId, now, requestId }) => {
      const { expiresAt, ...made } = await machines.issueToken(principal, body.permissions);
      const detail = { permissions: [...made.permissions], request: requestId };
      await accessLog.append(tenantId, { kind: 'token.created', actor: principal.actor, at: now, detail });
      return { status: 200, body: { ...made, expiresAt: expiresAt.toISOString() } };
    },
  );

  for (const path of ['/api/v1/jwks', '/.well-known/jwks.json'] as const)
    routes.addOpen(
      { method: 'get', path, summary: 'The public keys of our tokens (RFC 7517)', tag: 'machines', answers: { 200: z.unknown() } },
      async () =>
        new Response(JSON.stringify({ keys: await machines.publicKeys() }), {
          headers: { 'content-type': 'application/jwk-set+json', 'cache-control': `public, max-age=${jwksAgeSeconds}` },
        }),
    );
}
