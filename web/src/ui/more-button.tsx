import { text } from '#text/work.ts';
import { Button } from './button.tsx';
import { cx } from './cx.ts';

interface MoreButtonProps {
  /** A list that comes in pages. */
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  /** How far it stands from what is around it. */
  className?: string;
}

/** Fetches a list's next page; not there when all pages are. */
export function MoreButton({ list: { hasNextPage, isFetchingNextPage, fetchNextPage }, className = 'mt-4' }: MoreButtonProps) {
  if (!hasNextPage) return null;
  return (
    <div className={cx('flex justify-center', className)}>
      <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {text.common.more}
      </Button>
    </div>
  );
}
