import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Engine } from '#engine';
import { openTaskDetail, selectTask, selectTaskRecord } from '#flow/task';
import type { Tool } from '#flow/tool';
import { createLogger, type Id, type JsonObject, readConfig } from '#kernel';
import { withTenantSnapshot } from '#kernel/database';
import type { TxtLookup } from '#trust/identity';
import { provisionTenant } from '#trust/tenant';
import { createWorker, openPlatform, type Platform, type PlatformOptions, type ToolDeps } from '../src/platform.ts';
import { testDatabase } from './database.ts';

export { openPlatform, type Platform } from '../src/platform.ts';

/** A platform on a database of its own, with what tests ask of it. Everything is given back after the test file. */
export interface TestPlatform extends Platform {
  readonly folder: string;
  readonly ownerUrl: string;
  /** What another process needs to open the same platform. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts a worker; several make several. */
  startWorker(): Promise<Engine>;
  /** A tenant with these notes in its vault, all written by a member. */
  buildTenant(notes?: Readonly<Record<string, string>>, settings?: Readonly<Record<string, unknown>>): Promise<Id<'tenant'>>;
  /** Sends an event and gives the task's id. */
  send(tenantId: Id<'tenant'>, payload: JsonObject, event?: { source?: string; kind?: string; externalId?: string }): Promise<Id<'task'>>;
  /** A task with everything opened. */
  look(tenantId: Id<'tenant'>, taskId: string): Promise<LookedTask>;
  /** Waits until the task is in one of these states. */
  until(tenantId: Id<'tenant'>, taskId: string, ...states: string[]): Promise<LookedTask>;
}
export type LookedTask = Awaited<ReturnType<typeof look>>;

/** Where people decide by names that are no ids (`user:boss`), they may: tests of what becomes of decisions make up who decides. */
export function believeNames({ runTools, identity }: Pick<Platform, 'runTools' | 'identity'>): void {
  const isMadeUp = (actor: string) => !/^system:|^operator:|_[0-9a-f]{24}$/.test(actor);
  runTools.whoMayDecide = async (tenantId, actors) =>
    (await identity.whoMayDecide(tenantId, actors)).union(new Set(actors.filter(isMadeUp)));
}

/** Opens a platform whose demo is off and whose outbox and drop folders lie in a temporary folder. */
export async function testPlatform(
  options: {
    tools?: (deps: ToolDeps) => Tool[];
    environment?: Readonly<Record<string, string>>;
    lookupTxt?: TxtLookup;
    rotation?: PlatformOptions['rotation'];
  } = {},
): Promise<TestPlatform> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-platform-'));
  const { roleUrls, ownerUrl, close } = await testDatabase();
  const environment = {
    FACTOTUM_DATA: join(folder, 'data'),
    FACTOTUM_DROP: join(folder, 'drop'),
    FACTOTUM_OUTBOX: join(folder, 'outbox'),
    FACTOTUM_DATABASE_APP_URL: roleUrls.app,
    FACTOTUM_DATABASE_ENGINE_URL: roleUrls.engine,
    FACTOTUM_DATABASE_SEQUENCER_URL: roleUrls.sequencer,
    FACTOTUM_DATABASE_AUTH_URL: roleUrls.auth,
    ...options.environment,
  };
  const workers: Engine[] = [];
  const platform = await openPlatform({
    config: readConfig(environment),
    log: createLogger({ level: 'error' }),
    onProgress: () => undefined,
    publicOrigins: () => ['http://127.0.0.1:4310', 'http://localhost:4310'],
    onWork: () => {
      for (const worker of workers) worker.kick();
    },
    ...(options.tools === undefined ? {} : { tools: options.tools }),
    ...(options.lookupTxt === undefined ? {} : { lookupTxt: options.lookupTxt }),
    ...(options.rotation === undefined ? {} : { rotation: options.rotation }),
  });
  believeNames(platform);
  after(async () => {
    for (const worker of workers) await worker.stop(2_000);
    await platform.close();
    await close();
    await rm(folder, { recursive: true, force: true });
  });
  let tenants = 0;
  const test: TestPlatform = {
    ...platform,
    folder,
    ownerUrl,
    environment,
    async startWorker() {
      const worker = createWorker(platform);
      workers.push(worker);
      await worker.start();
      return worker;
    },
    async buildTenant(notes = {}, settings = {}) {
      tenants += 1;
      const { database, keyring, auditor, clock } = platform;
      const input = {
        name: `tenant-${tenants}`,
        settings,
        notes: Object.entries(notes).map(([path, content]) => ({ path, content })),
        actor: 'operator:test',
      };
      return (await provisionTenant({ db: database.app.db, keyring, auditor, clock }, input)).id;
    },
    async send(tenantId, payload, event = {}) {
      const { source = 'test', kind = 'test.happened', externalId = Math.random().toString(36).slice(2) } = event;
      const provenance = { channel: 'http', submittedBy: 'key:test', integrity: 'untrusted', from: 'stranger@example.com' } as const;
      const accepted = await platform.intake.accept(tenantId, { source, kind, externalId, payload, title: 'A test', provenance });
      return accepted.taskId as Id<'task'>; // Intake has just made it.
    },
    look: (tenantId, taskId) => look(platform, tenantId, taskId),
    async until(tenantId, taskId, ...states) {
      const seen = new Set<string>();
      const task = await eventually(
        async () => {
          const found = await look(platform, tenantId, taskId);
          seen.add(found.task.state);
          return states.includes(found.task.state) ? found : undefined;
        },
        () => `the task stayed ${[...seen].join(', ')} and did not become ${states.join(' or ')}`,
      );
      return task;
    },
  };
  return test;
}

async function look(platform: Platform, tenantId: Id<'tenant'>, taskId: string) {
  const keys = await platform.keyring.of(tenantId);
  return withTenantSnapshot(platform.database.app.db, tenantId, async (tx) => {
    const task = await selectTask(tx, tenantId, taskId);
    if (task === undefined) throw new Error('there is no such task');
    const record = await selectTaskRecord(tx, tenantId, taskId, task.planVersion);
    return {
      task,
      detail: openTaskDetail(keys, task),
      ...record,
      states: Object.fromEntries(record.steps.map((step) => [step.stepId, step.state])),
    };
  });
}

/** Asks again and again until there is an answer, for a minute at most if nothing else is said. */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  complaint: () => string = () => 'the condition never held',
  withinMs = 60_000,
): Promise<T> {
  for (const end = Date.now() + withinMs; Date.now() < end; ) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(complaint());
}
