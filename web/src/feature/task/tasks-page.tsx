import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ListChecks, SearchX } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import { tasksText } from '#text/tasks.ts';
import { text } from '#text/work.ts';
import { formatExact } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page } from '../../ui/page.tsx';
import { TabStrip, tabClass, wideStrip } from '../../ui/tab-strip.tsx';
import { Help } from '../help/help.tsx';
import { flat } from '../inbox/queries.ts';
import { Fresh } from '../live/fresh.tsx';
import { useSignedIn } from '../session/session.ts';
import { FilterBar } from './filter-bar.tsx';
import { conditionsOf, statesOf, type TaskFilter, type TaskSearch, taskFilters } from './filters.ts';
import { foundTasksQuery } from './queries.ts';
import { SavedViews, SaveView } from './saved-views.tsx';
import { TaskList } from './task-list.tsx';

const route = getRouteApi('/tasks');

/** All tasks, newest first; what they are narrowed to is in the address. */
export default function TasksPage() {
  const search = route.useSearch();
  const tasks = useInfiniteQuery(foundTasksQuery(search));
  const area = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => flat(tasks.data), [tasks.data]);
  const states = search.state ? statesOf[search.state].join(',') : '';
  const isNarrow = conditionsOf(search) > 0;
  const lookedBackTo = tasks.data?.pages.at(-1)?.lookedBackTo ?? null;
  return (
    <Page
      title={text.task.title}
      help={<Help topic="tasks" />}
      side={tasks.data && <p className="text-muted text-note">{text.task.count(rows.length, tasks.hasNextPage)}</p>}
    >
      <SavedViews search={search} />
      <FilterBar search={search} side={(isNarrow || search.state) && <SaveView search={search} />} />
      <TabStrip label={text.task.filter} current={search.state ?? ''} className={wideStrip}>
        <FilterLink search={search} label={text.task.all} />
        {taskFilters.map((filter) => (
          <FilterLink key={filter} search={search} filter={filter} label={text.task[filter]} />
        ))}
      </TabStrip>
      <div ref={area}>
        {!isNarrow && <Fresh list={`tasks:${states}`} area={area} onShow={tasks.refetch} />}
        {tasks.error && !tasks.data && <ErrorBox error={tasks.error} onRetry={tasks.refetch} />}
        <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
          {tasks.isPending && <Skeleton rows={8} height="h-15" />}
          {tasks.data && rows.length === 0 && lookedBackTo === null && <Nothing search={search} isNarrow={isNarrow} />}
          {rows.length > 0 && <TaskList tasks={rows} search={search} />}
        </div>
        {lookedBackTo !== null && <p className="mt-4 text-center text-muted">{tasksText.filter.lookedBack(formatExact(lookedBackTo))}</p>}
        {tasks.hasNextPage && (
          <More
            label={lookedBackTo === null ? text.common.more : tasksText.filter.lookOn}
            isBusy={tasks.isFetchingNextPage}
            // What hardly fits anything would be looked for through the whole past.
            isAuto={lookedBackTo === null && !tasks.isFetchNextPageError}
            onMore={tasks.fetchNextPage}
          />
        )}
      </div>
    </Page>
  );
}

function Nothing({ search, isNarrow }: { search: TaskSearch; isNarrow: boolean }) {
  const maySend = useSignedIn().permissions.includes('event:write');
  if (isNarrow)
    return (
      <Empty icon={<SearchX size={18} aria-hidden="true" />} title={tasksText.filter.emptyTitle}>
        {tasksText.filter.emptyText}
      </Empty>
    );
  return (
    <Empty icon={<ListChecks size={18} aria-hidden="true" />} title={search.state ? text.task.emptyFilter : text.task.empty}>
      {!search.state && (
        <>
          <p>{text.task.emptyText}</p>
          {maySend && (
            <Link to="/send" className={`mt-2 ${linkClass}`}>
              {text.inbox.send}
            </Link>
          )}
        </>
      )}
    </Empty>
  );
}

/** How far below the window more is fetched already. */
const aheadPx = 1_200;

/** Fetches more when somebody scrolls near the end; the button does it for everybody else. */
function More({ label, isBusy, isAuto, onMore }: { label: string; isBusy: boolean; isAuto: boolean; onMore: () => unknown }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isAuto || isBusy || end.current === null) return;
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && void onMore(), { rootMargin: `${aheadPx}px` });
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [isAuto, isBusy, onMore]);
  return (
    <div ref={end} className="mt-4 flex justify-center">
      <Button disabled={isBusy} onClick={() => void onMore()}>
        {isBusy ? tasksText.filter.loading : label}
      </Button>
    </div>
  );
}

interface FilterLinkProps {
  search: TaskSearch;
  filter?: TaskFilter;
  label: string;
}

function FilterLink({ search: { state, ...others }, filter, label }: FilterLinkProps) {
  const isCurrent = state === filter;
  return (
    <li>
      <Link
        to="/tasks"
        search={filter ? { ...others, state: filter } : others}
        aria-current={isCurrent ? 'page' : undefined}
        className={tabClass}
      >
        {label}
      </Link>
    </li>
  );
}
