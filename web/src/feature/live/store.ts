import { useSyncExternalStore } from 'react';
import type { LiveStatus } from '../../api/live.ts';

/** What the live feed knows that no query holds: its own state, and what is new for lists that must not move by themselves. */
interface LiveState {
  status: LiveStatus;
  /** Name of a list -> ids that belong into it and are not in it yet. */
  fresh: Readonly<Record<string, readonly string[]>>;
}

let state: LiveState = { status: 'connecting', fresh: {} };
const listeners = new Set<() => void>();

function set(next: Partial<LiveState>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

export const setLiveStatus = (status: LiveStatus): void => {
  if (status !== state.status) set({ status });
};

export function addFresh(list: string, id: string): void {
  const ids = state.fresh[list] ?? [];
  if (!ids.includes(id)) set({ fresh: { ...state.fresh, [list]: [...ids, id] } });
}

export function clearFresh(list: string): void {
  if (state.fresh[list]) set({ fresh: { ...state.fresh, [list]: [] } });
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useLiveStatus = (): LiveStatus => useSyncExternalStore(subscribe, () => state.status);

/** How many items a list would gain. */
export const useFreshCount = (list: string): number => useSyncExternalStore(subscribe, () => state.fresh[list]?.length ?? 0);
