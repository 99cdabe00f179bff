import { z } from 'zod';
import type { EventKind } from '../playbooks.ts';
import type { Tenant } from '../tenant.ts';
import { type Change, type Client, newExternalId, openClient, Refused } from './client.ts';
import type { Findings } from './job.ts';

/** One task from its sending to its end. */
export interface Tracked {
  readonly tenantId: string;
  readonly externalId: string;
  readonly sentAtMs: number;
  taskId: string;
  acceptedAtMs: number;
  finishedAtMs: number;
}

const ended = new Set(['done', 'failed', 'cancelled']);
const errorsKeptMax = 10;
const finishMsMax = 60_000;

/** Sends tasks and follows each to its end; what job it serves decides when. */
export interface Tracker {
  readonly clients: readonly Client[];
  readonly tracked: readonly Tracked[];
  /** Sends one; resolves when it has finished, and null when it was refused or went wrong, which is counted. */
  run(client: Client, kind: EventKind): Promise<Tracked | null>;
  /** Whether a server's connection was lost. */
  readonly broken: Promise<void>;
  result(from: { readonly measured: readonly Tracked[]; readonly elapsedMs: number }): Findings;
  close(): Promise<void>;
}

/** Opens the tenants' doors and listens at them. What waits for approval is approved. */
export async function openTracker(tenants: readonly Tenant[], connections: number): Promise<Tracker> {
  const tracked: Tracked[] = [];
  const waiting = new Map<string, (change: Change) => void>();
  const early = new Map<string, Change>();
  const errors: string[] = [];
  let errorCount = 0;
  let refused = 0;
  let decided = 0;
  const { promise: broken, resolve: breakUp } = Promise.withResolvers<void>();

  const fail = (error: unknown) => {
    errorCount += 1;
    if (errors.length < errorsKeptMax) errors.push(error instanceof Error ? error.message : String(error));
  };

  const approvers = new Map<Client, () => void>();
  const approverOf = (client: Client) => {
    const approver = approvers.get(client) ?? createApprover(client, () => (decided += 1), fail);
    approvers.set(client, approver);
    return approver;
  };

  function hear(client: Client, change: Change): void {
    if (change.kind === 'approval' && change.state === 'waiting') approverOf(client)();
    if (change.kind !== 'task' || change.state === null || !ended.has(change.state)) return;
    const waiter = waiting.get(change.id);
    // The feed may be faster than the answer to the request.
    if (waiter === undefined) early.set(change.id, change);
    else waiter(change);
  }

  async function run(client: Client, kind: EventKind): Promise<Tracked | null> {
    const task: Tracked = {
      tenantId: client.tenant.id,
      externalId: newExternalId(),
      sentAtMs: performance.now(),
      taskId: '',
      acceptedAtMs: Number.NaN,
      finishedAtMs: Number.NaN,
    };
    tracked.push(task);
    try {
      task.taskId = await client.send(kind, task.externalId);
      task.acceptedAtMs = performance.now();
      const { state } = await ending(task.taskId);
      task.finishedAtMs = performance.now();
      if (state !== 'done') throw new Error(`task ${task.taskId} ended ${state}`);
      return task;
    } catch (error) {
      if (error instanceof Refused && error.status === 429) refused += 1;
      else fail(error);
      return null;
    }
  }

  function ending(taskId: string): Promise<Change> {
    const known = early.get(taskId);
    if (known !== undefined) {
      early.delete(taskId);
      return Promise.resolve(known);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(taskId);
        reject(new Error(`task ${taskId} was not heard to finish within ${finishMsMax} ms`));
      }, finishMsMax);
      waiting.set(taskId, (change) => {
        clearTimeout(timer);
        waiting.delete(taskId);
        resolve(change);
      });
    });
  }

  const clients = tenants.map((tenant) => openClient(tenant, Math.max(1, Math.ceil(connections / tenants.length))));
  await Promise.all(clients.map((client) => client.listen((change) => hear(client, change), breakUp)));

  return {
    clients,
    tracked,
    run,
    broken,
    result: ({ measured, elapsedMs }) => ({
      latencies: measured.map((task) => task.finishedAtMs - task.sentAtMs),
      fromAccepted: measured.map((task) => Math.max(task.finishedAtMs - task.acceptedAtMs, 0)),
      finished: measured.length,
      completed: tracked.filter(({ finishedAtMs }) => !Number.isNaN(finishedAtMs)).length,
      elapsedMs,
      errors,
      errorCount,
      refused,
      decided,
      sent: tracked.map(({ tenantId, externalId, taskId, finishedAtMs }) => ({
        tenantId,
        externalId,
        taskId,
        finished: !Number.isNaN(finishedAtMs),
      })),
    }),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

const approvalsPage = 100;

/** Approves what waits, a page at a time, and looks again when it was called meanwhile: how a program does it that is told of each. */
function createApprover(client: Client, onDecided: () => void, fail: (error: unknown) => void): () => void {
  let isBusy = false;
  let isCalled = false;
  const decided = new Set<string>();
  const work = async () => {
    while (isCalled) {
      isCalled = false;
      const page = approvalsSchema.parse(await client.ask('GET', `/api/v1/approvals?state=waiting&limit=${approvalsPage}`));
      const fresh = page.items.filter(({ id }) => !decided.has(id));
      for (const { id } of fresh) decided.add(id);
      const decide = async ({ id, payloadHash }: (typeof fresh)[number]) => {
        await client.ask('POST', `/api/v1/approvals/${id}/decision`, { decision: 'accept', payloadHash });
        onDecided();
      };
      await Promise.all(fresh.map(decide));
      if (page.nextCursor !== null) isCalled = true;
    }
  };
  return () => {
    isCalled = true;
    if (isBusy) return;
    isBusy = true;
    work()
      .catch(fail)
      .finally(() => {
        isBusy = false;
      });
  };
}

const approvalsSchema = z.object({
  items: z.array(z.object({ id: z.string(), payloadHash: z.string() })),
  nextCursor: z.string().nullable(),
});
