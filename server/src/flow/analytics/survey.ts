import { sql } from 'kysely';
import { FactotumError, type Id, localDate } from '#kernel';
import type { Tx } from '#kernel/database';
import { readTenant } from '#trust/tenant';

/** What is asked, each answered from 1 (not at all) to 5 (fully). */
export const surveyQuestions = ['useful', 'clear', 'trust'] as const;
export type SurveyQuestion = (typeof surveyQuestions)[number];

/** How often it takes answers before any are shown, and how many more each time: so nobody's answer can be told from a difference. */
const answersMin = 3;

/** Whether somebody is to be asked, in which quarter. */
export interface SurveyStanding {
  /** The first day of the quarter, in the tenant's time zone. */
  readonly quarter: string;
  readonly isDue: boolean;
}

/** What people said in one quarter about one question. */
export interface SurveyResult {
  readonly quarter: string;
  readonly question: SurveyQuestion;
  readonly answers: number;
  /** From 1 to 5. */
  readonly mean: number;
  /** How often each score was given, from 1 to 5. */
  readonly counts: readonly number[];
}

/** @throws FactotumError `tenant.not_found`. */
export async function readStanding(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { userId, now }: { userId: string; now: Date },
): Promise<SurveyStanding> {
  const { settings } = await readTenant(tx, tenantId);
  const quarter = quarterOf(localDate(now, settings.timeZone));
  if (!settings.analytics.survey) return { quarter, isDue: false };
  const { rows } =
    await sql`select 1 from app.survey_turn where tenant_id = ${tenantId} and quarter = ${quarter} and user_id = ${userId}`.execute(tx);
  return { quarter, isDue: rows.length === 0 };
}

/**
 * Takes somebody's answers, or that they decline; once a quarter. What is kept of answers is how often each was given, so that nobody,
 * also not with the database, can say whose they were; and of the person only that it was their turn.
 *
 * @throws FactotumError `survey.not_due` when it was their turn already, or nobody is asked here.
 */
export async function takeAnswers(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { userId, scores, now }: { userId: string; scores: { readonly [Q in SurveyQuestion]?: number | undefined }; now: Date },
): Promise<void> {
  const { quarter, isDue } = await readStanding(tx, tenantId, { userId, now });
  const taken = isDue
    ? await sql`insert into app.survey_turn (tenant_id, quarter, user_id) values (${tenantId}, ${quarter}, ${userId})
        on conflict do nothing returning 1`.execute(tx)
    : { rows: [] };
  if (taken.rows.length === 0)
    throw new FactotumError('survey.not_due', 'You were asked in this quarter already, or nobody is asked here.');
  await sql`delete from app.survey_turn where tenant_id = ${tenantId} and quarter < ${quarter}`.execute(tx);
  for (const question of surveyQuestions) {
    const score = scores[question];
    if (score !== undefined) await addAnswer(tx, tenantId, { quarter, question, score });
  }
}

/** Forgets that it was the turn of somebody who is a member no more. What they answered is nobody's. */
export async function forgetTurn(tx: Tx, tenantId: Id<'tenant'>, userId: string): Promise<void> {
  await sql`delete from app.survey_turn where tenant_id = ${tenantId} and user_id = ${userId}`.execute(tx);
}

async function addAnswer(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { quarter, question, score }: { quarter: string; question: SurveyQuestion; score: number },
): Promise<void> {
  const mine = sql`tenant_id = ${tenantId} and quarter = ${quarter} and question = ${question}`;
  // All five, so that their locks make answers to one question queue, and the count below is exact.
  await sql`insert into app.survey_count as s (tenant_id, quarter, question, score, n, shown)
    select ${tenantId}, ${quarter}, ${question}, score, (score = ${score})::int, 0 from generate_series(1, 5) as score
    on conflict (tenant_id, quarter, question, score) do update set n = s.n + excluded.n`.execute(tx);
  await sql`update app.survey_count set shown = n where ${mine}
    and (select sum(n) from app.survey_count where ${mine}) % ${answersMin} = 0`.execute(tx);
}

/** What people said in the last eight quarters, the newest first. Only what at least three answers stand behind. */
export async function readSurvey(tx: Tx, tenantId: Id<'tenant'>): Promise<SurveyResult[]> {
  const { rows } = await sql<{ quarter: string; question: SurveyQuestion; counts: number[] }>`
    select quarter::text as quarter, question, array_agg(shown order by score) as counts from app.survey_count
    where tenant_id = ${tenantId} group by quarter, question having sum(shown) > 0
    order by quarter desc, question limit ${8 * surveyQuestions.length}`.execute(tx);
  return rows.map(({ quarter, question, counts }) => {
    const answers = counts.reduce((sum, count) => sum + count, 0);
    return { quarter, question, answers, counts, mean: counts.reduce((sum, count, at) => sum + count * (at + 1), 0) / answers };
  });
}

/** The first day of the quarter that a day is in. */
function quarterOf(day: string): string {
  const month = Math.floor((Number(day.slice(5, 7)) - 1) / 3) * 3 + 1;
  return `${day.slice(0, 4)}-${String(month).padStart(2, '0')}-01`;
}
