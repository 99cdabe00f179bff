import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, type JsonObject } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { defineJob, type JobHandler, type JobRun } from '#trust/job';
import { countObjects, destroyGeneration, type RotationDeps, resealKind } from './rotation.ts';
import { readHorizon } from './store.ts';

export interface ResealDeps extends RotationDeps {
  readonly clock: Clock;
  /** Called when the job has left entries in the audit log. */
  readonly onEntries: () => void;
  readonly pace?: Pace;
}

/** How much of the machine a rotation takes. */
export interface Pace {
  readonly rowsPerSecondMax: number;
  /** Which part of the time it works at most, 0 to 1: what is busy answers slower, and then it works less. */
  readonly share: number;
}

/** A million rows in ten minutes, at half of one core at most. */
const paceDefault: Pace = { rowsPerSecondMax: 2_000, share: 0.5 };
/** A pass that finds what others write all the time is followed by another. No tenant needs this many. */
const passesMax = 10_000;
const betweenPassesMs = 200;
const damagedShown = 20;

const positionSchema = z.looseObject({
  phase: z.enum(['announce', 'settle', 'reseal', 'quiet', 'end', 'destroy']),
  destroyOld: z.boolean().default(false),
  generation: z.int().default(0),
  /** Since when this phase has lasted, in milliseconds of the clock. */
  sinceMs: z.number().default(0),
  pass: z.int().default(1),
  target: z.int().default(0),
  after: z.array(z.string()).nullable().default(null),
  /** In this pass: what was left for the next one. */
  found: z.int().default(0),
  damaged: z.array(z.string()).default([]),
  resealed: z.int().default(0),
  of: z.int().nullable().default(null),
});
type Position = z.output<typeof positionSchema>;

/**
 * The job that rotates a tenant's keys. Each step can be repeated, and a process that dies in the middle is followed by one that goes on
 * from the last piece.
 *
 *     announce   the new generation is made; nothing is sealed under it before every process holds it
 *     settle     that long is waited, then it is in force
 *     reseal     pass after pass over everything sealed, until one finds nothing to do
 *     quiet      every process seals under it by now and what was under way has ended; one more pass
 *     destroy    the older generations, where that was asked for
 */
export function createResealJob(deps: ResealDeps): JobHandler {
  return defineJob({
    kind: resealKind,
    input: z.null(),
    async run(job) {
      const { tenantId } = job;
      if (tenantId === null) throw new FactotumError('tenant.not_found', 'A rotation is of a tenant.');
      const run = createRun(deps, tenantId, job);
      for (;;) {
        const { phase } = run.position();
        if (phase === 'announce') await run.announce();
        else if (phase === 'settle') await run.activate();
        else if (phase === 'reseal') await run.walk('quiet');
        else if (phase === 'quiet') await run.quiet();
        else if (phase === 'end') await run.walk('destroy');
        else return run.finish();
      }
    },
  });
}

function createRun(deps: ResealDeps, tenantId: Id<'tenant'>, job: JobRun<null>) {
  const { database, keyring, generations, clock, targets, settleMs, pace: { rowsPerSecondMax, share } = paceDefault } = deps;
  const { actor, signal } = job;
  let position: Position = positionSchema.parse(job.position ?? { phase: 'announce' });
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const nowMs = () => clock.now().getTime();
  const wait = (ms: number) => pause(ms, undefined, { signal });
  const go = async (next: Partial<Position>) => {
    position = { ...position, ...next };
    const { resealed, of } = position;
    // Strings, numbers, switches and a list of strings.
    await job.save({
      position: position as JsonObject,
      progress: { done: resealed, of: of === null ? null : Math.max(of, resealed), unit: 'objects' },
    });
  };
  const sincePhase = async () => {
    const restMs = position.sinceMs + settleMs - nowMs();
    if (restMs > 0) await wait(restMs);
  };

  return {
    position: () => position,

    async announce() {
      const generation = await inTenant(async (tx) => {
        // A try that died after its commit has left one.
        const made = (await generations.hold(tx, tenantId)).find(({ state }) => state === 'coming');
        return made?.generation ?? generations.announce(tx, tenantId);
      });
      await keyring.refresh(tenantId);
      await go({ phase: 'settle', generation, sinceMs: nowMs() });
    },

    async activate() {
      const { generation } = position;
      await sincePhase();
      await inTenant(async (tx) => {
        const row = (await generations.hold(tx, tenantId)).find((one) => one.generation === generation);
        if (row?.state !== 'coming') return;
        await generations.activate(tx, tenantId, generation);
        await recordAudit(tx, tenantId, [
          { kind: 'encryption.rotated', actor, at: clock.now(), objectId: tenantId, detail: { generation } },
        ]);
      });
      deps.onEntries();
      await keyring.refresh(tenantId);
      const counted = await countObjects(targets, tenantId).catch(() => null);
      const of = counted === null ? null : [...counted].reduce((sum, [under, objects]) => (under === generation ? sum : sum + objects), 0);
      await go({ phase: 'reseal', sinceMs: nowMs(), of });
    },

    /** Passes until one finds nothing, then on to the next phase. */
    async walk(next: Position['phase']) {
      while (position.pass < passesMax) {
        for (let target = targets[position.target]; target !== undefined; target = targets[position.target]) {
          const startedAtMs = clock.monotonicMs();
          const { after, resealed, passedOver, damaged } = await target.reseal({
            tenantId,
            generation: position.generation,
            keysOf: keyring.of,
            after: position.after,
            signal,
          });
          await go({
            target: after === null ? position.target + 1 : position.target,
            after: after === null ? null : [...after],
            resealed: position.resealed + resealed,
            found: position.found + resealed + passedOver,
            damaged: [...new Set([...position.damaged, ...damaged])].slice(0, damagedShown),
          });
          const spentMs = clock.monotonicMs() - startedAtMs;
          if (resealed > 0) await wait(Math.max((spentMs * (1 - share)) / share, (resealed * 1_000) / rowsPerSecondMax - spentMs));
        }
        if (position.found === 0) return go({ phase: next, pass: position.pass + 1, target: 0, after: null });
        await go({ pass: position.pass + 1, target: 0, after: null, found: 0, damaged: [] });
        await wait(betweenPassesMs);
      }
      throw new FactotumError(
        'key.busy',
        'What is sealed under older keys does not become less. Is a process of an older release at work?',
      );
    },

    /** Whoever had the older keys in hand has the newer ones by now, and what they had sealed is committed or will never be. */
    async quiet() {
      await sincePhase();
      const { next } = await inTenant(readHorizon);
      while ((await inTenant(readHorizon)).oldest < next) await wait(betweenPassesMs);
      await go({ phase: 'end', target: 0, after: null, found: 0, damaged: [] });
    },

    async finish(): Promise<JsonObject> {
      const { generation, resealed, damaged, destroyOld } = position;
      await inTenant((tx) =>
        recordAudit(tx, tenantId, [
          { kind: 'encryption.resealed', actor, at: clock.now(), objectId: tenantId, detail: { generation, objects: resealed } },
        ]),
      );
      const destroyed: number[] = [];
      if (destroyOld)
        for (const { generation: old, state } of await inTenant((tx) => generations.list(tx, tenantId))) {
          if (state !== 'retired') continue;
          await destroyGeneration(deps, tenantId, old, { actor, at: clock.now(), byJob: true });
          destroyed.push(old);
        }
      deps.onEntries();
      return { generation, objects: resealed, destroyed, ...(damaged.length === 0 ? {} : { damaged }) };
    },
  };
}
