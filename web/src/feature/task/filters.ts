import type { Risk, TaskState, WaitReason } from '../../api/types.ts';

export const taskFilters = ['open', 'waiting', 'done', 'failed', 'cancelled'] as const;
export type TaskFilter = (typeof taskFilters)[number];

/** The states that a filter of the task list stands for. */
export const statesOf: Record<TaskFilter, readonly TaskState[]> = {
  open: ['received', 'planning', 'waiting', 'running'],
  waiting: ['waiting'],
  done: ['done'],
  failed: ['failed'],
  cancelled: ['cancelled'],
};

export const risks: readonly Risk[] = ['high', 'medium', 'low'];
export const waitReasons: readonly WaitReason[] = ['approval', 'question', 'unknown', 'quota'];

/** What the list of tasks is narrowed to, as its address says it. Days are the reader's own. */
export interface TaskSearch {
  state?: TaskFilter;
  q?: string;
  source?: string;
  playbook?: string;
  risk?: Risk;
  wait?: WaitReason;
  from?: string;
  until?: string;
}

const dayPattern = /^\d{4}-\d{2}-\d{2}$/;

/** The part of an address that is a filter; what is none is left out. A search for a number is read as one by the router. */
export function readTaskSearch(search: Record<string, unknown>): TaskSearch {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  };
  const state = taskFilters.find((filter) => filter === search.state);
  const risk = risks.find((one) => one === search.risk);
  const wait = waitReasons.find((reason) => reason === search.wait);
  return {
    ...(state && { state }),
    ...(text('q') && { q: text('q') }),
    ...(text('source') && { source: text('source') }),
    ...(text('playbook') && { playbook: text('playbook') }),
    ...(risk && { risk }),
    ...(wait && { wait }),
    ...(dayPattern.test(text('from')) && { from: text('from') }),
    ...(dayPattern.test(text('until')) && { until: text('until') }),
  };
}

/** How many conditions there are besides the state. */
export const conditionsOf = ({ state: _state, ...others }: TaskSearch): number => Object.keys(others).length;

/** The filter as the server takes it: whole days by the reader's clock. */
export function queryOf({ state, from, until, ...others }: TaskSearch): Record<string, string> {
  const states = state ? statesOf[state].join(',') : '';
  return {
    ...(states && { state: states }),
    ...others,
    ...(from && { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(until && { until: dayAfter(until).toISOString() }),
  };
}

function dayAfter(day: string): Date {
  const date = new Date(`${day}T00:00:00`);
  // By the calendar: where the clocks are changed a day has not 24 hours.
  date.setDate(date.getDate() + 1);
  return date;
}
