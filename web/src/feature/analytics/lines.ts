import { analyticsText as words } from '#text/analytics.ts';
import type { Analytics, Figures } from '../../api/analytics.ts';
import { asCount, asDollars, asHours, asPercent, asTime, moneyIn, type Write } from './format.ts';
import type { AnalyticsView } from './views.ts';

export type FigureName = keyof typeof words.figures;

/** What a figure is called. */
export const figureName = (figure: FigureName): string => words.figures[figure][0] ?? figure;

/** One line or pile of a chart: the same figure for each stretch of days; null is a gap. */
export interface Line {
  readonly figure: FigureName;
  readonly look: 'bar' | 'line' | 'dashed';
  readonly tone: 'accent' | 'muted' | 'good' | 'warn' | 'bad';
  readonly values: readonly (number | null)[];
}

export interface ChartSpec {
  readonly name: keyof typeof words.charts;
  readonly unit: string;
  /** The table that is downloaded. */
  readonly table: string;
  readonly write: Write;
  readonly lines: readonly Line[];
  readonly goal?: { readonly label: string; readonly values: readonly (number | null)[] };
}

/** A figure of the whole period beside the same of the one before. */
export interface Tile {
  readonly figure: FigureName;
  readonly write: Write;
  readonly value: number | null;
  /** Undefined: there is nothing before. */
  readonly before: number | null | undefined;
}

type Read = (figures: Figures) => number | null;

const weekDays = 7;
const hourSeconds = 3_600;

/** The figures at the top of each view. */
export function tilesOf(view: AnalyticsView, data: Analytics): Tile[] {
  const money = moneyIn(data.assumptions.currency);
  const tile = (figure: FigureName, write: Write, read: Read): Tile => ({
    figure,
    write,
    value: read(data.total),
    before: data.totalBefore === null ? undefined : read(data.totalBefore),
  });
  const days = data.series.reduce((sum, { bucket }) => sum + bucket.days, 0);
  switch (view) {
    case 'work':
      return [
        tile('completed', asCount, ({ work }) => work.completed),
        tile('completionRate', asPercent, ({ work }) => work.completionRate),
        tile('failureRate', asPercent, ({ work }) => work.failureRate),
        tile('durationP50', asTime, ({ work }) => work.durationP50Ms),
        tile('durationP95', asTime, ({ work }) => work.durationP95Ms),
        tile('automationRate', asPercent, ({ work }) => work.automationRate),
      ];
    case 'approvals':
      return [
        tile('asked', asCount, ({ approvals }) => approvals.asked),
        tile('answered', asCount, ({ approvals }) => approvals.answered),
        tile('approvalRate', asPercent, ({ approvals }) => approvals.approvalRate),
        tile('waitP50', asTime, ({ approvals }) => approvals.waitP50Ms),
        tile('waitP95', asTime, ({ approvals }) => approvals.waitP95Ms),
        tile('expired', asCount, ({ approvals }) => approvals.expired),
      ];
    case 'cost':
      return [
        tile('cost', asDollars, ({ cost }) => cost.costMicros),
        tile('plans', asCount, ({ cost }) => cost.plans),
        tile('tokens', asCount, ({ cost }) => cost.tokensIn + cost.tokensOut),
        tile('unpriced', asCount, ({ cost }) => cost.unpriced),
      ];
    case 'value':
      return [
        tile('saved', asHours, ({ value }) => value.savedSeconds / hourSeconds),
        tile('savedPerWeek', asHours, ({ value }) => (days === 0 ? null : (value.savedSeconds * weekDays) / days / hourSeconds)),
        tile('costPerTask', money, ({ value }) => value.costPerTaskMicros),
        tile('humanPerTask', money, ({ value }) => value.humanPerTaskMicros),
        tile('costShare', asPercent, ({ value }) => value.costShare),
      ];
    case 'satisfaction':
      return [];
  }
}

/** The charts of each view. */
export function chartsOf(view: AnalyticsView, data: Analytics): ChartSpec[] {
  const { currency } = data.assumptions;
  const each = (read: Read) => data.series.map(({ figures }) => (figures === null ? null : read(figures)));
  const line = (figure: FigureName, look: Line['look'], tone: Line['tone'], read: Read): Line => ({
    figure,
    look,
    tone,
    values: each(read),
  });
  switch (view) {
    case 'work':
      return [
        {
          ...{ name: 'tasks', unit: words.units.count, table: 'work', write: asCount },
          lines: [
            line('completed', 'bar', 'accent', ({ work }) => work.completed),
            line('failed', 'bar', 'bad', ({ work }) => work.failed),
            line('arrived', 'dashed', 'muted', ({ work }) => work.arrived),
          ],
        },
        {
          ...{ name: 'rates', unit: words.units.percent, table: 'work', write: asPercent },
          lines: [
            line('completionRate', 'line', 'accent', ({ work }) => work.completionRate),
            line('failureRate', 'dashed', 'bad', ({ work }) => work.failureRate),
          ],
        },
        {
          ...{ name: 'duration', unit: words.units.time, table: 'work', write: asTime },
          lines: [
            line('durationP50', 'line', 'accent', ({ work }) => work.durationP50Ms),
            line('durationP95', 'dashed', 'muted', ({ work }) => work.durationP95Ms),
          ],
        },
        {
          ...{ name: 'automation', unit: words.units.percent, table: 'work', write: asPercent },
          lines: [line('automationRate', 'line', 'accent', ({ work }) => work.automationRate)],
        },
      ];
    case 'approvals':
      return [
        {
          ...{ name: 'answers', unit: words.units.count, table: 'approvals', write: asCount },
          lines: [
            line('approved', 'bar', 'accent', ({ approvals }) => approvals.approved),
            line('changed', 'bar', 'muted', ({ approvals }) => approvals.changed),
            line('rejected', 'bar', 'bad', ({ approvals }) => approvals.rejected),
            line('expired', 'bar', 'warn', ({ approvals }) => approvals.expired),
          ],
        },
        {
          ...{ name: 'wait', unit: words.units.time, table: 'approvals', write: asTime },
          lines: [
            line('waitP50', 'line', 'accent', ({ approvals }) => approvals.waitP50Ms),
            line('waitP95', 'dashed', 'muted', ({ approvals }) => approvals.waitP95Ms),
          ],
        },
      ];
    case 'cost':
      return [
        {
          ...{ name: 'cost', unit: words.units.dollars, table: 'cost', write: asDollars },
          lines: [line('cost', 'bar', 'accent', ({ cost }) => cost.costMicros)],
        },
      ];
    case 'value':
      return [
        {
          ...{ name: 'saved', unit: words.units.hours, table: 'value', write: asHours },
          lines: [line('saved', 'bar', 'accent', ({ value }) => value.savedSeconds / hourSeconds)],
          goal: {
            label: words.goal,
            values: data.series.map(({ bucket }) => (data.goals.savedSecondsPerWeek * bucket.days) / weekDays / hourSeconds),
          },
        },
        {
          ...{ name: 'perTask', unit: currency, table: 'value', write: moneyIn(currency) },
          lines: [
            line('costPerTask', 'line', 'accent', ({ value }) => value.costPerTaskMicros),
            line('humanPerTask', 'dashed', 'muted', ({ value }) => value.humanPerTaskMicros),
          ],
          goal: {
            label: figureName('halfHuman'),
            values: each(({ value }) => (value.humanPerTaskMicros === null ? null : value.humanPerTaskMicros * data.goals.costShare)),
          },
        },
      ];
    case 'satisfaction':
      return [];
  }
}
