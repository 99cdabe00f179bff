/** What is known of the place of a statement in the history of its account. */
export interface Extent {
  /** First and last day, null when there is neither period nor entry. */
  readonly fromOn: string | null;
  readonly untilOn: string | null;
  /** The bank's own number. */
  readonly number: string | null;
  readonly openingMinor: number | null;
  /** The balance after each entry. Empty when no opening is known. */
  readonly running: readonly number[];
}

/**
 * Whether two statements of an account certainly share no entry, so that an entry of the one that looks like one of the other is another.
 *
 * Days tell, where they differ. On a shared day the balances do: both statements are stretches of one line of balances, so if they shared
 * an entry, the opening of one of them would be a balance inside the other. In doubt they may share: a bank that repeats itself is
 * everyday, a bank that cuts a day in two between equal payments is not.
 */
export function shareNothing(one: Extent, other: Extent): boolean {
  if (one.fromOn === null || one.untilOn === null || other.fromOn === null || other.untilOn === null) return true;
  if (one.untilOn < other.fromOn || other.untilOn < one.fromOn) return true;
  if (one.openingMinor === null || other.openingMinor === null) return false;
  if (continues(one, other) || continues(other, one)) return true;
  return !inside(one.openingMinor, other) && !inside(other.openingMinor, one);
}

/** The next number, where the last one ended. */
const continues = (first: Extent, second: Extent): boolean => {
  const [before, after] = [seriesOf(first.number), seriesOf(second.number)];
  return before !== null && after === before + 1 && first.running.at(-1) === second.openingMinor;
};

/** A balance that the statement had before one of its entries. */
const inside = (balance: number, { openingMinor, running }: Extent): boolean =>
  running.length > 0 && (balance === openingMinor || running.slice(0, -1).includes(balance));

/** The last run of digits: 00042, 2026-042, 42/1. */
function seriesOf(number: string | null): number | null {
  const digits = /(\d{1,15})\D*$/.exec(number ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}

/** An entry for comparing. */
export interface Comparable {
  /** Day, amount and everything that the bank says of it, or its own id of the entry. */
  readonly key: string;
  /** Day, amount and currency. */
  readonly weakKey: string;
  readonly endToEndId: string | null;
}

export interface Kept<Id> extends Comparable {
  readonly id: Id;
  readonly format: string;
}

/**
 * Finds for each entry of a file the one that is kept already. Each kept one is taken at most once, so that of two equal payments in a
 * file, one of which is known, the other is new.
 *
 * Banks write the same entry differently in different formats; between formats its day and amount decide, unless both name an end-to-end
 * id and not the same one.
 */
export function pairEntries<Id>(entries: readonly Comparable[], kept: readonly Kept<Id>[], format: string): (Id | null)[] {
  const found: (Id | null)[] = entries.map(() => null);
  const byKey = Map.groupBy(kept, ({ key }) => key);
  const taken = new Set<Id>();
  const take = (at: number, candidates: readonly Kept<Id>[] | undefined, fits: (candidate: Kept<Id>) => boolean) => {
    if (found[at] !== null) return;
    const candidate = candidates?.find((one) => !taken.has(one.id) && fits(one));
    if (candidate === undefined) return;
    taken.add(candidate.id);
    found[at] = candidate.id;
  };
  for (const [at, entry] of entries.entries()) take(at, byKey.get(entry.key), () => true);
  const byWeakKey = Map.groupBy(kept, ({ weakKey }) => weakKey);
  const agrees = (entry: Comparable, other: Kept<Id>) =>
    other.format !== format && (entry.endToEndId === null || other.endToEndId === null || entry.endToEndId === other.endToEndId);
  // Those whose end-to-end id is the same before those of which less is known.
  for (const [at, entry] of entries.entries())
    if (entry.endToEndId !== null)
      take(at, byWeakKey.get(entry.weakKey), (other) => other.format !== format && other.endToEndId === entry.endToEndId);
  for (const [at, entry] of entries.entries()) take(at, byWeakKey.get(entry.weakKey), (other) => agrees(entry, other));
  return found;
}
