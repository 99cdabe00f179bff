import { setImmediate } from 'node:timers/promises';
import type { Verdict } from '#engine';
import { type ToolCatalogue, withPlugged } from '#flow/tool';
import { readPluggedTools } from '#flow/tool-server';
import { type Clock, createTurns, FactotumError, type Id, newId } from '#kernel';
import { type Database, type Tx, withTenantSnapshot } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import {
  createPolicyEngine,
  type LoadedPolicy,
  listGrants,
  listPolicyVersions,
  loadPolicy,
  type PolicyVersion,
  parseDirectory,
  readPolicyVersion,
} from '#trust/policy';
import { readTenant } from '#trust/tenant';
import { readNote } from '#trust/vault';
import { type Judgement, judge, type Today } from './judge.ts';
import { createPasts, type Unjudged, unjudgedReasons } from './past.ts';
import { type DecidedRow, type Place, selectDecided, selectSurroundings } from './rows.ts';

const daysMax = 90;
const decisionsMax = 2_000;
/** Steps whose surroundings are in memory at once: an event may carry a megabyte. */
const batchSize = 25;
const limitMs = 8_000;
const casesMax = 100;
const versionsMax = 200;

export type Counts = Readonly<Record<Verdict, number>>;

/** What became clear, and what did not. */
export interface Simulation {
  /** The oldest and the newest decision that was looked at; null where there is none. */
  readonly from: Date | null;
  readonly until: Date | null;
  /** How many decisions were looked at, judged or not. */
  readonly lookedAt: number;
  /** Why older ones were not looked at: there were too many, or the time was up; null when all of the last 90 days were. */
  readonly cutBy: 'number' | 'time' | null;
  readonly judged: number;
  readonly unjudged: Readonly<Record<Unjudged, number>>;
  /** Of those that were judged: what the policies in force say today, and what the text that was tried would say. */
  readonly before: Counts;
  readonly after: Counts;
  /** Questions that nobody would be asked any more, by what people answered. */
  readonly noLongerAsked: { readonly approved: number; readonly rejected: number; readonly other: number };
  /** Questions that would be asked as today, but need more (people, a fresh sign-in, somebody else), or less. */
  readonly demands: { readonly more: number; readonly less: number };
  /** How many would be decided otherwise than today. */
  readonly changed: number;
  /** The first of them: those first that would run alone although somebody had said no. */
  readonly cases: readonly Judgement[];
}

export interface SimulatorDeps {
  readonly database: Database;
  readonly catalogue: ToolCatalogue;
  readonly clock: Clock;
}

export type Simulate = (keys: TenantKeys, text: string) => Promise<Simulation>;

/**
 * Says what a policy text would have done with past decisions. Nothing is changed.
 *
 * @throws FactotumError `policy.simulation_busy` while two are waiting for the tenant already. The text has to be valid: `validatePolicy`.
 */
export function createSimulator({ database, catalogue, clock }: SimulatorDeps): Simulate {
  // An engine of its own: texts that are only tried push nothing out of the one that decides.
  const engine = createPolicyEngine({ slotsMax: 8, decisionsMax: 2_000 });
  const inTurn = createTurns<Id<'tenant'>>({
    atOnceMax: 2,
    eachMax: 1,
    waiting: {
      max: 1,
      busy: () => new FactotumError('policy.simulation_busy', 'Another policy is being tried for this tenant. Try again in a moment.'),
    },
  });

  return (keys, text) =>
    inTurn(keys.tenantId, async () => {
      const endsAtMs = clock.monotonicMs() + limitMs;
      const inSnapshot = <R>(work: (tx: Tx) => Promise<R>) => withTenantSnapshot(database.app.db, keys.tenantId, work);
      const { now, versions, ...today } = await inSnapshot((tx) => readToday(tx, keys, catalogue));
      const tally = createTally();
      const policies = { now, candidate: { tenantId: keys.tenantId, version: -1, text } };
      const policyAt = policiesByTime(versions, (version) => inSnapshot((tx) => readPolicyVersion(tx, keys, keys.tenantId, version)));
      const since = newId('task', clock.now().getTime() - daysMax * 86_400_000);
      let after: Place | null = null;
      while (true) {
        const limit = Math.min(batchSize, decisionsMax - tally.lookedAt());
        if (limit === 0) return tally.result('number');
        const { rows, around } = await inSnapshot(async (tx) => {
          const found = await selectDecided(tx, { tenantId: keys.tenantId, since, after, limit });
          return { rows: found, around: await selectSurroundings(tx, keys.tenantId, [...new Set(found.map(({ taskId }) => taskId))]) };
        });
        const pastOf = createPasts(keys, around);
        for (const row of rows) {
          // Each time: a long text takes its time for one decision.
          if (clock.monotonicMs() > endsAtMs) return tally.result('time');
          const past = pastOf(row, today.catalogue);
          tally.add(row, typeof past === 'string' ? past : await judge(past, { ...today, engine, policyAt }, policies));
          // Others want the thread as well: a decision by a text never seen before takes milliseconds.
          await setImmediate();
        }
        if (rows.length < limit) return tally.result(null);
        after = rows.at(-1) ?? after;
      }
    });
}

