/** A run of text where a PDF puts it; `transform` is the matrix of ISO 32000-2, 8.3.3. */
export interface Piece {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly dir: string;
}

interface Placed {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly end: number;
  readonly size: number;
  readonly isRightToLeft: boolean;
}

/** Parts of a letter's height: how far off the line it may stand, which gap is a space, which a column. */
const sameLine = 0.45;
const spaceGap = 0.15;
const columnGap = 1.5;

/**
 * The text of a page in lines as they are seen: a label and its amount stand together, wherever in the file they are. Columns of a line
 * are parted by two spaces. Text that is turned follows at the end, as it comes.
 */
export function linesOf(pieces: readonly Piece[]): string {
  const upright: Placed[] = [];
  const turned: string[] = [];
  for (const { str, transform, width, height, dir } of pieces) {
    if (str.trim() === '') continue;
    const [a = 1, b = 0, c = 0, d = 1, x = 0, y = 0] = transform;
    const size = Math.hypot(c, d) || height || 1;
    if (Math.abs(b) > Math.abs(a)) turned.push(str.trim());
    else upright.push({ text: str, x, y, end: x + width, size, isRightToLeft: dir === 'rtl' });
  }
  upright.sort((one, other) => other.y - one.y);
  const lines: Placed[][] = [];
  for (const placed of upright) {
    const line = lines.at(-1);
    const first = line?.[0];
    if (line !== undefined && first !== undefined && first.y - placed.y <= sameLine * Math.max(first.size, placed.size)) line.push(placed);
    else lines.push([placed]);
  }
  let before: Placed | undefined;
  const text = lines.map((line) => {
    const first = line[0];
    const isApart = before !== undefined && first !== undefined && before.y - first.y > 2 * Math.max(before.size, first.size);
    before = first;
    return (isApart ? '\n' : '') + lineOf(line);
  });
  return [...text, ...turned].join('\n');
}

function lineOf(line: Placed[]): string {
  const isRightToLeft = line.filter((placed) => placed.isRightToLeft).length * 2 > line.length;
  line.sort((one, other) => (isRightToLeft ? other.x - one.x : one.x - other.x));
  let text = '';
  let before: Placed | undefined;
  for (const placed of line) {
    const gap = before === undefined ? 0 : isRightToLeft ? before.x - placed.end : placed.x - before.end;
    if (before !== undefined && gap > columnGap * placed.size) text = `${text.trimEnd()}  `;
    else if (before !== undefined && gap > spaceGap * placed.size && !text.endsWith(' ')) text += ' ';
    text += placed.text;
    before = placed;
  }
  return text.trimEnd();
}
