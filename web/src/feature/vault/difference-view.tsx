import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { vaultText } from '#text/vault.ts';
import type { NoteVersion } from '../../api/vault.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { compareLines, type DiffRow, foldSame } from './difference.ts';
import { versionTextQuery } from './queries.ts';

const words = vaultText.difference;
/** Rows that are drawn at once. */
const rowsAtOnce = 500;

interface DifferenceViewProps {
  /** null: there is nothing before. */
  from: NoteVersion | null;
  to: NoteVersion;
  /** What is compared with what. */
  about: string;
}

/** What is different between two versions of a note, line by line. */
export function DifferenceView({ from, to, about }: DifferenceViewProps) {
  const before = useQuery({ ...versionTextQuery(from ?? to), enabled: from !== null });
  const after = useQuery(versionTextQuery(to));
  const failed = [before, after].find(({ error }) => error);
  if (failed) return <ErrorBox error={failed.error} onRetry={failed.refetch} />;
  const [old, young] = [from === null ? '' : before.data, after.data];
  if (old === undefined || young === undefined) return <Skeleton rows={6} />;
  return (
    <>
      <p className="mb-2 text-muted text-note">{about}</p>
      {from !== null && from.path !== to.path && (
        <p className="mb-2">
          <ForeignText value={words.moved(from.path, to.path)} cutAt={500} />
        </p>
      )}
      {old === null || young === null ? <p className="text-muted">{words.binary}</p> : <Lines before={old} after={young} />}
    </>
  );
}

/** Two texts line by line: what was removed, what was added, equal stretches folded. */
export function Lines({ before, after }: { before: string; after: string }) {
  const [rowsMax, setRowsMax] = useState(rowsAtOnce);
  const lines = useMemo(() => compareLines(before, after), [before, after]);
  const rows = useMemo(() => foldSame(lines ?? []), [lines]);
  if (lines === null) return <p className="text-muted">{words.tooLarge}</p>;
  const count = (kind: 'added' | 'removed') => lines.filter((line) => line.kind === kind).length;
  if (count('added') + count('removed') === 0) return <p className="text-muted">{words.same}</p>;
  return (
    <>
      <p className="mb-2 font-medium tabular-nums">{words.count(count('added'), count('removed'))}</p>
      <ScrollBox label={words.label} className="max-h-[70dvh] rounded-card border border-line bg-panel py-1 font-mono text-note leading-5">
        <ul>
          {rows.slice(0, rowsMax).map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are computed anew for each pair of texts and never reordered
            <LineRow key={i} row={row} />
          ))}
        </ul>
      </ScrollBox>
      {rows.length > rowsMax && (
        <div className="mt-4 flex justify-center">
          <Button onClick={() => setRowsMax(rowsMax + rowsAtOnce)}>{words.more(Math.min(rowsAtOnce, rows.length - rowsMax))}</Button>
        </div>
      )}
    </>
  );
}

const signs = { added: '+', removed: '−', same: ' ' } as const;
const tones = { added: 'bg-good-soft', removed: 'bg-bad-soft', same: '' } as const;
const signTones = { added: 'text-good', removed: 'text-bad', same: '' } as const;

function LineRow({ row }: { row: DiffRow }) {
  if (row.kind === 'skipped') return <li className="bg-hover px-4 py-1 font-sans text-muted">{words.skipped(row.lines)}</li>;
  return (
    <li className={cx('flex min-h-5 gap-3 px-4', tones[row.kind])}>
      <span aria-hidden="true" className={cx('w-2 shrink-0 select-none font-semibold', signTones[row.kind])}>
        {signs[row.kind]}
      </span>
      <span className="min-w-0 flex-1 whitespace-pre-wrap">
        {row.kind !== 'same' && <span className="sr-only">{words.kinds[row.kind]} </span>}
        <ForeignText value={row.text} cutAt={2_000} />
      </span>
    </li>
  );
}