async function readToday(tx: Tx, keys: TenantKeys, own: ToolCatalogue) {
  const tenant = await readTenant(tx, keys.tenantId);
  const contacts = await readNote(tx, keys, 'Contacts.md');
  return {
    now: await loadPolicy(tx, keys, keys.tenantId),
    versions: await listPolicyVersions(tx, keys.tenantId, { before: null, limit: versionsMax }),
    catalogue: withPlugged(own, await readPluggedTools(tx, keys)),
    grants: await listGrants(tx, keys, keys.tenantId),
    directory: parseDirectory(contacts?.trusted === true ? contacts.content : ''),
    timeZone: tenant.settings.timeZone,
  };
}

/** The text in force at a moment, each read once. */
function policiesByTime(versions: readonly PolicyVersion[], read: (version: number) => Promise<LoadedPolicy>): Today['policyAt'] {
  const texts = new Map<number, Promise<LoadedPolicy>>();
  return async (at) => {
    const found = versions.find(({ createdAt }) => createdAt <= at)?.version;
    if (found === undefined) return null;
    const text = texts.get(found) ?? read(found);
    texts.set(found, text);
    return text;
  };
}

function createTally() {
  const before = { auto: 0, ask: 0, deny: 0 };
  const after = { auto: 0, ask: 0, deny: 0 };
  const demands = { more: 0, less: 0 };
  const noLongerAsked = { approved: 0, rejected: 0, other: 0 };
  // Every reason is a key of the record.
  const unjudged = Object.fromEntries(unjudgedReasons.map((reason) => [reason, 0])) as Record<Unjudged, number>;
  const changed: Judgement[] = [];
  const times: Date[] = [];
  let lookedAt = 0;
  let judged = 0;
  return {
    lookedAt: () => lookedAt,
    add(row: DecidedRow, judgement: Judgement | Unjudged): void {
      lookedAt += 1;
      const at = typeof judgement === 'string' ? (row.startedAt ?? row.finishedAt) : judgement.past.at;
      if (at !== null) times.push(at);
      if (typeof judgement === 'string') {
        unjudged[judgement] += 1;
        return;
      }
      judged += 1;
      before[judgement.before] += 1;
      after[judgement.after] += 1;
      if (judgement.before === 'ask' && judgement.after === 'ask' && judgement.demands !== 'same') demands[judgement.demands] += 1;
      if (judgement.before !== judgement.after) changed.push(judgement);
      if (judgement.before === 'ask' && judgement.after === 'auto') noLongerAsked[answerTo(judgement)] += 1;
    },
    result(cutBy: Simulation['cutBy']): Simulation {
      const ordered = times.sort((one, other) => one.getTime() - other.getTime());
      return {
        ...{
          from: ordered[0] ?? null,
          until: ordered.at(-1) ?? null,
          lookedAt,
          cutBy,
          judged,
          unjudged,
          before,
          after,
          noLongerAsked,
          demands,
        },
        changed: changed.length,
        // The sort is stable: within a rank the newest come first, as they were read.
        cases: changed.sort((one, other) => rankOf(one) - rankOf(other)).slice(0, casesMax),
      };
    },
  };
}

function answerTo({ past }: Judgement): 'approved' | 'rejected' | 'other' {
  const state = past.approval?.state;
  return state === 'approved' || state === 'rejected' ? state : 'other';
}

/** What would have happened against somebody's word, then what would happen unseen, then the rest. */
const rankOf = (judgement: Judgement): number =>
  judgement.after !== 'auto' ? 3 : answerTo(judgement) === 'rejected' ? 0 : judgement.before === 'deny' ? 1 : 2;
