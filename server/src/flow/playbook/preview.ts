import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EventBody, eventBodySchema } from '#flow/intake';
import { eventLabel, type MatchedEvent, type Plan, type Playbook, planFromPlaybook, validatePlan } from '#flow/plan';
import type { ToolCatalogue } from '#flow/tool';
import { createTurns, FactotumError, type Id } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { type MatchResult, type MatchWorker, startMatching } from './match-worker.ts';
import { type PlannedStep, plannedSteps } from './planned.ts';
import { type PastEvent, type PastTask, selectPastEvents, selectPastTasks } from './store.ts';

/** What a playbook would have done with one event. */
export interface PreviewSample {
  /** `unusable`: it fits, but its plan could not be carried out. */
  readonly result: 'matched' | 'near' | 'unusable';
  readonly eventId: string;
  readonly title: string;
  readonly from: string | null;
  readonly receivedAt: Date;
  /** Why it almost fitted, or what is wrong with the plan. */
  readonly reasons: readonly string[];
  readonly summary: string | null;
  readonly steps: readonly PlannedStep[];
  /** What became of the event. */
  readonly task: PastTask | null;
}

/** What a playbook would have done with what came in lately. */
export interface Preview {
  /** How many events were held against it, and since when. */
  readonly looked: number;
  readonly since: Date;
  /** Why it ended: all of the period was looked at, or as many events or as much time as one preview has. */
  readonly ended: 'all' | 'events' | 'time';
  readonly matched: number;
  readonly near: number;
  readonly unusable: number;
  /** The newest of each kind. */
  readonly samples: readonly PreviewSample[];
}

export interface Previews {
  /** @throws FactotumError `server.busy` when too many of the tenant's wait already, or the preview was interrupted. */
  preview(ask: {
    readonly tenantId: Id<'tenant'>;
    readonly playbook: Playbook;
    readonly content: string;
    readonly habits: { readonly timeZone: string; readonly locale: string };
    readonly catalogue: ToolCatalogue;
    readonly now: Date;
    readonly signal: AbortSignal;
  }): Promise<Preview>;
}

const daysDefault = 30;
const eventsMaxDefault = 5_000;
/** Below what browsers wait for an answer. */
const msMaxDefault = 12_000;
/** Rows a page: of 256 KB each at worst. */
const pageRows = 60;
const eventsAtOnce = 20;
const samplesMax = { matched: 10, near: 5, unusable: 5 } as const;

/**
 * Holds playbooks that somebody is writing against what came in lately. Two at once, one of a tenant, in turns: what one tenant writes and
 * receives takes nothing from another but a place in a thread.
 */
export function createPreviews({
  app,
  keysOf,
  msMax = msMaxDefault,
  eventsMax = eventsMaxDefault,
}: {
  readonly app: RoleDatabase;
  readonly keysOf: KeysOf;
  readonly msMax?: number;
  readonly eventsMax?: number;
}): Previews {
  const inTurn = createTurns<Id<'tenant'>>({
    atOnceMax: 2,
    eachMax: 1,
    waiting: { max: 2, busy: () => new FactotumError('server.busy', 'Other previews are still at work. Try again in a moment.') },
  });
  return {
    preview: (ask) =>
      inTurn(
        ask.tenantId,
        async () => {
          const { playbook, content, habits } = ask;
          const worker = startMatching({ path: playbook.path, content, habits }, msMax);
          try {
            return await look({ app, keysOf, eventsMax }, ask, worker);
          } finally {
            await worker.close();
          }
        },
        ask.signal,
      ),
  };
}

type Ask = Parameters<Previews['preview']>[0];
interface Limits {
  readonly app: RoleDatabase;
  readonly keysOf: KeysOf;
  readonly eventsMax: number;
}

/** An event with what is read of it. */
interface Opened {
  readonly row: PastEvent;
  readonly body: EventBody;
  readonly event: MatchedEvent;
}

async function look({ app, keysOf, eventsMax }: Limits, ask: Ask, worker: MatchWorker): Promise<Preview> {
  const { tenantId, playbook, now } = ask;
  const since = new Date(now.getTime() - daysDefault * 86_400_000);
  const { source, kind } = playbook.when;
  const counts = { matched: 0, near: 0, unusable: 0 };
  const samples: Omit<PreviewSample, 'task'>[] = [];
  const taskIds = new Map<string, string>();
  const done = async (ended: Preview['ended'], looked: number): Promise<Preview> => {
    const tasks = await withTenant(app.db, tenantId, (tx) => selectPastTasks(tx, tenantId, [...taskIds.values()]));
    const taskOf = (eventId: string) => tasks.find(({ taskId }) => taskId === taskIds.get(eventId)) ?? null;
    return { looked, since, ended, ...counts, samples: samples.map((sample) => ({ ...sample, task: taskOf(sample.eventId) })) };
  };
  let looked = 0;
  for (let before: string | null = null; ; ) {
    const limit = Math.min(pageRows, eventsMax - looked);
    if (limit === 0) return done('events', looked);
    const query = { tenantId, source, kind, before, limit };
    const rows: PastEvent[] = await withTenant(app.db, tenantId, (tx) => selectPastEvents(tx, query));
    const inPeriod = rows.filter(({ receivedAt }) => receivedAt >= since);
    const keys = await keysOf(tenantId);
    for (let at = 0; at < inPeriod.length; at += eventsAtOnce) {
      ask.signal.throwIfAborted();
      const some = inPeriod.slice(at, at + eventsAtOnce);
      const opened = some.flatMap((row) => open(keys, row) ?? []);
      const results = opened.length === 0 ? [] : await worker.match(opened.map(({ event }) => event));
      if (results === null) return done('time', looked);
      for (const [n, one] of opened.entries()) {
        const sample = sampleOf(ask, one, results[n]);
        if (sample === null) continue;
        counts[sample.result] += 1;
        if (counts[sample.result] > samplesMax[sample.result]) continue;
        samples.push(sample);
        if (one.row.taskId !== null) taskIds.set(one.row.eventId, one.row.taskId);
      }
      looked += some.length;
      await nextTurn();
    }
    if (inPeriod.length < rows.length || rows.length < limit) return done('all', looked);
    before = rows.at(-1)?.eventId ?? null;
  }
}

/** Null for what the playbook is not about. */
function open(keys: TenantKeys, row: PastEvent): Opened | null {
  if (row.body === null) return null;
  const body = keys.openJson({ kind: 'event', id: row.eventId }, row.body, eventBodySchema);
  const label = eventLabel(row.source, body.provenance);
  return { row, body, event: { source: row.source, kind: row.kind, payload: body.payload, label } };
}

function sampleOf({ playbook, catalogue, habits }: Ask, { row, body, event }: Opened, result: MatchResult | undefined) {
  if (result === undefined || result.kind === 'none') return null;
  const about = {
    eventId: row.eventId,
    title: body.title,
    from: body.provenance.from ?? null,
    receivedAt: row.receivedAt,
  };
  if (result.kind === 'near') return { ...about, result: 'near' as const, reasons: result.reasons, summary: null, steps: [] };
  const task = { taskId: row.taskId ?? '', receivedAt: row.receivedAt, timeZone: habits.timeZone };
  const drawn = planFromPlaybook({ playbook, values: result.values }, event, task);
  const { plan, faults } = validatePlan(drawn, catalogue, event.payload);
  const shown: Plan = plan ?? drawn;
  return {
    ...about,
    result: plan === undefined ? ('unusable' as const) : ('matched' as const),
    reasons: faults ?? [],
    summary: shown.summary,
    steps: plannedSteps(shown, event, task, catalogue),
  };
}
