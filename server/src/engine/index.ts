export { backoffMs } from './backoff.ts';
export { createEngine, type Engine, type EngineOptions } from './engine.ts';
export { countedCode } from './postpone.ts';
export type {
  ApprovalRow,
  ApprovalState,
  AttemptOutcome,
  AttemptRow,
  Committed,
  EventRow,
  Lease,
  PlanRow,
  Risk,
  StepRow,
  StepState,
  TaskHandler,
  TaskOutcome,
  TaskProgress,
  TaskRow,
  TaskSnapshot,
  TaskState,
  Transition,
  Verdict,
  WaitReason,
} from './rows.ts';
