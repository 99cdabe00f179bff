import { Bar, CartesianGrid, ComposedChart, Line as Curve, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { Write } from './format.ts';

/** What is drawn: a row for each point, a field for each figure. */
export interface DrawnLine {
  readonly key: string;
  readonly name: string;
  readonly look: 'bar' | 'line' | 'dashed' | 'goal';
  readonly colour: string;
}

interface ChartProps {
  title: string;
  summary: string;
  rows: readonly Record<string, string | number | null>[];
  lines: readonly DrawnLine[];
  write: Write;
}

/** A chart in SVG. It is loaded with the page of figures alone: the library is half as large as all the rest. */
export default function Chart({ title, summary, rows, lines, write }: ChartProps) {
  return (
    <ResponsiveContainer width="100%" height="100%" minWidth={0}>
      <ComposedChart data={[...rows]} title={title} desc={summary} accessibilityLayer margin={{ top: 6, right: 6, bottom: 0, left: 0 }}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis dataKey="point" tickLine={false} axisLine={false} interval="equidistantPreserveStart" minTickGap={24} tick={tick} />
        <YAxis
          width={76}
          tickLine={false}
          axisLine={false}
          tick={tick}
          tickFormatter={(value: number) => write(value)}
          domain={[0, 'auto']}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ fill: 'var(--hover)', stroke: 'var(--line)' }}
          formatter={(value) => (typeof value === 'number' ? write(value) : write(null))}
          contentStyle={{ background: 'var(--panel)', border: '1px solid var(--line)', borderRadius: 8, color: 'var(--ink)' }}
          itemStyle={{ color: 'var(--ink)' }}
        />
        {lines.map(({ key, name, look, colour }) =>
          look === 'bar' ? (
            <Bar key={key} dataKey={key} name={name} stackId="pile" fill={colour} maxBarSize={28} isAnimationActive={false} />
          ) : (
            <Curve
              key={key}
              dataKey={key}
              name={name}
              stroke={colour}
              strokeWidth={look === 'goal' ? 1.5 : 2}
              {...(look === 'dashed' && { strokeDasharray: '5 4' })}
              {...(look === 'goal' && { strokeDasharray: '2 3' })}
              // A point between two gaps has no line to be seen by.
              dot={look === 'goal' ? false : { r: 2, strokeWidth: 1, fill: colour }}
              connectNulls={false}
              isAnimationActive={false}
            />
          ),
        )}
      </ComposedChart>
    </ResponsiveContainer>
  );
}

const tick = { fill: 'var(--muted)', fontSize: 11 };
