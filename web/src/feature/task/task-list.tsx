import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import type { TaskSummary } from '../../api/types.ts';
import type { TaskSearch } from './filters.ts';
import { TaskRow } from './task-row.tsx';

/** Shorter lists are simply drawn. */
const virtualAbove = 200;
/** Height of a TaskRow (h-15) with its dividing line. */
const rowPx = 61;

interface ListProps {
  tasks: readonly TaskSummary[];
  /** What the list is narrowed to: a task that is opened from it knows its neighbours. */
  search: TaskSearch;
}

/** A list of tasks of any length: above 200 rows only what is near the window is in the page. */
export function TaskList({ tasks, search }: ListProps) {
  if (tasks.length > virtualAbove) return <LongList tasks={tasks} search={search} />;
  return (
    <ul className="divide-y divide-line">
      {tasks.map((task) => (
        <TaskRow key={task.id} task={task} search={search} />
      ))}
    </ul>
  );
}

function LongList({ tasks, search }: ListProps) {
  const list = useRef<HTMLUListElement>(null);
  const [offsetPx, setOffsetPx] = useState(0);
  useLayoutEffect(() => setOffsetPx((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY), []);
  const virtual = useWindowVirtualizer({ count: tasks.length, estimateSize: () => rowPx, overscan: 12, scrollMargin: offsetPx });
  const items = virtual.getVirtualItems();
  const before = (items[0]?.start ?? offsetPx) - offsetPx;
  const after = virtual.getTotalSize() - ((items.at(-1)?.end ?? offsetPx) - offsetPx);
  return (
    <ul ref={list} className="divide-y divide-line" style={{ paddingTop: before, paddingBottom: Math.max(0, after) }}>
      {items.map(({ index }) => {
        const task = tasks[index];
        return task && <TaskRow key={task.id} task={task} search={search} />;
      })}
    </ul>
  );
}
