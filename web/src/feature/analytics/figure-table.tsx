import { ScrollBox } from '../../ui/scroll-box.tsx';

export interface FigureLine {
  /** Whose figures they are, unlike any other line's. */
  key: string;
  /** One for each column. The first names the line. */
  cells: readonly string[];
}

interface FigureTableProps {
  caption: string;
  /** Names of the columns, each another. */
  head: readonly string[];
  lines: readonly FigureLine[];
}

/** Figures in lines: names on the left, numbers under each other on the right. */
export function FigureTable({ caption, head, lines }: FigureTableProps) {
  return (
    <ScrollBox label={caption} className="max-h-96">
      <table className="w-full border-collapse text-left tabular-nums">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-line border-b text-muted text-note">
            {head.map((cell, at) => (
              <th key={cell} scope="col" className={`whitespace-nowrap px-3 py-1.5 font-medium ${at === 0 ? '' : 'text-right'}`}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.key} className="border-line border-b last:border-b-0">
              {line.cells.map((cell, at) =>
                at === 0 ? (
                  <th key={head[at]} scope="row" className="wrap-anywhere min-w-32 px-3 py-1.5 font-medium">
                    {cell}
                  </th>
                ) : (
                  <td key={head[at]} className="whitespace-nowrap px-3 py-1.5 text-right">
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
