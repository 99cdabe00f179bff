import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ListChecks } from 'lucide-react';
import { useRef } from 'react';
import { text } from '#text/common.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { flat } from '../inbox/queries.ts';
import { Fresh } from '../live/fresh.tsx';
import { statesOf, type TaskFilter, taskFilters } from './filters.ts';
import { tasksQuery } from './queries.ts';
import { TaskList } from './task-list.tsx';

const route = getRouteApi('/tasks');

/** All tasks, newest first; the filter is in the address. */
export default function TasksPage() {
  const { state } = route.useSearch();
  const states = state ? statesOf[state] : [];
  const tasks = useInfiniteQuery(tasksQuery(states));
  const area = useRef<HTMLDivElement>(null);
  const rows = flat(tasks.data);
  return (
    <Page
      title={text.task.title}
      side={tasks.data && <p className="text-muted text-note">{text.task.count(rows.length, tasks.hasNextPage)}</p>}
    >
      <nav aria-label={text.task.filter} className="-mx-4 mb-4 overflow-x-auto px-4 sm:mx-0 sm:px-0">
        <ul className="flex w-max gap-1">
          <FilterLink current={state} label={text.task.all} isFirst />
          {taskFilters.map((filter) => (
            <FilterLink key={filter} current={state} filter={filter} label={text.task[filter]} />
          ))}
        </ul>
      </nav>
      <div ref={area}>
        <Fresh list={`tasks:${states.join(',')}`} area={area} onShow={tasks.refetch} />
        {tasks.error && !tasks.data && <ErrorBox error={tasks.error} onRetry={tasks.refetch} />}
        <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
          {tasks.isPending && <Skeleton rows={8} height="h-15" />}
          {tasks.data && rows.length === 0 && (
            <Empty icon={<ListChecks size={18} aria-hidden="true" />} title={state ? text.task.emptyFilter : text.task.empty}>
              {!state && text.task.emptyText}
            </Empty>
          )}
          {rows.length > 0 && <TaskList tasks={rows} />}
        </div>
        {tasks.hasNextPage && (
          <div className="mt-4 flex justify-center">
            <Button disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()}>
              {text.common.more}
            </Button>
          </div>
        )}
      </div>
    </Page>
  );
}

interface FilterLinkProps {
  current: TaskFilter | undefined;
  filter?: TaskFilter;
  label: string;
  isFirst?: boolean;
}

function FilterLink({ current, filter, label, isFirst = false }: FilterLinkProps) {
  const isCurrent = current === filter;
  return (
    <li>
      <Link
        to="/tasks"
        search={filter ? { state: filter } : {}}
        aria-current={isCurrent ? 'page' : undefined}
        data-filter={isFirst || undefined}
        className={cx(
          'flex h-7 items-center rounded-full px-3 font-medium -outline-offset-2 touch:h-11 touch:px-4',
          isCurrent ? 'bg-ink text-bg' : 'text-muted hover:bg-hover hover:text-ink',
        )}
      >
        {label}
      </Link>
    </li>
  );
}
