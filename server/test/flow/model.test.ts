import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { z } from 'zod';
import type { TaskState } from '#engine';
import { isGenuineDecision, isIntact } from '#flow/approval';
import type { Planning } from '#flow/plan';
import { mayMove } from '#flow/task';
import type { Effect, Tool, ToolContext } from '#flow/tool';
import { type JsonObject, jsonObjectSchema } from '#kernel';
import { eventually, type LookedTask, testPlatform } from '../platform.ts';
import { peopleOf } from './people.ts';
import { hookedWorker } from './worker.ts';

/**
 * Random plans, tools, people and deaths of workers against the real thing. What must hold is checked where it happens: at the far side
 * before each effect, in the table of tasks at each change of state, and on everything once the task has come to its end.
 */

/** The far side: it keeps no promise of its own, so a second call would be a second effect. */
const side = { calls: new Map<string, number>(), effects: new Map<string, number>(), undone: new Map<string, number>() };
const violations: string[] = [];
const bump = (counts: Map<string, number>, key: string): number => {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
};

/** What an argument like `s1.tud.t` says: the outcomes of the calls, then those of the undos; what comes after is `d`. */
function scriptedOutcome(value: string, part: 1 | 2, call: number): string {
  return value.split('.')[part]?.[call - 1] ?? 'd';
}

const input = z.strictObject({ value: z.string() });
function tool(name: string, effect: Effect, more: { canLookup: boolean; reversible: boolean }): Tool<typeof input> {
  const key = (context: ToolContext) => context.key;
  return {
    manifest: {
      tool: name,
      title: name,
      effect,
      risk: 'low',
      args: { value: { role: 'content', slot: 'text', title: 'Value' } },
      reversible: more.reversible,
      visibleOutside: effect === 'egress',
      readsPrivate: false,
      canLookup: more.canLookup,
      timeoutMs: 5_000,
      headline: (args) => `${name} ${String(args.value)}`,
      consequence: 'Something is done.',
    },
    input,
    output: z.looseObject({}),
    async run(context, { value }) {
      const outcome = scriptedOutcome(value, 1, bump(side.calls, key(context)));
      if (outcome === 't') return { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message: 'Not now.', retryAfterMs: 1 };
      if (outcome === 'p') return { kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'No.' };
      if (outcome === 'n') return { kind: 'unknown', message: 'The line went dead before.' };
      if (effect !== 'read') {
        await checkAllowed(context, effect, value);
        if (bump(side.effects, key(context)) > 1) violations.push(`${key(context)} happened twice`);
      }
      return outcome === 'u' ? { kind: 'unknown', message: 'The line went dead after.' } : { kind: 'done', result: {} };
    },
    ...(more.canLookup
      ? { lookup: async (context) => (side.effects.has(key(context)) ? { kind: 'done', result: {} } : { kind: 'absent' }) }
      : {}),
    ...(more.reversible
      ? {
          undo: async (context, { value }) => {
            const outcome = scriptedOutcome(value, 2, bump(side.undone, `call ${key(context)}`));
            if (outcome === 't')
              return { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message: 'Not now.', retryAfterMs: 1 };
            if (outcome === 'p') return { kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'It stays.' };
            if (!side.effects.has(key(context))) violations.push(`${key(context)} was undone and had never happened`);
            side.undone.set(key(context), 1);
            return { kind: 'done', result: {} };
          },
        }
      : {}),
  };
}

const platform = await testPlatform({
  tools: () => [
    tool('see.it', 'read', { canLookup: false, reversible: false }),
    tool('do.it', 'write', { canLookup: true, reversible: true }),
    tool('blind.it', 'write', { canLookup: false, reversible: true }),
    tool('send.it', 'egress', { canLookup: true, reversible: false }),
    tool('pay.it', 'money', { canLookup: true, reversible: false }),
  ],
});
const people = peopleOf(platform);
const tenant = await platform.buildTenant();
const keys = await platform.keyring.of(tenant);

/** No effect that needs a person without that person's yes to exactly this: looked up at the far side, in the moment it happens. */
async function checkAllowed(context: ToolContext, effect: Effect, value: string): Promise<void> {
  if (effect === 'write') return;
  const [taskId = '', version, stepId] = context.key.split('/');
  const { approvals } = await platform.look(tenant, taskId);
  const used = approvals.filter(
    (approval) =>
      approval.stepId === stepId && approval.planVersion === Number(version) && approval.state === 'approved' && approval.usedAt,
  );
  const last = used.at(-1);
  const body = last && keys.openJson({ kind: 'approval', id: last.approvalId }, last.body, z.looseObject({ args: jsonObjectSchema }));
  if (!last || !isGenuineDecision(keys, last) || !isIntact(keys, { tenantId: tenant, taskId }, last) || body?.args.value !== value)
    violations.push(`${context.key} happened without a yes to it`);
}

