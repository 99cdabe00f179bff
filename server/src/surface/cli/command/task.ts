import { z } from 'zod';
import type { JsonObject } from '#kernel';
import { ask, askAll } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { list, table } from '../table.ts';

const taskSchema = z.looseObject({
  id: z.string(),
  state: z.string(),
  outcome: z.string().nullable(),
  waitReason: z.string().nullable(),
  title: z.string(),
  from: z.string().nullish(),
  note: z.string().nullish(),
  question: z.string().nullish(),
  createdAt: z.string(),
});
const detailSchema = taskSchema.extend({
  steps: z.array(
    z.looseObject({ id: z.string(), headline: z.string().nullish(), tool: z.string(), state: z.string(), verdict: z.string().nullish() }),
  ),
  timeline: z.array(z.looseObject({ at: z.string(), text: z.string() })),
});

export const taskCommands: readonly Command[] = [
  {
    name: 'task list',
    usage: '[--state STATE,...] [--limit N] [--tenant T]',
    about: 'Show tasks, newest first. States: received planning waiting running done failed cancelled.',
    options: { state: { type: 'string' }, limit: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const state = given.text('state');
      const limit = limitOf(given.text('limit'));
      const query = state === undefined ? {} : { state };
      const items = await askAll(await backend(), taskSchema, { path: '/api/v1/tasks', query, tenant: await tenant(), limit });
      const rows = items.map((task) => [task.id, stateOf(task), task.createdAt, task.from, task.title]);
      return {
        json: z.json().parse(items),
        text: rows.length === 0 ? 'There is no such task.' : table(['ID', 'STATE', 'CAME', 'FROM', 'TITLE'], rows),
      };
    },
  },
  {
    name: 'task show',
    usage: 'TASK-ID [--tenant T]',
    about: 'Show one task with its plan, steps, approvals and timeline.',
    operands: ['TASK-ID'],
    run: (context) => showTask(context, {}),
  },
  {
    name: 'task cancel',
    usage: 'TASK-ID [--tenant T]',
    about: 'End a task: nothing further is begun, what has happened stays.',
    operands: ['TASK-ID'],
    run: (context) => showTask(context, { action: 'cancel', body: {} }),
  },
  {
    name: 'task resume',
    usage: 'TASK-ID [--settle STEP=done|failed|again ...] [--comment TEXT] [--tenant T]',
    about: 'Go on with a task that failed or asks: say what became of steps whose outcome nobody knows, or answer its question.',
    operands: ['TASK-ID'],
    options: { settle: { type: 'string', multiple: true }, comment: { type: 'string' } },
    run: (context) => {
      const settle = context.given.texts('settle');
      const comment = context.given.text('comment');
      const body = { ...(settle.length === 0 ? {} : { settle: settlements(settle) }), ...(comment === undefined ? {} : { comment }) };
      return showTask(context, { action: 'resume', body });
    },
  },
];

/** How many items a list shows. @throws UsageError when it is no number from 1 to 100,000. */
export function limitOf(text: string | undefined): number {
  const limit = text === undefined ? 50 : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) throw new UsageError('--limit takes a whole number from 1 to 100000.');
  return limit;
}

async function showTask({ given, backend, tenant }: CommandContext, change: { action?: string; body?: JsonObject }) {
  const path = `/api/v1/tasks/${encodeURIComponent(given.operand('TASK-ID'))}`;
  const [open, of] = [await backend(), await tenant()];
  if (change.action !== undefined)
    await ask(open, z.unknown(), { method: 'POST', path: `${path}/${change.action}`, tenant: of, json: change.body ?? {} });
  const task = await ask(open, detailSchema, { path, tenant: of });
  const parts = [
    list({
      task: task.id,
      title: task.title,
      state: stateOf(task),
      from: task.from,
      note: task.note,
      question: task.question,
      came: task.createdAt,
    }),
    table(
      ['STEP', 'WHAT', 'STATE', 'GATE'],
      task.steps.map((step) => [step.id, step.headline ?? step.tool, step.state, step.verdict]),
    ),
    table(
      ['AT', 'WHAT HAPPENED'],
      task.timeline.map((entry) => [entry.at, entry.text]),
    ),
  ];
  return { json: z.json().parse(task), text: parts.join('\n\n') };
}

function stateOf({ state, outcome, waitReason }: z.infer<typeof taskSchema>): string {
  const more = outcome ?? waitReason;
  return more === null ? state : `${state} (${more})`;
}

function settlements(pairs: readonly string[]): JsonObject {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [step = '', what = ''] = pair.split('=');
      if (step === '' || !['done', 'failed', 'again'].includes(what))
        throw new UsageError(`${pair} is not of the form STEP=done, STEP=failed or STEP=again.`);
      return [step, what];
    }),
  );
}
