/** What one process did between two looks, and what it holds now. Rates are per second unless the name says otherwise. */
export interface ProcessFigures {
  /** The share of one processor core: 1 is a whole one. */
  readonly cpu: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** How late the event loop was with what was due, at the 99th percentile, in milliseconds. */
  readonly loopDelayMs: number;
  readonly requests: number;
  /** Answers of 500 and above. */
  readonly faults: number;
  /** From a request to its answer, in milliseconds; null where there was none. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly tasksRunning: number;
  readonly tasksPerMinute: number;
  readonly auditEntries: number;
  /** Database connections in use, of how many, and who waits for one. */
  readonly poolBusy: number;
  readonly poolMax: number;
  readonly poolWaiting: number;
}