/** Asks the database as the owner of its tables. */
async function asOwner<Row extends object>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: platform.ownerUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Every change of state that is ever committed, by whomever. */
await asOwner(`
  create table app.seen_move (task_id text, was text, became text);
  create function app.see_move() returns trigger language plpgsql security definer as $$
    begin insert into app.seen_move values (new.task_id, old.state, new.state); return null; end $$;
  create trigger see_move after update on app.task for each row when (old.state <> new.state) execute function app.see_move()`);

/** Plans what the event says; a plan that follows another writes its steps anew. */
const planning: Planning = {
  isQuick: () => true,
  async plan({ event, answers }) {
    // Made by `scenarioOf` below.
    const steps = event.payload.steps as unknown as readonly { id: string; tool: string; value: string; after: string[] }[];
    return {
      kind: 'plan',
      planner: 'fake',
      plan: {
        summary: `After ${answers.length} answers.`,
        literal: { sources: ['playbook:fake'], integrity: 'trusted', readers: 'anyone' },
        values: {},
        steps: steps.map(({ id, tool, value, after }) => ({ id, tool, args: { value: { value } }, after, why: '' })),
      },
    };
  },
  close: async () => undefined,
};

interface Scenario {
  readonly payload: JsonObject;
  /** What the person does each time somebody is asked; after these, whatever leads to an end. */
  readonly acts: number[];
}

const stepArbitrary = fc.record({
  tool: fc.constantFrom('see.it', 'do.it', 'do.it', 'blind.it', 'send.it', 'pay.it'),
  does: fc.array(fc.constantFrom('d', 'd', 'd', 't', 'p', 'u', 'n'), { maxLength: 3 }),
  undoes: fc.array(fc.constantFrom('d', 't', 'p'), { maxLength: 2 }),
  after: fc.array(fc.nat(5), { maxLength: 2 }),
});
const scenarioArbitrary: fc.Arbitrary<Scenario> = fc
  .record({ steps: fc.array(stepArbitrary, { minLength: 1, maxLength: 5 }), acts: fc.array(fc.nat(59), { maxLength: 5 }) })
  .map(({ steps, acts }) => ({ acts, payload: { steps: steps.map((step, at) => stepOf(step, at)) } }));

function stepOf({ tool, does, undoes, after }: { tool: string; does: string[]; undoes: string[]; after: number[] }, at: number) {
  const earlier = at === 0 ? [] : [...new Set(after.map((other) => `s${other % at}`))];
  return { id: `s${at}`, tool, value: `s${at}.${does.join('')}.${undoes.join('')}`, after: earlier };
}

const deathsArbitrary = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 });

/** Backs off twenty times as fast as the product. */
const startedAtMs = Date.now();
const hurry = { now: () => new Date(startedAtMs + (Date.now() - startedAtMs) * 20), monotonicMs: () => performance.now() };

/** Workers, one after the other: each dies for good at its point, and the next takes over. The last one lives. */
function mortals(deaths: readonly number[]) {
  let [dead, points, life, burying] = [false, 0, 0, -1];
  const start = () => {
    const mine = life;
    const point = async () => {
      points += 1;
      if (mine === life && points === deaths[mine]) dead = true;
      if (dead || mine !== life) await new Promise(() => undefined);
    };
    const host: Parameters<typeof hookedWorker>[1]['host'] = (next) => ({
      async call(call) {
        await point();
        const answer = await next.call(call);
        await point();
        return answer;
      },
    });
    return hookedWorker(platform, { beforeCommit: point, afterCommit: point, host, planning, clock: hurry, slots: 8 });
  };
  let worker = start();
  const bury = async () => {
    const old = await worker;
    await old.stop(0);
    [dead, points, life] = [false, 0, life + 1];
    return start();
  };
  return {
    /** Puts the next worker in the place of one that has died. */
    async tend(): Promise<void> {
      if (dead && burying !== life) {
        burying = life;
        worker = bury();
      }
      await worker;
    },
    stop: async () => (await worker).stop(0),
  };
}

