import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type AnyConnector, createConnections, createNetwork, createWatcher } from '../../../server/src/flow/connection/index.ts';
import { createAdmission, createIntake } from '../../../server/src/flow/intake/index.ts';
import type { Id } from '../../../server/src/kernel/index.ts';
import { createQuotas } from '../../../server/src/trust/quota/index.ts';
import { provisionTenant } from '../../../server/src/trust/tenant/index.ts';
import { pssMb } from '../server-process.ts';
import { openParts } from './parts.ts';

/** What is asked of this program, and what it answers. */
export interface ConnectionsTask {
  readonly dataFolder: string;
  readonly tenants: number;
  /** Connections of each tenant, each with a stream that listens. */
  readonly each: number;
  /** How many mails come in over one connection as fast as they can. */
  readonly mails: number;
  readonly hints: number;
}
export interface ConnectionsFigures {
  /** Memory of the process with the watcher: before it held any connection, and with all of them idle. */
  readonly beforeMb: number;
  readonly idleMb: number;
  readonly held: number;
  readonly streams: number;
  readonly mails: number;
  readonly mailSeconds: number;
  /** From a hint to the commit of the task that follows from it. */
  readonly hintToTaskMs: readonly number[];
}

/** Until memory that was only needed on the way has been given back. */
const settleMs = 20_000;
/** Longer than hints are held back after a poll. */
const hintEveryMs = 1_200;
const actor = 'operator:bench';
const noHint = () => undefined;

const [message] = await once(process, 'message');
// Only our own parent talks to this process.
const figures = await measure(message as ConnectionsTask);
process.send?.(figures, () => process.exit(0));

async function measure(task: ConnectionsTask): Promise<ConnectionsFigures> {
  const { database, keyring, auditor, clock, log, close } = await openParts(task.dataFolder);
  const far = farSide();
  let onAccepted: () => void = () => undefined;
  const nobody = async () => 0;
  const quotas = createQuotas({
    db: database.app.db,
    clock,
    gauges: { maxRunning: nobody, members: nobody, connectors: nobody },
    onChanged: [],
  });
  const intake = createIntake({
    database,
    keysOf: keyring.of,
    clock,
    admit: createAdmission({ database, quotas }),
    onAccepted: () => onAccepted(),
  });
  const network = createNetwork([]);
  const { connections, parts } = createConnections({
    ...{ database, keysOf: keyring.of, quotas, intake, network, clock, log },
    secrets: { valueOf: async (_scope, text) => text, check: () => undefined, forget: () => undefined },
    connectors: [far.connector],
  });
  const connect = (tenantId: Id<'tenant'>, name: string) =>
    connections.create(tenantId, { connector: 'bench', name, settings: { name }, credentials: { password: 'of the bench' } }, { actor });
  const tenants: Id<'tenant'>[] = [];
  for (let at = 0; at < task.tenants; at += 1) {
    const limits = { eventsPerMinute: 1_000_000 };
    tenants.push(
      (await provisionTenant({ db: database.app.db, keyring, auditor, clock }, { name: `bench-${at}`, settings: limits, actor })).id,
    );
  }
  const beforeMb = await pssMb([process.pid]);
  for (const tenantId of tenants) for (let at = 0; at < task.each; at += 1) await connect(tenantId, `idle-${at}`);
  const watcher = createWatcher({ ...parts, database, sinks: {}, pollsMax: 20 });
  await watcher.start();
  const wanted = task.tenants * task.each;
  while (watcher.figures().streams < wanted) await sleep(100);
  await sleep(settleMs);
  const { held, streams } = watcher.figures();
  const idleMb = await pssMb([process.pid]);

  const [first] = tenants;
  if (first === undefined) throw new Error('There is no tenant.');
  far.mails = task.mails;
  const startedAt = performance.now();
  const { id } = await connect(first, 'flood');
  watcher.kick();
  while ((await connections.get(first, id)).health.arrivals < task.mails) await sleep(50);
  const mailSeconds = (performance.now() - startedAt) / 1_000;

  const hintToTaskMs: number[] = [];
  for (let at = 0; at < task.hints; at += 1) {
    await sleep(hintEveryMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    onAccepted = resolve;
    const hintedAt = performance.now();
    far.news += 1;
    far.hint();
    await promise;
    hintToTaskMs.push(performance.now() - hintedAt);
  }
  await watcher.stop();
  await network.close();
  await close();
  return { beforeMb, idleMb, held, streams, mails: task.mails, mailSeconds, hintToTaskMs };
}

/** A far side in memory: silent connections, one that is full of mail, and the first, which has news now and then. */
function farSide() {
  const side = { mails: 0, news: 0, hint: noHint as () => void };
  const settings = z.object({ name: z.string() });
  const text = 'Please send the offer for the order again, with the new address. '.repeat(30);
  const mail = (at: number) =>
    Buffer.from(`From: a@example.com\r\nTo: b@example.com\r\nSubject: Order ${at}\r\nMessage-ID: <${at}@example.com>\r\n\r\n${text}\r\n`);
  const connector: AnyConnector = {
    kind: 'bench',
    title: 'Bench',
    description: 'Brings what the bench wants.',
    settings,
    credentials: { password: { title: 'Password', required: true } },
    everyMs: 3_600_000,
    check: async () => undefined,
    async poll(context, cursor, limits) {
      const name = settings.parse(context.settings).name;
      const start = typeof cursor === 'number' ? cursor : 0;
      if (name === 'flood') {
        const end = Math.min(side.mails, start + limits.arrivals);
        const arrivals = Array.from({ length: end - start }, (_, at) => ({ form: 'mail' as const, bytes: mail(start + at) }));
        return { arrivals, cursor: end, more: end < side.mails };
      }
      if (name !== 'idle-0' || side.news === 0) return { arrivals: [], cursor: start, more: false };
      side.news = 0;
      const event = { form: 'event' as const, kind: 'bench.news', externalId: String(start + 1), title: 'News', payload: {} };
      return { arrivals: [event], cursor: start + 1, more: false };
    },
    stream(context, onHint) {
      if (settings.parse(context.settings).name === 'idle-0' && side.hint === noHint) side.hint = onHint;
      return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
  return Object.assign(side, { connector });
}
