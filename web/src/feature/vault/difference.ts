/** A line of one text or of both. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** What is drawn: lines, and stretches of equal ones left out between them. */
export type DiffRow = DiffLine | { readonly kind: 'skipped'; readonly lines: number };

/** Longer texts are not compared: nobody reads that many lines, and the page would stand still meanwhile. */
const linesMax = 50_000;
/** Lines added and removed in sum, beyond which the two are called different and left at that. */
const editsMax = 2_000;

/**
 * The fewest lines to remove and add that make one text the other (Myers, "An O(ND) Difference Algorithm", 1986).
 *
 * @returns null when they are too long or too different: at most 50,000 lines each and 2,000 edits.
 */
export function compareLines(before: string, after: string): DiffLine[] | null {
  const [old, young] = [linesOf(before), linesOf(after)];
  if (old.length > linesMax || young.length > linesMax) return null;
  let start = 0;
  while (start < old.length && start < young.length && old[start] === young[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < young.length - start && old.at(-1 - end) === young.at(-1 - end)) end += 1;
  const middle = shortestEdit(old.slice(start, old.length - end), young.slice(start, young.length - end));
  if (middle === null) return null;
  return [...old.slice(0, start).map(same), ...middle, ...old.slice(old.length - end).map(same)];
}

/** Leaves out equal lines further than `around` from a different one. */
export function foldSame(lines: readonly DiffLine[], around = 3): DiffRow[] {
  const rows: DiffRow[] = [];
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (lines[end]?.kind === 'same') end += 1;
    const [head, tail] = [at === 0 ? 0 : around, end === lines.length ? 0 : around];
    const hidden = end - at - head - tail;
    if (hidden > 1) rows.push(...lines.slice(at, at + head), { kind: 'skipped', lines: hidden }, ...lines.slice(end - tail, end));
    else rows.push(...lines.slice(at, end));
    for (at = end; ; at += 1) {
      const line = lines[at];
      if (line === undefined || line.kind === 'same') break;
      rows.push(line);
    }
  }
  return rows;
}

const same = (text: string): DiffLine => ({ kind: 'same', text });

/** A last line break ends a line and begins none. */
function linesOf(text: string): string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function shortestEdit(old: readonly string[], young: readonly string[]): DiffLine[] | null {
  const most = Math.min(old.length + young.length, editsMax);
  const middle = most + 1;
  // furthest[middle + k]: how far into `old` the best way with this many edits comes on diagonal k (old minus young).
  const furthest = new Int32Array(2 * most + 3);
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    // Only what this round reads: keeping it whole would take memory by the square of the bound.
    trace.push(furthest.slice(middle - edits - 1, middle + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      const [left, right] = [furthest[middle + k - 1] ?? 0, furthest[middle + k + 1] ?? 0];
      let x = k === -edits || (k !== edits && left < right) ? right : left + 1;
      while (x < old.length && x - k < young.length && old[x] === young[x - k]) x += 1;
      furthest[middle + k] = x;
      if (x >= old.length && x - k >= young.length) return walkBack(old, young, trace);
    }
  }
  return null;
}

/** Follows the rounds from the end of both texts to their beginning. */
function walkBack(old: readonly string[], young: readonly string[], trace: readonly Int32Array[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [old.length, young.length];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const round = trace[edits];
    // The slice begins one below the lowest diagonal of its round.
    const on = (k: number) => round?.[k + edits + 1] ?? 0;
    const k = x - y;
    const came = k === -edits || (k !== edits && on(k - 1) < on(k + 1)) ? k + 1 : k - 1;
    const [fromX, fromY] = edits === 0 ? [0, 0] : [on(came), on(came) - came];
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      lines.push(same(old[x] ?? ''));
    }
    if (edits === 0) break;
    if (came > k) lines.push({ kind: 'added', text: young[fromY] ?? '' });
    else lines.push({ kind: 'removed', text: old[fromX] ?? '' });
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}
