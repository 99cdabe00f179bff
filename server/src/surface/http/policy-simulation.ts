import { z } from 'zod';
import type { Simulation } from '#flow/simulation';
import { callShape, list, named, reasonSchema, time } from './schema.ts';

const verdict = z.enum(['auto', 'ask', 'deny']);
const counts = z.object({ auto: z.int(), ask: z.int(), deny: z.int() });

export const simulationSchema = named(
  z.object({
    from: time.nullable().meta({ description: 'The oldest decision that was looked at' }),
    until: time.nullable(),
    lookedAt: z.int().meta({ description: 'Decisions about steps, reading that ran alone left out' }),
    cutBy: z
      .enum(['number', 'time'])
      .nullable()
      .meta({ description: 'Why older ones were not looked at; null: all of the last 90 days were' }),
    judged: z.int(),
    unjudged: z
      .object({ unreadable: z.int(), no_facts: z.int(), edited: z.int(), tool_gone: z.int(), changed_since: z.int() })
      .meta({ description: 'Decisions that cannot be computed again, by reason' }),
    before: counts.meta({ description: 'What the policies in force say today about those that were judged' }),
    after: counts.meta({ description: 'What the text would say' }),
    noLongerAsked: z
      .object({ approved: z.int(), rejected: z.int(), other: z.int() })
      .meta({ description: 'Questions that nobody would be asked any more, by what people answered' }),
    demands: z
      .object({ more: z.int(), less: z.int() })
      .meta({ description: 'Questions that would be asked as today, but need more people, a fresh sign-in or somebody else; or less' }),
    changed: z.int(),
    cases: list(
      z.object({
        taskId: z.string(),
        approvalId: z.string().nullable(),
        ...callShape,
        at: time,
        before: verdict,
        after: verdict,
        answer: z.string().nullable().meta({ description: 'What became of the question; null where nobody was asked' }),
        reasons: list(reasonSchema),
      }),
    ).meta({ description: 'The first hundred that change; those that would run alone although somebody said no come first' }),
  }),
  { id: 'PolicySimulation', description: 'What a policy text would have done with past decisions.' },
);

/** `withCases`: whether who asks may read what was decided about. */
export function presentSimulation({ from, until, cases, ...figures }: Simulation, { withCases }: { withCases: boolean }) {
  return {
    ...figures,
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    cases: (withCases ? cases : []).map(({ past, headline, shown, before, after, reasons }) => ({
      taskId: past.row.taskId,
      approvalId: past.approval?.approvalId ?? null,
      tool: past.row.tool,
      ...{
        headline,
        shown: { ...shown },
        before,
        after,
        reasons: reasons.map(({ rule, text, args }) => ({ rule, text, ...(args && { args: [...args] }) })),
      },
      at: past.at.toISOString(),
      answer: past.approval?.state ?? null,
    })),
  };
}
