import { after } from 'node:test';
import { createEngine, type Engine, type Lease, type Transition } from '#engine';
import type { Planning } from '#flow/plan';
import { createRunner, type RunTools } from '#flow/run';
import type { ToolCatalogue, ToolHost } from '#flow/tool';
import type { Clock } from '#kernel';
import type { TestPlatform } from '../platform.ts';

/** What a test gets hold of in a worker of its own. What is left out is the platform's. */
export interface Hooks {
  readonly beforeCommit?: (transition: Transition, lease: Lease) => Promise<void>;
  readonly afterCommit?: (transition: Transition, lease: Lease) => Promise<void>;
  /** Stands between the run and its tools. */
  readonly host?: (next: ToolHost) => ToolHost;
  readonly catalogue?: ToolCatalogue;
  readonly planning?: Planning;
  readonly clock?: Clock;
  /** Who may decide when it is done. */
  readonly whoMayDecide?: RunTools['whoMayDecide'];
  readonly slots?: number;
}

/** A worker that is started and stopped with the test file, and whose every commit and call passes through hooks. */
export async function hookedWorker(platform: TestPlatform, hooks: Hooks): Promise<Engine> {
  const { database, log, keyring, runTools } = platform;
  const clock = hooks.clock ?? platform.clock;
  const catalogue = hooks.catalogue ?? runTools.catalogue;
  const host = hooks.host?.(runTools.host) ?? runTools.host;
  const runner = createRunner({
    tools: { ...runTools, clock, catalogue, host, whoMayDecide: hooks.whoMayDecide ?? runTools.whoMayDecide },
    keysOf: keyring.of,
    planning: hooks.planning ?? platform.planning,
  });
  const worker = createEngine({
    database: database.engine,
    clock,
    log,
    slots: hooks.slots ?? 4,
    pollMs: 20,
    handler: (lease) =>
      runner({
        ...lease,
        async commit(transition) {
          await hooks.beforeCommit?.(transition, lease);
          const answer = await lease.commit(transition);
          await hooks.afterCommit?.(transition, lease);
          return answer;
        },
      }),
  });
  await worker.start();
  after(() => worker.stop(0));
  return worker;
}

/** A worker that dies at the n-th point, counted from 0: before or after any commit, before or after any effect. */
export async function mortalWorker(platform: TestPlatform, dieAt: number) {
  const life = { points: 0, dead: false };
  /** Dying is never coming back: nothing after this line runs, as after kill -9. */
  const point = async () => {
    if (!life.dead && life.points++ === dieAt) life.dead = true;
    if (life.dead) await new Promise(() => undefined);
  };
  const worker = await hookedWorker(platform, {
    beforeCommit: point,
    afterCommit: point,
    host: (next) => ({
      async call(call) {
        await point();
        const answer = await next.call(call);
        await point();
        return answer;
      },
    }),
  });
  return { worker, life };
}
