import type { EventKind } from '../playbooks.ts';
import type { Tenant } from '../tenant.ts';

/** What the load generator can be asked to do. */
export type Job =
  /** Keeps `inFlight` tasks under way over all tenants: a finished one makes room for the next. */
  | {
      readonly do: 'sustain';
      readonly tenants: readonly Tenant[];
      readonly kind: EventKind;
      readonly inFlight: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  /** One task at a time, the next one `pauseMs` after the last has finished. */
  | {
      readonly do: 'single';
      readonly tenant: Tenant;
      readonly kind: EventKind;
      readonly count: number;
      readonly warmUp: number;
      readonly pauseMs: number;
    }
  /** Every tenant sends one task each `everyMs`, whatever becomes of them. */
  | {
      readonly do: 'pace';
      readonly tenants: readonly Tenant[];
      readonly kind: EventKind;
      readonly everyMs: number;
      readonly measureMs: number;
    }
  /** Sends as fast as answers come over so many connections, until told to stop. Refusals for being too many are what it is there for. */
  | { readonly do: 'flood'; readonly tenant: Tenant; readonly kind: EventKind; readonly connections: number }
  /** Keeps so many connections to the server that do it no good, until told to stop. */
  | { readonly do: 'siege'; readonly tenant: Tenant; readonly how: 'idle' | 'slowloris' | 'oversized'; readonly connections: number }
  /** Sends and finishes like `sustain` until the server goes away. */
  | { readonly do: 'until-broken'; readonly tenants: readonly Tenant[]; readonly kind: EventKind; readonly inFlight: number }
  /** Fetches each path in turn. */
  | { readonly do: 'fetch'; readonly tenant: Tenant; readonly paths: readonly string[] };

/** Everything a job found out. Times in milliseconds. */
export interface JobResult {
  /** Of what was measured: from sending the event (or asking) to hearing that it is finished (or to the last byte). */
  readonly latencies: readonly number[];
  /** From the event's acceptance to hearing that it is finished. */
  readonly fromAccepted: readonly number[];
  /** Tasks that finished in the time that was measured, and how long that was. */
  readonly finished: number;
  /** The same, of everything that was sent. */
  readonly completed: number;
  readonly elapsedMs: number;
  /** What went wrong, the first few of each kind, and how many of all. */
  readonly errors: readonly string[];
  readonly errorCount: number;
  /** Approvals that were decided. */
  readonly decided: number;
  /** Processor time of the generator, from its first request. */
  readonly cpuMs: number;
  /** Refused with 429. */
  readonly refused: number;
  /** Accepted, finished or not: `tenant id/external id` and the task's id, empty where the answer never came. */
  readonly sent: readonly { readonly tenantId: string; readonly externalId: string; readonly taskId: string; readonly finished: boolean }[];
}

/** What a job itself can tell. */
export type Findings = Omit<JobResult, 'cpuMs'>;
