import type { Analytics, Figures } from './figures.ts';
import type { SurveyResult } from './survey.ts';
export const tableNames = [
  'work',
  'approvals',
  'tools',
  'approvers',
  'cost',
  'planners',
  'playbooks',
  'models',
  'value',
  'satisfaction',
] as const;
export type TableName = (typeof tableNames)[number];

type Cell = string | number | null;

/** A table of figures: its columns' names with their units, and its lines. */
interface Table {
  readonly columns: readonly string[];
  readonly lines: readonly (readonly Cell[])[];
}

/** One of the tables behind the charts, as comma-separated values (RFC 4180). An empty field: there is no such figure. */
export function csvOf(name: TableName, figures: Analytics, survey: readonly SurveyResult[]): string {
  const { columns, lines } = tableOf(name, figures, survey);
  return [columns, ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join('');
}

function tableOf(name: TableName, figures: Analytics, survey: readonly SurveyResult[]): Table {
  const { series, tools, approvers, planners, playbooks, models } = figures;
  const { currency } = figures.assumptions;
  switch (name) {
    case 'work':
      return overTime(series, [
        ['arrived', ({ work }) => work.arrived],
        ['completed', ({ work }) => work.completed],
        ['partly', ({ work }) => work.partly],
        ['refused', ({ work }) => work.refused],
        ['failed', ({ work }) => work.failed],
        ['cancelled', ({ work }) => work.cancelled],
        ['completion_rate', ({ work }) => work.completionRate],
        ['failure_rate', ({ work }) => work.failureRate],
        ['completed_without_people', ({ work }) => work.alone],
        ['automation_rate', ({ work }) => work.automationRate],
        ['time_to_done_p50_ms', ({ work }) => work.durationP50Ms],
        ['time_to_done_p95_ms', ({ work }) => work.durationP95Ms],
      ]);
    case 'approvals':
      return overTime(series, [
        ['asked', ({ approvals }) => approvals.asked],
        ['approved', ({ approvals }) => approvals.approved],
        ['changed', ({ approvals }) => approvals.changed],
        ['rejected', ({ approvals }) => approvals.rejected],
        ['expired', ({ approvals }) => approvals.expired],
        ['approval_rate', ({ approvals }) => approvals.approvalRate],
        ['wait_p50_ms', ({ approvals }) => approvals.waitP50Ms],
        ['wait_p95_ms', ({ approvals }) => approvals.waitP95Ms],
      ]);
    case 'tools':
      return {
        columns: ['tool', 'asked', ...answerColumns, 'expired'],
        lines: tools.map((tool) => [tool.name, tool.asked, ...answersOf(tool), tool.expired]),
      };
    case 'approvers':
      return { columns: ['approver', ...answerColumns], lines: approvers.map((person) => [person.name, ...answersOf(person)]) };
    case 'cost':
      return overTime(series, [
        ['plans', ({ cost }) => cost.plans],
        ['tokens_in', ({ cost }) => cost.tokensIn],
        ['tokens_out', ({ cost }) => cost.tokensOut],
        ['cost_micro_usd', ({ cost }) => cost.costMicros],
        ['plans_of_unknown_price', ({ cost }) => cost.unpriced],
      ]);
    case 'planners':
    case 'playbooks':
    case 'models':
      return {
        columns: [name.slice(0, -1), 'plans', 'tokens_in', 'tokens_out', 'cost_micro_usd', 'plans_of_unknown_price'],
        lines: { planners, playbooks, models }[name].map((group) => [
          ...[group.name, group.plans, group.tokensIn, group.tokensOut, group.costMicros, group.unpriced],
        ]),
      };
    case 'value':
      return overTime(series, [
        ['saved_seconds', ({ value }) => value.savedSeconds],
        [`cost_micro_${currency.toLowerCase()}`, ({ value }) => value.costMicros],
        [`human_cost_micro_${currency.toLowerCase()}`, ({ value }) => value.humanMicros],
        [`cost_per_task_micro_${currency.toLowerCase()}`, ({ value }) => value.costPerTaskMicros],
        [`human_cost_per_task_micro_${currency.toLowerCase()}`, ({ value }) => value.humanPerTaskMicros],
        ['cost_share', ({ value }) => value.costShare],
      ]);
    case 'satisfaction':
      return {
        columns: ['quarter', 'question', 'answers', 'mean', 'score_1', 'score_2', 'score_3', 'score_4', 'score_5'],
        lines: survey.map(({ quarter, question, answers, mean, counts }) => [quarter, question, answers, mean, ...counts]),
      };
  }
}

const answerColumns = ['answered', 'approved', 'changed', 'rejected', 'approval_rate', 'wait_p50_ms', 'wait_p95_ms'];
const answersOf = (group: Analytics['tools'][number]): Cell[] => [
  ...[group.answered, group.approved, group.changed, group.rejected, group.approvalRate, group.waitP50Ms, group.waitP95Ms],
];

function overTime(series: Analytics['series'], columns: readonly (readonly [string, (figures: Figures) => number | null])[]): Table {
  return {
    columns: ['from', 'to', ...columns.map(([name]) => name)],
    lines: series.map(({ bucket, figures }) => [
      ...[bucket.from, bucket.to],
      ...columns.map(([, read]) => (figures === null ? null : read(figures))),
    ]),
  };
}

/**
 * Names come from elsewhere: one that begins like a formula would be one in a spreadsheet, and so would what comes after a semicolon where
 * that is what parts cells.
 */
function field(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell;
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
