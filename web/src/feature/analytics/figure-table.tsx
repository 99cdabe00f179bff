import type { ReactNode } from 'react';
import { ScrollBox } from '../../ui/scroll-box.tsx';

interface FigureTableProps {
  caption: string;
  head: readonly ReactNode[];
  lines: readonly (readonly string[])[];
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
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
              <th key={at} scope="col" className={`whitespace-nowrap px-3 py-1.5 font-medium ${at === 0 ? '' : 'text-right'}`}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line[0]} className="border-line border-b last:border-b-0">
              {line.map((cell, at) =>
                at === 0 ? (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                  <th key={at} scope="row" className="wrap-anywhere min-w-32 px-3 py-1.5 font-medium">
                    {cell}
                  </th>
                ) : (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                  <td key={at} className="whitespace-nowrap px-3 py-1.5 text-right">
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
