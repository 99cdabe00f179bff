import { analyticsText as words } from '#text/analytics.ts';
import { Definition } from '../../ui/definition.tsx';
import type { Tile } from './lines.ts';

interface FigureTilesProps {
  tiles: readonly Tile[];
  /** The days that the figures are about, and those before them. */
  span: string;
  spanBefore: string;
}

/** Figures of the whole period, each with what it means and what it was before; the days of all of them are said once. */
export function FigureTiles({ tiles, span, spanBefore }: FigureTilesProps) {
  return (
    <>
      <p className="mb-2 text-muted text-note">{words.spans(span, spanBefore)}</p>
      <dl className="mb-6 grid grid-cols-2 gap-3 lg:grid-cols-3">
        {tiles.map(({ figure, write, value, before }) => {
          const [name = '', means = ''] = words.figures[figure];
          return (
            <div key={figure} className="wrap-anywhere flex min-w-0 flex-col rounded-card border border-line bg-panel p-3 sm:p-4">
              <dt className="text-muted">
                <Definition means={means}>{name}</Definition>
              </dt>
              <dd className="mt-1 font-semibold text-figure tabular-nums">{write(value)}</dd>
              <dd className="text-muted text-note tabular-nums">{before === undefined ? words.noBefore : words.before(write(before))}</dd>
            </div>
          );
        })}
      </dl>
    </>
  );
}
