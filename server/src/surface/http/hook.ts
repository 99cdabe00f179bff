import { z } from 'zod';
import { FactotumError, isId } from '#kernel';
import { anyBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

const bytesMax = 1024 * 1024;
/** What a connector says of its answer's headers passes, but for what is ours to say. */
const ours = new Set(['set-cookie', 'content-length', 'transfer-encoding', 'connection', 'location']);

/** Where outside systems push to. Whoever does shows by the address whom it is for, and by its signature who it is: the connector looks. */
export function addHookRoutes(routes: Routes, { connections }: Pick<HttpDeps, 'connections'>): void {
  routes.addOpen(
    {
      method: 'post',
      path: '/hooks/{tenantId}/{connectionId}/{secret}',
      limit: 'intake',
      summary: 'Push to a connection, as its system signs it. Answered once what it brings is stored',
      tag: 'connections',
      params: z.object({ tenantId: z.string(), connectionId: z.string(), secret: z.string().max(200) }),
      query: z.looseObject({}),
      body: anyBody(bytesMax),
      answers: { 200: 'text/plain', 202: 'text/plain', 204: null },
      errors: [
        'connection.not_found',
        'webhook.signature_invalid',
        'connection.unavailable',
        'connection.refused',
        'quota.exceeded',
        'document.busy',
      ],
    },
    async ({ params: { tenantId, connectionId, secret }, body, request }) => {
      if (!isId('tenant', tenantId) || !isId('connection', connectionId))
        throw new FactotumError('connection.not_found', 'Nothing is connected here.');
      const answer = await connections.hook(tenantId, connectionId, secret, {
        method: request.method,
        headers: Object.fromEntries(request.headers),
        query: Object.fromEntries(new URL(request.url).searchParams),
        body,
      });
      const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
      for (const [name, value] of Object.entries(answer.headers)) if (!ours.has(name.toLowerCase())) headers.set(name, value);
      const hasBody = answer.status !== 204 && answer.status !== 304;
      return new Response(hasBody ? answer.body : null, { status: answer.status, headers });
    },
  );
}
