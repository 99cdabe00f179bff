import { Link } from '@tanstack/react-router';
import { text } from '#text/work.ts';
import type { TaskSummary } from '../../api/types.ts';
import { buttonClass } from '../../ui/button.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Time } from '../../ui/time.tsx';
import { TaskBadge, TaskIcon } from '../task/state.tsx';

const verbs = { question: text.inbox.answer, unknown: text.inbox.settle, failed: text.inbox.look };

/** A task that cannot go on by itself: it asks, it failed, or nobody knows whether a step happened. */
export function StuckRow({ kind, task }: { kind: keyof typeof verbs; task: TaskSummary }) {
  const words = (kind === 'question' ? task.question : task.note) ?? task.summary;
  return (
    <li
      data-row
      className="group relative flex flex-wrap items-start gap-x-3 gap-y-2.5 px-4 py-3 transition-colors duration-100 focus-within:bg-hover hover:bg-hover md:flex-nowrap md:items-center"
    >
      <span className="flex size-7 shrink-0 items-center justify-center rounded-control bg-hover group-hover:bg-panel">
        <TaskIcon task={task} size={15} />
      </span>
      <div className="min-w-0 flex-1">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: task.id }}
          data-row-link
          className="line-clamp-2 font-medium outline-offset-4 after:absolute after:inset-0 lg:line-clamp-1"
        >
          <ForeignLine value={task.title} />
        </Link>
        <p className="mt-0.5 flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1 text-muted text-note sm:flex-nowrap">
          <TaskBadge task={task} />
          <Time at={task.createdAt} />
          {words && (
            <span className="truncate">
              <ForeignLine value={words} />
            </span>
          )}
        </p>
      </div>
      <span aria-hidden="true" className={`${buttonClass('plain', 'small')} max-sm:hidden`}>
        {verbs[kind]}
      </span>
    </li>
  );
}
