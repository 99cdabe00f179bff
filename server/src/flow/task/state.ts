import type { TaskState } from '#engine';

/**
 * Which state may follow which, as one commit sees it: a task that is planned and parked at once goes from `received` to `waiting`.
 * A task moves only along these, and only by a worker that holds its lease. `failed` is a dead letter, not an end: a person may resume it.
 */
const taskMoves: Readonly<Record<TaskState, readonly TaskState[]>> = {
  received: ['planning', 'running', 'waiting', 'done', 'failed', 'cancelled'],
  planning: ['running', 'waiting', 'done', 'failed', 'cancelled'],
  waiting: ['planning', 'running', 'done', 'failed', 'cancelled'],
  running: ['planning', 'waiting', 'done', 'failed', 'cancelled'],
  failed: ['planning', 'running', 'waiting', 'done', 'cancelled'],
  done: [],
  cancelled: [],
};

/** Whether the task has come to its end and nothing will move it again. */
export const isEnded = (state: TaskState): boolean => taskMoves[state].length === 0;

/** Whether a commit may leave a task that was in the one state in the other. */
export const mayMove = (from: TaskState, to: TaskState): boolean => from === to || taskMoves[from].includes(to);
