/** What watchers have done, for whoever draws figures. Counts only grow. */
export interface WatcherFigures {
  /** By connector and outcome, joined by a space: `imap done`. */
  readonly polls: ReadonlyMap<string, number>;
  /** New ones, by connector. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** How late the last polls began, in seconds: sum and count. */
  readonly late: { readonly sumSeconds: number; readonly count: number };
  /** Of the whole installation, as this process saw it last; empty where nothing is watched. */
  readonly states: ReadonlyMap<string, number>;
  /** By how much the connection that waits longest for its turn is late. */
  readonly lagMs: number;
  /** Connections that this process looks after, and those of them that it polls right now. */
  readonly held: number;
  readonly polling: number;
  readonly streams: number;
}

/** Where nobody watches. */
export const noFigures: WatcherFigures = {
  ...{ polls: new Map(), arrivals: new Map(), states: new Map(), late: { sumSeconds: 0, count: 0 } },
  ...{ lagMs: 0, held: 0, polling: 0, streams: 0 },
};

/** Counts in memory. */
export function createCounting() {
  const polls = new Map<string, number>();
  const arrivals = new Map<string, number>();
  const late = { sumSeconds: 0, count: 0 };
  const add = (map: Map<string, number>, name: string, count: number) => map.set(name, (map.get(name) ?? 0) + count);
  return {
    ...{ polls, arrivals, late },
    poll(connector: string, outcome: string, lateMs: number): void {
      add(polls, `${connector} ${outcome}`, 1);
      late.sumSeconds += lateMs / 1_000;
      late.count += 1;
    },
    arrived: (connector: string, count: number): void => void add(arrivals, connector, count),
  };
}
