import type { Hono } from 'hono';
import { z } from 'zod';
import { isFactotumError, type Json, type Logger } from '#kernel';
import { type Caller, read } from './handler.ts';
import type { OperatorParts } from './operator.ts';

/** What commands ask about backups. What takes long answers line by line: how far it is, and at last what came of it. */
export function addBackupRoutes(app: Hono<Caller>, { backups }: OperatorParts, log: Logger): void {
  const idOf = async (given: string) => (given === 'latest' ? backups.newestId() : given);
  const work = (run: (say: (progress: Json) => Promise<void>) => Promise<Json>) => lines(run, log);

  app.post('/operator/backups/set-up', async (c) => {
    const { again } = await read(z.strictObject({ again: z.boolean() }), c.req.raw);
    const recoveryKey = await backups.setUp(again);
    log.warn({ actor: c.var.actor, again }, 'backups were set up, with a new recovery key');
    return c.json({ recoveryKey }, 201);
  });
  app.post('/operator/backups/confirmation', async (c) => {
    const { recoveryKey } = await read(z.strictObject({ recoveryKey: z.string().max(1_000) }), c.req.raw);
    await backups.confirm(recoveryKey);
    return c.json({ confirmed: true });
  });
  app.get('/operator/backups', async (c) =>
    c.json({ ...(await backups.places()), items: await backups.list({ before: null, limit: 100 }) }),
  );
  app.post('/operator/backups', () => work(async (say) => ({ ...(await backups.create((progress) => say({ ...progress }))) })));
  app.post('/operator/backups/:id/verification', async (c) => {
    const { deep } = await read(z.strictObject({ deep: z.boolean() }), c.req.raw);
    const id = await idOf(c.req.param('id'));
    return work(async (say) => {
      const verified = await backups.verify(id, { deep, onChunk: (chunks) => say({ chunks }) });
      return { ...verified, faults: [...verified.faults] };
    });
  });
  app.post('/operator/backups/:id/drill', async (c) => {
    const id = await idOf(c.req.param('id'));
    return work(async (say) => {
      const drilled = await backups.drill(id, (rows) => say({ rows }));
      return { ...drilled, faults: [...drilled.faults] };
    });
  });
  app.post('/operator/backups/prune', async (c) => {
    const pruned = await backups.prune();
    log.info({ actor: c.var.actor, ...pruned }, 'backups were pruned');
    return c.json(pruned);
  });
  app.post('/operator/key-backups', async (c) => c.json(await backups.keys(), 201));
}

/** Between two lines about how far it is. */
const sayEveryMs = 500;

function lines(run: (say: (progress: Json) => Promise<void>) => Promise<Json>, log: Logger): Response {
  let gone = false;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const write = (line: Json) => controller.enqueue(Buffer.from(`${JSON.stringify(line)}\n`));
      let saidAtMs = 0;
      try {
        const done = await run(async (progress) => {
          if (gone) throw new Error('nobody waits for this any more');
          if (performance.now() - saidAtMs < sayEveryMs) return;
          saidAtMs = performance.now();
          write({ progress });
        });
        write({ done });
      } catch (error) {
        if (gone) return;
        if (!isFactotumError(error)) log.error({ err: error }, 'a command about backups failed');
        const { code, message } = isFactotumError(error)
          ? error
          : { code: 'server.fault', message: 'Something went wrong. The log says what.' };
        write({ problem: { code, title: message } });
      }
      controller.close();
    },
    cancel() {
      gone = true;
    },
  });
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}
