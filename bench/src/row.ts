import type { Bench } from './bench.ts';

/** What a figure has to keep to. */
export type Budget = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table. The budget and what exactly is counted are those of the design's table. */
export interface Row {
  /** What programs know it by; never renamed. */
  readonly row: string;
  readonly unit: string;
  /** null: measured to be watched, without a promise. */
  readonly budget: Budget | null;
  readonly about: string;
  readonly measure: (bench: Bench) => Promise<Measured>;
}

export interface Measured {
  readonly value: number;
  /** What helps to understand the value: spreads, counts, errors. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What is printed and kept of a row. */
export interface Figure {
  readonly row: string;
  readonly value: number;
  readonly unit: string;
  /** `>= 400` or `< 40`; null without a promise. */
  readonly budget: string | null;
  readonly holds: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The figure of a measurement, in three significant digits: more would claim more than one run can know. */
export function figureOf({ row, unit, budget }: Row, { value, detail }: Measured): Figure {
  const rounded = Number.isFinite(value) ? Number(value.toPrecision(3)) : value;
  return { row, value: rounded, unit, budget: textOf(budget), holds: holds(budget, value), detail };
}

function textOf(budget: Budget | null): string | null {
  if (budget === null) return null;
  return 'atLeast' in budget ? `>= ${budget.atLeast}` : `<= ${budget.atMost}`;
}

function holds(budget: Budget | null, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  if (budget === null) return true;
  return 'atLeast' in budget ? value >= budget.atLeast : value <= budget.atMost;
}

/** The value below which `share` of the sorted-out samples lie (nearest rank); NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? Number.NaN;
}

/** p50, p95, p99 and how many, in the samples' unit. */
export const spread = (samples: readonly number[]) => ({
  count: samples.length,
  p50: round(percentile(samples, 0.5)),
  p95: round(percentile(samples, 0.95)),
  p99: round(percentile(samples, 0.99)),
  max: round(percentile(samples, 1)),
});

const round = (value: number) => Math.round(value * 10) / 10;
