import { kindInfo, type LiveKind } from './kinds.ts';
import type { SequencedEntry } from './sequenced.ts';

/** One change of state as the live feed tells it. `at` is ISO 8601 in UTC; `state` null where the kind of change says it all. */
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
  return live === null || id === null ? null : { seq, at: at.toISOString(), kind: live, id, state };
}
