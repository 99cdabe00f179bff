import { Download } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { analyticsText as words } from '#text/analytics.ts';
import type { BucketSize } from '../../api/analytics.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Definition } from '../../ui/definition.tsx';
import type { DrawnLine } from './chart.tsx';
import { FigureTable } from './figure-table.tsx';
import type { Write } from './format.ts';
import { type ChartSpec, figureName, type Line } from './lines.ts';

const Chart = lazy(() => import('./chart.tsx'));

interface ChartCardProps {
  spec: ChartSpec;
  size: BucketSize;
  /** What each point is called on the axis, and the days that it stands for. */
  points: readonly { readonly point: string; readonly days: string }[];
  href: string;
}

/** A chart with its unit, what it says in words, and the same as a table. */
export function ChartCard({ spec, size, points, href }: ChartCardProps) {
  const [isTable, setTable] = useState(false);
  const name = words.charts[spec.name];
  const title = words.chartTitle(name, spec.unit, words.bySize[size]);
  const summary = summaryOf(spec.lines[0], points, spec.write);
  const shown = [
    ...spec.lines.map(({ figure, look, tone, values }) => ({
      key: figure,
      name: figureName(figure),
      look,
      colour: `var(--${tone})`,
      values,
    })),
    ...(spec.goal ? [{ key: 'goal', name: spec.goal.label, look: 'goal' as const, colour: 'var(--good)', values: spec.goal.values }] : []),
  ];
  return (
    <section className="mb-6 rounded-card border border-line bg-panel p-4" aria-label={title}>
      <div className="mb-2 flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0">
          <h2 className="font-semibold text-lead">{title}</h2>
          <p className="text-muted text-note">{summary}</p>
        </div>
        <div className="flex gap-2">
          <Button size="small" onClick={() => setTable(!isTable)} aria-label={isTable ? words.showChartOf(name) : words.showTableOf(name)}>
            {isTable ? words.showChart : words.showTable}
          </Button>
          <a href={href} download aria-label={words.csvOf(name)} className={buttonClass('plain', 'small')}>
            <Download size={13} aria-hidden="true" />
            {words.csv}
          </a>
        </div>
      </div>
      <ul className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-note">
        {shown.map((line) => (
          <li key={line.key} className="flex items-center gap-1.5">
            <Swatch line={line} />
            {line.look === 'goal' ? line.name : <Definition means={meansOf(line.key)}>{line.name}</Definition>}
          </li>
        ))}
      </ul>
      {isTable ? (
        <FigureTable
          caption={title}
          head={[words.days, ...shown.map((line) => line.name)]}
          lines={points.map(({ days }, at) => ({
            key: days,
            cells: [days, ...shown.map(({ values }) => spec.write(values[at] ?? null))],
          }))}
        />
      ) : (
        <div className="h-56 min-w-0 overflow-hidden">
          <Suspense>
            <Chart
              title={title}
              summary={summary}
              write={spec.write}
              lines={shown}
              rows={points.map(({ point }, at) => ({
                point,
                ...Object.fromEntries(shown.map(({ key, values }) => [key, values[at] ?? null])),
              }))}
            />
          </Suspense>
        </div>
      )}
    </section>
  );
}

function Swatch({ line: { look, colour } }: { line: DrawnLine }) {
  return (
    <svg width="16" height="8" viewBox="0 0 16 8" aria-hidden="true">
      {look === 'bar' ? (
        <rect width="16" height="8" rx="2" fill={colour} />
      ) : (
        <line
          x1="0"
          y1="4"
          x2="16"
          y2="4"
          stroke={colour}
          strokeWidth="2"
          strokeDasharray={look === 'dashed' ? '5 3' : look === 'goal' ? '2 2' : 'none'}
        />
      )}
    </svg>
  );
}

const meansOf = (figure: string): string => Object.entries(words.figures).find(([name]) => name === figure)?.[1][1] ?? '';

/** The most and the least of the first line, in words. */
function summaryOf(line: Line | undefined, points: ChartCardProps['points'], write: Write): string {
  const known = (line?.values ?? []).flatMap((value, at) => (value === null ? [] : [{ value, at: points[at]?.point ?? '' }]));
  const [first] = known;
  if (line === undefined || first === undefined) return words.summaryNone;
  if (known.length === 1) return words.summaryOne(figureName(line.figure), write(first.value), first.at);
  const most = known.reduce((best, one) => (one.value > best.value ? one : best), first);
  const least = known.reduce((best, one) => (one.value < best.value ? one : best), first);
  return words.summary(figureName(line.figure), write(most.value), most.at, write(least.value), least.at);
}
