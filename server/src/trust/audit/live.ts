import { kindInfo, type LiveKind, objectKind } from './kinds.ts';
import type { SequencedEntry } from './sequenced.ts';

/** One change of state as the live feed tells it. `at` is ISO 8601 in UTC; `state` null where it is not that of the object named. */
export interface LiveMessage {
  readonly seq: number;
  readonly at: string;
  readonly kind: LiveKind;
  readonly id: string;
  readonly state: string | null;
}

/** The live message of an entry; null for one that is no change of state. */
export function liveMessageOf({ seq, at, kind, objectId, taskId, state }: SequencedEntry): LiveMessage | null {
  const live = kindInfo(kind)?.live ?? null;
  const id = live === 'task' ? (taskId ?? objectId) : objectId;
  if (live === null || id === null) return null;
  // A step's `done` under its task's id would say that the task is done.
  return { seq, at: at.toISOString(), kind: live, id, state: objectKind(kind) === 'step' ? null : state };
}
