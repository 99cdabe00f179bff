import type { Hono } from 'hono';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { type Caller, read } from './handler.ts';
import type { OperatorParts } from './operator.ts';

/** Opens an archive, in base64url. A header, as the archive itself is the body; the socket is the operator's alone. */
export const passphraseHeader = 'factotum-passphrase';

/** What commands ask about archives and moves. */
export function addArchiveRoutes(app: Hono<Caller>, operator: OperatorParts): void {
  const { archives } = operator;

  app.post('/operator/archives', async (c) => {
    const { id: tenantId } = await c.var.tenant();
    const { whole } = await read(z.strictObject({ whole: z.boolean() }), c.req.raw);
    const kind = whole ? 'whole' : 'copy';
    await operator.record(tenantId, { kind: 'tenant.exported', actor: c.var.actor, objectId: tenantId, detail: { kind } });
    return streamed(archives.stream({ tenantId, passphrase: passphraseOf(c.req.raw), kind }));
  });

  app.post('/operator/imports', async (c) => {
    const body = c.req.raw.body ?? new Blob([]).stream();
    const { identity, ...taken } = await archives.take(body, passphraseOf(c.req.raw));
    return c.json({ ...taken, people: identity.people, met: identity.met.length }, 201);
  });

  app.post('/operator/moves', async (c) => {
    const { id: tenantId } = await c.var.tenant();
    return streamed(archives.depart({ tenantId, passphrase: passphraseOf(c.req.raw), actor: c.var.actor }));
  });
  app.delete('/operator/moves', async (c) => {
    const { id, name } = await c.var.tenant();
    await archives.callOff(id, c.var.actor);
    return c.json({ id, name, state: 'active' });
  });
  app.post('/operator/moves/finish', async (c) => {
    const { id } = await c.var.tenant();
    const { to } = await read(z.strictObject({ to: z.url({ protocol: /^https?$/ }) }), c.req.raw);
    return new Response(await archives.finish(id, c.var.actor, to), { headers: { 'content-type': 'application/json' } });
  });
  app.post('/operator/moves/arrive', async (c) => {
    const { id, name } = await c.var.tenant();
    const { release } = await read(z.strictObject({ release: z.string().nullable() }), c.req.raw);
    await archives.arrive(id, c.var.actor, release);
    return c.json({ id, name, state: 'active' });
  });
}

function passphraseOf(request: Request): string {
  const given = request.headers.get(passphraseHeader);
  if (given === null) throw new FactotumError('command.usage', 'Give the passphrase, in a file or on standard input.');
  return Buffer.from(given, 'base64url').toString('utf8');
}

/** Begins before it answers, so that what cannot be done is said as a refusal. */
async function streamed(source: AsyncIterable<Uint8Array>): Promise<Response> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* all() {
    try {
      for (let next = first; next.done !== true; next = await pieces.next()) yield next.value;
    } finally {
      await pieces.return?.();
    }
  }
  return new Response(ReadableStream.from(all()), { headers: { 'content-type': 'application/octet-stream' } });
}
