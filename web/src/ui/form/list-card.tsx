import { type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { listQuery } from '../../api/list.ts';
import type { Page } from '../../api/types.ts';
import { cx } from '../cx.ts';
import { ErrorBox, Skeleton } from '../feedback.tsx';
import { MoreButton } from '../more-button.tsx';

interface ListCardProps<T> {
  query: ReturnType<typeof listQuery<T>>;
  keyOf: (item: T) => string;
  children: (item: T) => ReactNode;
  /** What stands there when the list is empty; without it, nothing does. */
  empty?: ReactNode;
  rows?: number;
}

/** A list of the server as a card: grey rows, a failure with a way to try again, the empty state, or the rows. */
export function ListCard<T>({ query, keyOf, children, empty, rows = 4 }: ListCardProps<T>) {
  const list: UseInfiniteQueryResult<{ pages: Page<T>[] }> = useInfiniteQuery(query);
  if (list.error && !list.data) return <ErrorBox error={list.error} onRetry={list.refetch} />;
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
        {list.isPending && <Skeleton rows={rows} />}
        {list.data && items.length === 0 && empty}
        {items.length > 0 && (
          <ul className="divide-y divide-line">
            {items.map((item) => (
              <li key={keyOf(item)}>{children(item)}</li>
            ))}
          </ul>
        )}
      </div>
      <MoreButton list={list} />
    </>
  );
}

interface RowProps {
  title: ReactNode;
  /** A quiet second line. */
  note?: ReactNode;
  /** Badges and the like beside the title. */
  marks?: ReactNode;
  /** Buttons at the end of the row, below it on a phone. */
  side?: ReactNode;
  /** The figure that the row is about, in a column of its own: the last one, and beside the title on a phone. */
  figure?: ReactNode;
}

/** One row of a list: what it is, what is to know about it, what can be done with it. */
export function Row({ title, note, marks, side, figure }: RowProps) {
  const hasFigure = figure !== undefined;
  return (
    <div className="flex min-h-14 flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5">
      <div className={cx('min-w-0 flex-1', hasFigure ? 'basis-48 max-sm:basis-0' : 'basis-48')}>
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="wrap-anywhere min-w-0 font-medium">{title}</span>
          {marks}
        </div>
        {note && <div className="wrap-anywhere text-muted text-note">{note}</div>}
      </div>
      {side && (
        <div
          className={cx(
            'ml-auto flex flex-wrap items-center justify-end gap-2',
            hasFigure && 'max-sm:order-last max-sm:w-full max-sm:justify-start',
          )}
        >
          {side}
        </div>
      )}
      {hasFigure && <div className="flex min-w-26 justify-end text-right max-sm:min-w-0 max-sm:self-start">{figure}</div>}
    </div>
  );
}