/** Does what a person could do now. @returns whether the task is left as it is, for good. */
async function act(looked: LookedTask, choice: number | undefined): Promise<boolean> {
  const { task, approvals, states } = looked;
  if (task.state === 'done' || task.state === 'cancelled') return true;
  if (task.state === 'failed') {
    if (choice === undefined || choice % 3 === 0) return true;
    await people.resume(tenant, task.taskId);
  } else if (choice !== undefined && choice % 12 === 0) await people.cancel(tenant, task.taskId);
  else if (task.waitReason === 'question') await people.resume(tenant, task.taskId);
  else if (task.waitReason === 'unknown') {
    const unknown = Object.keys(states).filter((id) => states[id] === 'unknown');
    assert.ok(unknown.length > 0, 'somebody is asked about a step');
    // People tell the truth: they have looked.
    const settle = unknown.map((id) => {
      const happened = side.effects.has(`${task.taskId}/${task.planVersion}/${id}`);
      return [id, happened ? 'done' : (choice ?? 0) % 2 === 0 ? 'failed' : 'again'] as const;
    });
    await people.resume(tenant, task.taskId, { settle: Object.fromEntries(settle) });
  } else {
    const open = approvals.find(({ state }) => state === 'waiting');
    assert.ok(open, 'somebody is asked something');
    const { approvalId, payloadHash } = open;
    const decisions = [
      { decision: 'accept', payloadHash },
      { decision: 'reject', payloadHash, comment: 'No.' },
      { decision: 'edit', payloadHash, edits: { value: `${open.stepId}.d.d` } },
      { decision: 'respond', payloadHash, comment: 'Otherwise.' },
      { decision: 'delegate', payloadHash, to: 'user:other' },
    ] as const;
    await people.decide(tenant, approvalId, decisions[(choice ?? 0) % 5] ?? decisions[0]);
  }
  return false;
}

/** Leads a task to its end. */
async function live(taskId: string, acts: readonly number[], tend: () => Promise<void>): Promise<LookedTask> {
  const left = [...acts];
  let looked: LookedTask | undefined;
  return eventually(
    async () => {
      await tend();
      looked = await platform.look(tenant, taskId);
      const { state, runAt } = looked.task;
      // Not at rest: a worker has it, or will have it.
      if (['received', 'planning', 'running'].includes(state) || (runAt !== null && runAt <= hurry.now())) return undefined;
      return (await act(looked, left.shift())) ? looked : undefined;
    },
    () => `the task neither ended nor asked anybody: ${JSON.stringify([looked?.task, looked?.states, left])}`,
  );
}

/** What must hold once a task has come to rest. */
function check({ task, states, approvals, attempts }: LookedTask, payload: JsonObject): void {
  // As made by `stepOf`.
  const steps = payload.steps as unknown as readonly ReturnType<typeof stepOf>[];
  const happened = (id: string) => side.effects.has(`${task.taskId}/${task.planVersion}/${id}`);
  const isOpen = (state: string | undefined) => state === 'pending' || state === 'waiting' || state === 'running';
  for (const { id, after } of steps) {
    const undone = side.undone.has(`${task.taskId}/${task.planVersion}/${id}`);
    assert.equal(isOpen(states[id]), false, `${id} is still ${states[id]}`);
    if (after.some((other) => ['refused', 'skipped'].includes(states[other] ?? '')))
      assert.equal(happened(id), false, `${id} was built on nothing`);
    if (states[id] === 'refused' || states[id] === 'skipped') assert.equal(happened(id), false, `${id} was not to be done`);
    if (states[id] === 'undone') assert.equal(undone, true, `${id} is said to be undone`);
    if (task.state === 'failed') assert.equal(happened(id) && !undone, false, `${id} stands though the task failed`);
  }
  if (task.outcome === 'completed') for (const { id } of steps) assert.equal(states[id], 'done');
  assert.deepEqual(
    attempts.filter(({ outcome }) => outcome === null),
    [],
    'no attempt is left open',
  );
  assert.deepEqual(
    approvals.filter(({ state }) => state === 'waiting'),
    [],
    'nobody is asked about what is over',
  );
}

it('whatever tools, people and deaths do, each task ends or asks, and nothing happens unasked, twice or after a no', {
  timeout: 110_000,
}, async () => {
  const property = fc.asyncProperty(
    fc.array(scenarioArbitrary, { minLength: 6, maxLength: 6 }),
    deathsArbitrary,
    async (scenarios, deaths) => {
      const workers = mortals(deaths);
      try {
        const tasks = await Promise.all(scenarios.map(({ payload }) => platform.send(tenant, payload)));
        const ends = await Promise.all(tasks.map((task, at) => live(task, scenarios[at]?.acts ?? [], workers.tend)));
        for (const [at, end] of ends.entries()) check(end, scenarios[at]?.payload ?? {});
        assert.deepEqual(violations.splice(0), []);
      } finally {
        await workers.stop();
      }
    },
  );
  const report = await fc.check(property, {
    numRuns: 15,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: false,
    endOnFailure: true,
  });
  console.log(`seed ${report.seed}, ${report.numRuns * 6} tasks`);
  if (report.failed) throw new Error(`${fc.defaultReportMessage(report)}\n${String(report.errorInstance)}`);
  const moves = await asOwner<{ was: TaskState; became: TaskState }>('select distinct was, became from app.seen_move');
  assert.ok(moves.length > 5);
  for (const { was, became } of moves) assert.ok(mayMove(was, became), `${was} -> ${became}`);
});
