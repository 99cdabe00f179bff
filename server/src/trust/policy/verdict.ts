/** What may happen to a step: it runs, a person is asked, or it never runs. */
export type Verdict = 'auto' | 'ask' | 'deny';

const strictness: Readonly<Record<Verdict, number>> = { auto: 0, ask: 1, deny: 2 };

/** Whether `left` allows less than `right`. */
export const isStricter = (left: Verdict, right: Verdict): boolean => strictness[left] > strictness[right];

/** The one of the two that allows less. */
export const stricter = (left: Verdict, right: Verdict): Verdict => (isStricter(left, right) ? left : right);
