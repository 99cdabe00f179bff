import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronDown, ChevronUp } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { tasksText } from '#text/tasks.ts';
import { formatCount } from '../../format.ts';
import { cx } from '../../ui/cx.ts';
import { flat } from '../inbox/queries.ts';
import type { TaskSearch } from './filters.ts';
import { foundTasksQuery } from './queries.ts';

const words = tasksText.near;
const linkClass = 'inline-flex size-7 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-ink touch:size-11';

/** The way to the tasks before and after this one in the list that it was opened from. Nothing where it stands in none. */
export function Near({ taskId, search }: { taskId: string; search: TaskSearch }) {
  const tasks = useInfiniteQuery(foundTasksQuery(search));
  const rows = flat(tasks.data);
  const at = rows.findIndex(({ id }) => id === taskId);
  const { hasNextPage, isFetching, fetchNextPage } = tasks;
  const isLast = at === rows.length - 1;
  useEffect(() => {
    if (at >= 0 && isLast && hasNextPage && !isFetching) void fetchNextPage();
  }, [at, isLast, hasNextPage, isFetching, fetchNextPage]);
  if (at < 0) return null;
  return (
    <nav aria-label={words.label} className="flex items-center gap-1">
      <span className="mr-1 text-muted text-note">{words.place(at + 1, `${formatCount(rows.length)}${hasNextPage ? '+' : ''}`)}</span>
      <Step
        label={words.previous}
        shortcut="p"
        taskId={rows[at - 1]?.id}
        search={search}
        icon={<ChevronUp size={15} aria-hidden="true" />}
      />
      <Step label={words.next} shortcut="n" taskId={rows[at + 1]?.id} search={search} icon={<ChevronDown size={15} aria-hidden="true" />} />
    </nav>
  );
}

interface StepProps {
  label: string;
  shortcut: string;
  taskId: string | undefined;
  search: TaskSearch;
  icon: ReactNode;
}

function Step({ label, shortcut, taskId, search, icon }: StepProps) {
  if (taskId === undefined)
    return (
      <span aria-hidden="true" className={cx(linkClass, 'opacity-40')}>
        {icon}
      </span>
    );
  return (
    <Link
      to="/tasks/$taskId"
      params={{ taskId }}
      search={{ ...search, list: true }}
      aria-label={label}
      title={label}
      aria-keyshortcuts={shortcut}
      className={linkClass}
    >
      {icon}
    </Link>
  );
}
