import { localDate } from '#kernel';
import { roundSpan } from './span.ts';

/** What is counted; a change of what one of them means is a new `edition`. */
export const measures = [
  'arrived',
  'ended',
  'duration',
  'asked',
  'answered',
  'wait',
  'wait_of',
  'plan',
  'unpriced',
  'tokens_in',
  'tokens_out',
] as const;
export type Measure = (typeof measures)[number];

/** Those that are spans, of which percentiles are shown. */
export const spanMeasures = ['duration', 'wait', 'wait_of'] as const satisfies readonly Measure[];
export const isSpan = (measure: Measure): boolean => spanMeasures.some((one) => one === measure);

/** The definition that figures are counted by. Figures of another one are counted anew. */
export const edition = 2;

/** One thing that a task adds to a day: what, when, counted apart by a, b and c, how long in rounded milliseconds, and how much. */
export type Part = readonly [measure: Measure, day: string, a: string, b: string, c: string, bin: number, amount: number];

/** Everything about a task that figures come from. */
export interface WorkOfTask {
  readonly state: string;
  readonly outcome: string | null;
  readonly planVersion: number;
  readonly playbook: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  /** When the log says that it failed last. */
  readonly failedAt: Date | null;
  /** Whether somebody resumed it, or did anything else to it. */
  readonly isHelped: boolean;
  readonly plans: readonly PlanFacts[];
  readonly approvals: readonly ApprovalFacts[];
}

export interface PlanFacts {
  readonly planner: string;
  readonly playbook: string | null;
  readonly model: string | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly costMicros: number | null;
  readonly createdAt: Date;
}

export interface ApprovalFacts {
  readonly tool: string;
  readonly risk: string;
  readonly state: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
}

/** What a task adds to the figures as it stands now. Pure. */
export function partsOf(work: WorkOfTask, dayOf: (at: Date) => string): Part[] {
  // What was there before a connection was made is kept without a plan, and was nobody's work.
  if (work.state === 'done' && work.planVersion === 0) return [];
  return [
    ['arrived', dayOf(work.createdAt), '', '', '', 0, 0],
    ...endOf(work, dayOf),
    ...work.plans.flatMap((plan) => costOf(plan, dayOf)),
    ...work.approvals.flatMap((approval) => answerOf(approval, dayOf)),
  ];
}

function endOf(work: WorkOfTask, dayOf: (at: Date) => string): Part[] {
  const { state, outcome, createdAt, finishedAt, failedAt } = work;
  const playbook = work.playbook ?? '';
  if (state === 'failed') return failedAt === null ? [] : [['ended', dayOf(failedAt), playbook, '', 'failed', 0, 0]];
  if (finishedAt === null || (state !== 'done' && state !== 'cancelled')) return [];
  const day = dayOf(finishedAt);
  if (state === 'cancelled') return [['ended', day, playbook, '', 'cancelled', 0, 0]];
  if (outcome !== 'completed') return [['ended', day, playbook, '', outcome ?? '', 0, 0]];
  const ms = Math.max(0, finishedAt.getTime() - createdAt.getTime());
  const how = work.isHelped || work.approvals.length > 0 ? 'helped' : 'alone';
  return [
    ['ended', day, playbook, how, 'completed', 0, 0],
    ['duration', day, '', '', '', roundSpan(ms), 0],
  ];
}

function costOf({ planner, playbook, model, tokensIn, tokensOut, costMicros, createdAt }: PlanFacts, dayOf: (at: Date) => string): Part[] {
  const part = (measure: Measure, amount: number): Part => [measure, dayOf(createdAt), planner, playbook ?? '', model ?? '', 0, amount];
  return [
    part('plan', costMicros ?? 0),
    ...(model !== null && costMicros === null ? [part('unpriced', 0)] : []),
    ...(tokensIn === null ? [] : [part('tokens_in', tokensIn)]),
    ...(tokensOut === null ? [] : [part('tokens_out', tokensOut)]),
  ];
}

function answerOf(approval: ApprovalFacts, dayOf: (at: Date) => string): Part[] {
  const { tool, risk, state, createdAt, expiresAt, decidedBy, decidedAt } = approval;
  const asked: Part = ['asked', dayOf(createdAt), tool, risk, '', 0, 0];
  if (state === 'expired') return [asked, ['answered', dayOf(expiresAt), tool, '', 'expired', 0, 0]];
  if (state === 'waiting' || decidedBy === null || decidedAt === null) return [asked];
  const day = dayOf(decidedAt);
  const ms = Math.max(0, decidedAt.getTime() - createdAt.getTime());
  // Edited, asked back, or another question by now: whatever it was, not this action was done.
  const answer = state === 'approved' || state === 'rejected' ? state : 'changed';
  return [
    asked,
    ['answered', day, tool, decidedBy, answer, 0, 0],
    ['wait', day, tool, '', '', roundSpan(ms), 0],
    ['wait_of', day, decidedBy, '', '', roundSpan(ms), 0],
  ];
}

const quarterHourMs = 900_000;

/** The day of an instant in a time zone. Clocks of every zone change at whole quarters of an hour, so one look serves such a quarter. */
export function dayIn(timeZone: string): (at: Date) => string {
  const known = new Map<number, string>();
  return (at) => {
    const quarter = Math.floor(at.getTime() / quarterHourMs);
    const day = known.get(quarter) ?? localDate(at, timeZone);
    if (known.size < 10_000) known.set(quarter, day);
    return day;
  };
}
