import type { Hono } from 'hono';
import { z } from 'zod';
import { FactotumError, type Logger } from '#kernel';
import { type Caller, read } from './handler.ts';
import type { OperatorParts } from './operator.ts';

const rotationSchema = z.strictObject({
  afterMinutes: z
    .int()
    .min(0)
    .max(90 * 24 * 60),
  endOld: z.boolean(),
});
const issueSchema = z.strictObject({
  name: z.string(),
  dnsNames: z.array(z.string()).max(20),
  days: z.int().min(1).max(90),
});

/** What commands ask about the internal CA. It is about no tenant, so what is done goes to the log and to the CA's own journal. */
export function addCertificateRoutes(app: Hono<Caller>, { certificates }: OperatorParts, log: Logger): void {
  app.get('/operator/certificates', async (c) => c.json(await certificates.status()));
  app.post('/operator/certificates', async (c) => {
    const issued = await certificates.issue({ ...(await read(issueSchema, c.req.raw)), actor: c.var.actor });
    log.warn({ actor: c.var.actor, serial: issued.serial, subject: issued.subject }, 'a certificate was issued');
    return c.json(issued, 201);
  });
  app.post('/operator/certificates/rotation', async (c) => {
    const { afterMinutes, endOld } = await read(rotationSchema, c.req.raw);
    const rotated = await certificates.rotate({ actor: c.var.actor, afterMs: afterMinutes * 60_000, endOld });
    log.warn({ actor: c.var.actor, id: rotated.id, endOld }, 'the internal CA has a new root');
    return c.json(rotated, 201);
  });
  app.delete('/operator/certificates/:serial', async (c) => {
    const serial = c.req.param('serial').toLowerCase();
    const subject = await certificates.revoke(serial, c.var.actor);
    if (subject === null) throw new FactotumError('request.not_found', 'There is no such certificate, or it is revoked already.');
    log.warn({ actor: c.var.actor, serial, subject }, 'a certificate was revoked');
    return c.json({ serial, subject });
  });
}
