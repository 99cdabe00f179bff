import { z } from 'zod';
import {
  type Analytics,
  bucketSizes,
  countUp,
  csvOf,
  type Figures,
  isDayText,
  readFigures,
  readStanding,
  readSurvey,
  surveyQuestions,
  tableNames,
  takeAnswers,
} from '#flow/analytics';
import { FactotumError } from '#kernel';
import type { Principal } from '#trust/identity';
import { analyticsSchema, surveyStandingSchema } from './analytics-schema.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';

const tag = 'analytics';
const day = z.string().refine(isDayText, 'must be a day like 2026-11-23');
const query = z.strictObject({
  from: day.optional().meta({ description: 'The first day, in the time zone of the tenant. Left out: ninety days.' }),
  to: day.optional().meta({ description: 'The last day. Left out: today.' }),
  bucket: z.enum(bucketSizes).default('week').meta({ description: 'What one point of a chart stands for.' }),
});
const score = z.int().min(1).max(5);
const scoresSchema = z.strictObject({
  scores: z
    .strictObject(
      Object.fromEntries(surveyQuestions.map((question) => [question, score])) as Record<(typeof surveyQuestions)[number], typeof score>,
    ) // Its keys are those questions.
    .partial()
    .meta({ description: 'From 1 (not at all) to 5 (fully); none: the person declines, and is asked again in the next quarter.' }),
});

/** How long a request counts what is new before it answers with what is counted. */
const countMs = 150;

/** Figures of a period, as JSON and as tables, and the survey. */
export function addAnalyticsRoutes(routes: Routes, { database, clock, log }: Pick<HttpDeps, 'database' | 'clock' | 'log'>): void {
  const read = async ({ tenantId, query: { from, to, bucket }, now, principal, inSnapshot }: Call<z.ZodObject, typeof query>) => {
    // Figures that are a moment old are better than none.
    await countUp({ database, clock }, tenantId, countMs).catch((error: unknown) =>
      log.warn({ err: error, tenantId }, 'the newest figures could not be counted'),
    );
    return inSnapshot(async (tx) => {
      const figures = await readFigures(tx, tenantId, { from, to, size: bucket, now });
      return {
        figures: principal.permissions.has('audit:read') ? figures : { ...figures, approvers: [] },
        survey: await readSurvey(tx, tenantId),
      };
    });
  };

  routes.add(
    'task:read',
    {
      method: 'get',
      path: '/api/v1/analytics',
      summary: 'Figures of a period: work, approvals, cost, value, satisfaction',
      tag,
      query,
      answers: { 200: analyticsSchema },
    },
    async (call) => {
      const { figures, survey } = await read(call);
      const seesPeople = call.principal.permissions.has('audit:read');
      return { status: 200, body: { ...present(figures), approvers: seesPeople ? figures.approvers : null, satisfaction: survey } };
    },
  );

  routes.add(
    'task:read',
    {
      method: 'get',
      path: '/api/v1/analytics/tables/{table}',
      summary: `One table of the figures as CSV: ${tableNames.join(', ')}`,
      tag,
      params: z.object({ table: z.string() }),
      query,
      answers: { 200: 'text/csv' },
      errors: ['request.not_found'],
    },
    async (call) => {
      const name = tableNames.find((table) => table === call.params.table);
      if (name === undefined) throw new FactotumError('request.not_found', `There are the tables ${tableNames.join(', ')}.`);
      if (name === 'approvers' && !call.principal.permissions.has('audit:read'))
        throw new FactotumError('auth.forbidden', 'Who answered what needs the permission audit:read.', {
          details: { permission: 'audit:read' },
        });
      const { figures, survey } = await read(call);
      return new Response(csvOf(name, figures, survey), {
        headers: {
          'content-type': 'text/csv; charset=utf-8; header=present',
          'content-disposition': `attachment; filename="${name}-${figures.days.from}-${figures.days.to}.csv"`,
          'cache-control': 'no-store',
        },
      });
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/me/survey',
      summary: 'Whether the person is asked how the work is going: once a quarter at most',
      tag,
      answers: { 200: surveyStandingSchema },
    },
    async ({ principal, tenantId, inTenant, now }) => ({
      status: 200,
      body: await inTenant((tx) => readStanding(tx, tenantId, { userId: personOf(principal), now })),
    }),
  );

  routes.add(
    'signed-in',
    {
      method: 'post',
      path: '/api/v1/me/survey',
      summary: 'Answer, or decline until the next quarter. Answers are counted, and nobody’s',
      tag,
      body: jsonBody(scoresSchema, { bytesMax: 1_024 }),
      answers: { 204: null },
      errors: ['survey.not_due'],
    },
    async ({ principal, tenantId, inTenant, body, now }) => {
      await inTenant((tx) => takeAnswers(tx, tenantId, { userId: personOf(principal), scores: body.scores, now }));
      return { status: 204 };
    },
  );
}

/** @throws FactotumError `auth.forbidden` for machines: they are not asked how they like it. */
function personOf({ kind, actor }: Principal): string {
  if (kind !== 'user') throw new FactotumError('auth.forbidden', 'Only people are asked.');
  return actor.slice('user:'.length);
}

function present({ counted, series, ...figures }: Analytics) {
  return {
    ...figures,
    counted: { ...counted, at: counted.at?.toISOString() ?? null },
    series: series.map(({ bucket, figures: own }): { bucket: typeof bucket; figures: Figures | null } => ({ bucket, figures: own })),
  };
}
