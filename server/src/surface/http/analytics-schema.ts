import { z } from 'zod';
import { bucketSizes, surveyQuestions } from '#flow/analytics';
import { ownSettingsSchema } from '#trust/tenant';
import { list, named, time } from './schema.ts';

const day = z.string().meta({ format: 'date' });
const days = z.object({ from: day, to: day });
const n = z.int();
const rate = z.number().nullable().meta({ description: 'A part of 1; null where there is nothing it could be a part of.' });
const span = z.int().nullable().meta({ description: 'Milliseconds, within one percent; null where there is none.' });

const answers = { asked: n, answered: n, approved: n, changed: n, rejected: n, expired: n, approvalRate: rate };
const waits = { waitP50Ms: span, waitP95Ms: span };
const cost = {
  plans: n,
  tokensIn: n,
  tokensOut: n,
  costMicros: n.meta({ description: 'Millionths of a US dollar.' }),
  unpriced: n.meta({ description: 'Plans by a model whose price is not known.' }),
};

const figures = named(
  z.object({
    work: z.object({
      ...{ arrived: n, completed: n, partly: n, refused: n, failed: n, cancelled: n, completionRate: rate, failureRate: rate },
      ...{ alone: n, automationRate: rate, durationP50Ms: span, durationP95Ms: span },
    }),
    approvals: z.object({ ...answers, ...waits }),
    cost: z.object(cost),
    value: z.object({
      savedSeconds: n,
      humanMicros: n.meta({ description: 'Millionths of the currency of the assumptions, as all money here.' }),
      costMicros: n,
      costPerTaskMicros: n.nullable(),
      humanPerTaskMicros: n.nullable(),
      costShare: rate,
    }),
  }),
  { id: 'Figures', description: 'What happened in some days. docs/analytics.md says what each of them means.' },
);
const answerGroup = z.object({ name: z.string(), ...answers, ...waits });
const costGroup = z.object({ name: z.string().meta({ description: 'Empty: none.' }), ...cost });

export const analyticsSchema = named(
  z.object({
    days,
    before: days.meta({ description: 'The same number of days right before.' }),
    size: z.enum(bucketSizes),
    timeZone: z.string().meta({ description: 'What a day is.' }),
    counted: z.object({
      at: time.nullable(),
      isComplete: z.boolean().meta({ description: 'false: there is more in the log than is counted; it is being counted.' }),
      share: z.number(),
    }),
    total: figures,
    totalBefore: figures.nullable(),
    series: list(
      z.object({
        bucket: z.object({ start: day, from: day, to: day, days: n }),
        figures: figures.nullable().meta({ description: 'Null before anything was counted, and in the future.' }),
      }),
    ),
    tools: list(answerGroup),
    approvers: list(answerGroup).nullable().meta({ description: 'Null without the permission audit:read.' }),
    planners: list(costGroup),
    playbooks: list(costGroup),
    models: list(costGroup),
    completedByPlaybook: list(z.object({ name: z.string(), completed: n })),
    assumptions: ownSettingsSchema.shape.analytics,
    goals: z.object({ savedSecondsPerWeek: n, costShare: z.number() }),
    satisfaction: list(
      z.object({
        quarter: day,
        question: z.enum(surveyQuestions),
        answers: n,
        mean: z.number(),
        counts: list(n),
      }),
    ).meta({ description: 'From three answers on, and then by three.' }),
  }),
  { id: 'Analytics', description: 'Figures of a period.' },
);

export const surveyStandingSchema = z.object({ quarter: day, isDue: z.boolean() });

export const volumesSchema = z.object({
  days,
  items: list(
    z.object({
      ...{ tenant: z.object({ id: z.string(), name: z.string(), title: z.string() }) },
      ...{ arrived: n, completed: n, failed: n, answered: n, plans: n, costMicros: n },
    }),
  ),
});
