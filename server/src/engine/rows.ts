import type { Id } from '#kernel';

/** The task's one state machine (design: one piece of work, one state). */
export type TaskState = 'received' | 'planning' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
export type TaskOutcome = 'completed' | 'refused' | 'partly' | 'undone';
export type WaitReason = 'approval' | 'question' | 'unknown' | 'quota';
export type Risk = 'low' | 'medium' | 'high';
export type StepState = 'pending' | 'waiting' | 'running' | 'done' | 'failed' | 'unknown' | 'undone' | 'refused' | 'skipped';
export type Verdict = 'auto' | 'ask' | 'deny';
export type ApprovalState = 'waiting' | 'approved' | 'rejected' | 'expired' | 'superseded' | 'cancelled';
export type AttemptOutcome = 'done' | 'failed' | 'unknown';

/** What a worker may change about a task; the rest of the row is written once, at intake. */
export interface TaskProgress {
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
  readonly waitReason: WaitReason | null;
  readonly errorCode: string | null;
  /** When the task is due again. Null: only a ring from outside wakes it. */
  readonly runAt: Date | null;
  readonly retries: number;
  readonly planVersion: number;
  readonly playbook: string | null;
  readonly risk: Risk | null;
  readonly detail: Buffer | null;
  readonly finishedAt: Date | null;
}

export interface TaskRow extends TaskProgress {
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  readonly eventId: Id<'event'>;
  readonly source: string;
  readonly kind: string;
  /** The fence: grows with each claim. A commit under an older one changes nothing. */
  readonly epoch: number;
  readonly signals: number;
  readonly cancelling: boolean;
  readonly createdAt: Date;
}

export interface EventRow {
  readonly eventId: Id<'event'>;
  readonly source: string;
  readonly kind: string;
  readonly channel: string;
  readonly receivedAt: Date;
  readonly body: Buffer;
}

export interface PlanRow {
  readonly version: number;
  readonly planner: string;
  readonly playbook: string | null;
  readonly model: string | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly costMicros: number | null;
  readonly body: Buffer;
  readonly createdAt: Date;
}

export interface StepRow {
  readonly planVersion: number;
  readonly stepId: string;
  readonly position: number;
  readonly tool: string;
  readonly effect: string;
  readonly verdict: Verdict;
  readonly state: StepState;
  readonly fence: number;
  readonly errorCode: string | null;
  readonly body: Buffer;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface AttemptRow {
  readonly planVersion: number;
  readonly stepId: string;
  readonly direction: 'do' | 'undo';
  readonly number: number;
  /** The idempotency key, equal for all attempts of one step and direction. */
  readonly key: string;
  readonly fence: number;
  readonly payloadHash: string;
  readonly outcome: AttemptOutcome | null;
  readonly startedAt: Date;
  readonly settledAt: Date | null;
}

export interface ApprovalRow {
  readonly approvalId: Id<'approval'>;
  readonly planVersion: number;
  readonly stepId: string;
  readonly tool: string;
  readonly risk: Risk;
  readonly state: ApprovalState;
  readonly payloadHash: string;
  readonly policyHash: string;
  readonly toolSchemaHash: string;
  readonly policyIds: readonly string[];
  readonly assignedTo: string | null;
  readonly body: Buffer;
  readonly answer: Buffer | null;
  readonly decisionMac: Buffer | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly usedAt: Date | null;
}

/** Everything a worker needs to take a task further: rows as they are, content still sealed. */
export interface TaskSnapshot {
  readonly task: TaskRow;
  readonly event: EventRow;
  /** The plan in force, null before the first. */
  readonly plan: PlanRow | null;
  /** Rows of the plan in force only. */
  readonly steps: readonly StepRow[];
  readonly attempts: readonly AttemptRow[];
  readonly approvals: readonly ApprovalRow[];
  /** The tenant's revision when the task was claimed: what policies, grants and trusted notes said. */
  readonly revision: number;
}

/** One commit of a task: all of it or nothing, together with its audit entries. */
export interface Transition {
  readonly plan?: PlanRow;
  readonly steps?: readonly StepRow[];
  readonly attempts?: readonly AttemptRow[];
  readonly settled?: readonly Pick<AttemptRow, 'planVersion' | 'stepId' | 'direction' | 'number' | 'outcome' | 'settledAt'>[];
  readonly approvals?: readonly ApprovalRow[];
  /** Written only while the approval still is what it `was`: a person who decided in the meantime has decided. */
  readonly approvalChanges?: readonly (Pick<ApprovalRow, 'approvalId' | 'state' | 'usedAt'> & { readonly was: ApprovalState })[];
  readonly progress?: TaskProgress;
  /** Gives the task back: it is claimed again when `runAt` comes or somebody rings. */
  readonly release?: boolean;
  /** Canonical audit bodies, in order. */
  readonly audit: readonly string[];
}

/** What a commit found, as of the moment it was written. `fenced`: another worker owns the task by now and nothing was written. */
export type Committed =
  | {
      readonly kind: 'committed';
      readonly revision: number;
      readonly signals: number;
      readonly cancelling: boolean;
      /** Approvals whose change gave way to what somebody else has made of them. */
      readonly overtaken: readonly string[];
    }
  | { readonly kind: 'fenced' };

/** A claimed task in the hands of one worker. */
export interface Lease {
  readonly snapshot: TaskSnapshot;
  /** Aborted when this worker lost its leases or is stopping hard: start no effect after that. */
  readonly signal: AbortSignal;
  /**
   * Whether the lease has been renewed within its time. A process that was frozen finds out here, before its first beat has told it:
   * ask right before an effect.
   */
  isHeld(): boolean;
  /** Whether this worker is stopping: come to a halt at the next commit and give the task back. */
  isEnding(): boolean;
  /**
   * Commits a transition together with whatever other tasks have ready. Resolves when it is durable.
   * A task that was rung since it was claimed and has not ended is due at once when it is released, whatever `runAt` says.
   * @throws FactotumError `database.unavailable` when the database could not be reached for the whole retry window.
   */
  commit(transition: Transition): Promise<Committed>;
}

/**
 * Takes one claimed task as far as it goes. Ends by releasing the task; what it throws sends the task into back-off, and after eight
 * faults in a row to a person.
 */
export type TaskHandler = (lease: Lease) => Promise<void>;
