import { Link } from '@tanstack/react-router';
import type { TaskSummary } from '../../api/types.ts';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Time } from '../../ui/time.tsx';
import { DemoMark } from '../demo/demo-mark.tsx';
import type { TaskSearch } from './filters.ts';
import { lineOf, TaskIcon, wordOfTask } from './state.tsx';

/** One task in a list: what it is, what became of it, in one line each. */
export function TaskRow({ task, search }: { task: TaskSummary; search?: TaskSearch }) {
  const words = lineOf(task);
  return (
    <li
      data-row
      className="group relative flex h-15 items-center gap-3 px-4 transition-colors duration-100 focus-within:bg-hover hover:bg-hover"
    >
      <span className="flex size-7 shrink-0 items-center justify-center">
        <TaskIcon task={task} />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 items-baseline gap-2">
          <Link
            to="/tasks/$taskId"
            params={{ taskId: task.id }}
            search={search === undefined ? {} : { ...search, list: true }}
            data-row-link
            className="min-w-0 shrink truncate font-medium outline-offset-2 after:absolute after:inset-0"
          >
            <ForeignLine value={task.title} />
          </Link>
          <DemoMark of="tasks" id={task.id} />
          {task.from && (
            <span className="min-w-0 shrink-[3] truncate text-muted text-note max-sm:hidden">
              <ForeignLine value={task.from} />
            </span>
          )}
        </p>
        <p className="truncate text-muted text-note">
          <span className="font-medium">{wordOfTask(task)}</span>
          {words && (
            <>
              {' · '}
              <ForeignLine value={words} />
            </>
          )}
        </p>
      </div>
      <span className="shrink-0 text-muted text-note">
        <Time at={task.updatedAt} short />
      </span>
    </li>
  );
}
