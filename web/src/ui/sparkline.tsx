import { cx } from './cx.ts';

interface SparklineProps {
  /** Oldest first; null where nothing is known, which is drawn as a gap. */
  points: readonly (number | null)[];
  /** What full height stands for; left out: the highest point. */
  max?: number;
  className?: string;
}

const width = 120;
const height = 24;

/** A small line without axes. For the eye only: the figure beside it says what matters in words. */
export function Sparkline({ points, max, className }: SparklineProps) {
  const top = Math.max(max ?? 0, ...points.map((point) => point ?? 0)) || 1;
  const x = (at: number) => (points.length < 2 ? width : (at / (points.length - 1)) * width);
  const y = (value: number) => height - 1.5 - (value / top) * (height - 3);
  const lines = segments(points).map((segment) => segment.map(([at, value]) => [x(at), y(value)] as const));
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" className={cx('block h-6 w-full', className)}>
      <line x1="0" x2={width} y1={height - 1} y2={height - 1} className="stroke-line" vectorEffect="non-scaling-stroke" />
      {lines.map((line) => {
        const [first, last] = [line[0], line.at(-1)];
        if (!first || !last) return null;
        // A point that stands alone is drawn as a short dash, or nobody would see it.
        const path = `M${(line.length === 1 ? [[first[0] - 1, first[1]] as const, first] : line).map(([left, up]) => `${left.toFixed(1)} ${up.toFixed(1)}`).join('L')}`;
        return (
          <g key={first[0]}>
            <path d={`${path}L${last[0].toFixed(1)} ${height}L${first[0].toFixed(1)} ${height}Z`} className="fill-accent-soft" />
            <path d={path} fill="none" strokeWidth="1.5" className="stroke-accent" vectorEffect="non-scaling-stroke" />
          </g>
        );
      })}
    </svg>
  );
}

/** Runs of points that are known, each with its place. */
function segments(points: readonly (number | null)[]): [at: number, value: number][][] {
  const runs: [number, number][][] = [];
  let isOpen = false;
  points.forEach((value, at) => {
    if (value !== null && !isOpen) runs.push([]);
    if (value !== null) runs.at(-1)?.push([at, value]);
    isOpen = value !== null;
  });
  return runs;
}
