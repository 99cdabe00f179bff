import type { TenantSettings } from '#trust/tenant';

/** What figures of value rest on: set by the tenant, and shown beside them. */
export type Assumptions = TenantSettings['analytics'];

/** The two goals, drawn into the charts. */
export const goals = { savedSecondsPerWeek: 20 * 3_600, costShare: 0.5 } as const;

/** What the work of some days was worth. Money in millionths of the tenant's currency. */
export interface Value {
  /** What people would have needed for the completed tasks, less what they needed to answer. Negative when answering took longer. */
  readonly savedSeconds: number;
  /** What the same tasks would have cost, done by people. */
  readonly humanMicros: number;
  /** What models cost and the time of those who answered. */
  readonly costMicros: number;
  /** Of one completed task; null where none was. */
  readonly costPerTaskMicros: number | null;
  readonly humanPerTaskMicros: number | null;
  /** Our cost as a part of the human one; null where that is nothing. */
  readonly costShare: number | null;
}

/** Computed in whole numbers and rounded once, at the end. Pure. */
export function worthOf(
  work: { readonly completedBy: ReadonlyMap<string, number>; readonly answers: number; readonly modelMicros: number },
  { currency, wageMinor, usdRateMicros, minutesPerTask, minutesByPlaybook, secondsPerAnswer }: Assumptions,
): Value {
  const wageMicros = BigInt(wageMinor) * 10n ** BigInt(6 - digitsOf(currency));
  let completed = 0n;
  let workSeconds = 0n;
  for (const [playbook, count] of work.completedBy) {
    const minutes = Object.hasOwn(minutesByPlaybook, playbook) ? (minutesByPlaybook[playbook] ?? minutesPerTask) : minutesPerTask;
    completed += BigInt(count);
    workSeconds += BigInt(count) * BigInt(minutes) * 60n;
  }
  const answerSeconds = BigInt(work.answers) * BigInt(secondsPerAnswer);
  const modelMicros = divide(BigInt(work.modelMicros) * BigInt(currency === 'USD' ? 1_000_000 : usdRateMicros), 1_000_000n);
  const human = divide(workSeconds * wageMicros, 3_600n);
  const cost = modelMicros + divide(answerSeconds * wageMicros, 3_600n);
  return {
    savedSeconds: Number(workSeconds - answerSeconds),
    humanMicros: Number(human),
    costMicros: Number(cost),
    costPerTaskMicros: completed === 0n ? null : Number(divide(cost, completed)),
    humanPerTaskMicros: completed === 0n ? null : Number(divide(human, completed)),
    costShare: human === 0n ? null : Number(cost) / Number(human),
  };
}

/** Rounded to the nearest, halves up. Of what is not negative. */
const divide = (amount: bigint, by: bigint): bigint => (2n * amount + by) / (2n * by);

/** Digits behind the point, as ISO 4217 has them. */
const digitsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
