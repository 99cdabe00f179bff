import type { Hono } from 'hono';
import { z } from 'zod';
import { type Caller, read } from './handler.ts';
import type { OperatorParts } from './operator.ts';

const name = z.string().max(100);
const value = z.string().min(1).max(65_536);
const setSchema = z.strictObject({
  name,
  kind: z.string().optional(),
  value: value.optional(),
  reference: z.string().optional(),
  rotateAfterDays: z.int().optional(),
});

const rotationSchema = z.strictObject({ name, value: value.optional(), graceHours: z.number().min(0).max(720) });

/** What commands ask about the installation's own secrets. Values come in and never go out. */
export function addSecretRoutes(app: Hono<Caller>, { secrets }: OperatorParts): void {
  app.get('/operator/secrets', async (c) => c.json({ items: await secrets.list() }));
  app.post('/operator/secrets', async (c) => c.json(await secrets.set(await read(setSchema, c.req.raw), c.var.actor), 201));
  app.post('/operator/secrets/import', async (c) => {
    const { items } = await read(z.strictObject({ items: z.array(z.strictObject({ name, value })).min(1).max(100) }), c.req.raw);
    return c.json({ items: await secrets.take(items, c.var.actor) }, 201);
  });
  app.post('/operator/secrets/rotation', async (c) => {
    const { name: which, value: given, graceHours } = await read(rotationSchema, c.req.raw);
    return c.json(await secrets.rotate(which, { value: given, graceMs: graceHours * 3_600_000 }, c.var.actor), 202);
  });
  app.delete('/operator/secrets/:name{.+}', async (c) => {
    await secrets.remove(c.req.param('name'), c.var.actor);
    return c.json({ name: c.req.param('name') });
  });
}
