/** How many branches are tried before it is given up: some milliseconds. */
const stepsMax = 200_000;

/**
 * Which of the amounts add up to the target: the fewest, and of equals the first in order. Credit notes are negative.
 *
 * @returns `isOnly`: no other of that size does; null when none was found within the bound.
 */
export function findSubset(
  amounts: readonly number[],
  target: number,
): { readonly places: readonly number[]; readonly isOnly: boolean } | null {
  const positives = suffixSums(amounts.map((amount) => Math.max(0, amount)));
  const negatives = suffixSums(amounts.map((amount) => Math.min(0, amount)));
  let steps = 0;
  for (let size = 1; size <= amounts.length; size += 1) {
    const found: number[][] = [];
    search(0, target, size, []);
    const [first, second] = found;
    if (first !== undefined) return { places: first, isOnly: second === undefined };
    if (steps > stepsMax) return null;

    function search(from: number, rest: number, left: number, taken: readonly number[]): void {
      steps += 1;
      if (found.length > 1 || steps > stepsMax) return;
      if (left === 0) {
        if (rest === 0) found.push([...taken]);
        return;
      }
      for (let at = from; at <= amounts.length - left; at += 1) {
        // What is left cannot reach it any more.
        if (rest > (positives[at] ?? 0) || rest < (negatives[at] ?? 0)) return;
        search(at + 1, rest - (amounts[at] ?? 0), left - 1, [...taken, at]);
      }
    }
  }
  return null;
}

/** The sum from each place to the end. */
function suffixSums(amounts: readonly number[]): number[] {
  const sums = [0];
  for (const amount of amounts.toReversed()) sums.push((sums.at(-1) ?? 0) + amount);
  return sums.reverse();
}
