/** The shapes of `/api/v1` that the pages read. All times are ISO 8601 in UTC, all ids are texts like `tsk_…`. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type TaskState = 'received' | 'planning' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
export type TaskOutcome = 'completed' | 'refused' | 'partly' | 'undone';
export type WaitReason = 'approval' | 'question' | 'unknown' | 'quota';
export type StepState = 'pending' | 'waiting' | 'running' | 'done' | 'failed' | 'unknown' | 'undone' | 'refused' | 'skipped';
export type ApprovalState = 'waiting' | 'approved' | 'rejected' | 'expired' | 'superseded' | 'cancelled';
export type Risk = 'low' | 'medium' | 'high';
export type Effect = 'read' | 'write' | 'egress' | 'money' | 'grant' | 'destroy';
export type Verdict = 'auto' | 'ask' | 'deny';

/** One page of a list. The cursor is opaque. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Who is signed in, to which tenant, and what they may do. Somebody who operates the installation is in no tenant. */
export interface Person {
  tenant: { id: string; name: string; language: Language } | null;
  principal: { kind: 'user' | 'key' | 'service' | 'operator'; name: string; email?: string; actor: string };
  permissions: string[];
  /** What the tenant asks of the person before they may do anything. */
  pending?: 'second_factor' | null;
  /** The tenants that this person can change to. */
  tenants?: { id: string; name: string }[];
  /** Whether this person may change to operating the installation. */
  operator?: boolean;
  /** What the person has said they read; null: nothing yet. */
  language: Language | null;
  /** How the person likes to see things; null: nothing was chosen. */
  appearance?: Appearance | null;
  /** Where the live feed stood before anything else was read; null without a tenant. */
  feed?: number | null;
}

/** What there are pages and letters in. */
export type Language = 'en' | 'de';

/** How somebody likes to see things, in every browser. */
export interface Appearance {
  theme: 'light' | 'dark' | 'system';
  density: 'comfortable' | 'compact';
}

/** A person, or a key, in a tenant. */
export interface Me extends Person {
  tenant: { id: string; name: string; language: Language };
  planner: { model: string | null };
  /** The folder that mail can be dropped into. */
  drop: string;
}

export interface Origin {
  kind: 'mail' | 'note' | 'playbook' | 'model' | 'member' | 'system' | 'event';
  text: string;
}

/** One argument of a step, ready to be shown. `warnings` name look-alike letters and hidden marks. */
export interface Field {
  name: string;
  title: string;
  role: 'steering' | 'content' | 'secret';
  value: Json;
  display: string;
  integrity: 'trusted' | 'untrusted';
  origins: Origin[];
  warnings: string[];
  /** What the tenant's own directory says about the value. */
  known: string | null;
  /** Of one of several calls in one: what `display` is made of. */
  members?: { name: string; display: string }[];
}

export interface Reason {
  rule: string;
  text: string;
  args?: string[];
}

export interface TaskSummary {
  id: string;
  eventId: string;
  state: TaskState;
  outcome: TaskOutcome | null;
  waitReason: WaitReason | null;
  errorCode: string | null;
  source: string;
  kind: string;
  title: string;
  from: string | null;
  /** Whether what it has done is just being taken back. */
  isUndoing: boolean;
  summary: string | null;
  note: string | null;
  question: string | null;
  /** The calls of tools that `note` and `question` name. */
  calls: { tool: string; headline: string; shown: Record<string, string> }[];
  playbook: string | null;
  risk: Risk | null;
  planVersion: number;
  createdAt: string;
  updatedAt: string;
  finishedAt: string | null;
}

export interface PlanStep {
  id: string;
  tool: string;
  title: string;
  effect: Effect;
  after: string[];
  why: string;
}

export interface Plan {
  version: number;
  planner: string;
  playbook: string | null;
  model: string | null;
  summary: string;
  costMicros: number | null;
  tokensIn: number | null;
  tokensOut: number | null;
  steps: PlanStep[];
}

export interface Step {
  id: string;
  tool: string;
  title: string;
  headline: string;
  effect: Effect;
  state: StepState;
  /** Null until the gate has been asked. */
  verdict: Verdict | null;
  reasons: Reason[];
  fields: Field[];
  result: Json;
  /** Where what is in the result comes from. */
  resultFrom: { integrity: Field['integrity']; origins: Origin[] } | null;
  /** Each try that could have had an effect, oldest first. */
  attempts: Attempt[];
  error: { code: string; message: string } | null;
  approvalId: string | null;
  reversible: boolean;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface Attempt {
  direction: 'do' | 'undo';
  number: number;
  /** Null while nobody knows yet. */
  outcome: 'done' | 'failed' | 'unknown' | null;
  startedAt: string;
  settledAt: string | null;
}

export interface TimelineEntry {
  seq: number;
  at: string;
  kind: string;
  actor: string;
  state: string | null;
  text: string;
}

export interface TaskEvent {
  id: string;
  source: string;
  kind: string;
  channel: string;
  receivedAt: string;
  externalId: string;
  payload: JsonObject;
  provenance: JsonObject;
}

export interface Task extends TaskSummary {
  event: TaskEvent;
  plan: Plan | null;
  steps: Step[];
  /** Which steps of a finished task can be taken back, and which stay; null where none can. */
  undo: { steps: string[]; left: string[]; underWay: boolean } | null;
  /** Tries in a row that came to nothing. */
  retries: number;
  nextTryAt: string | null;
  /** What planning has cost, all plans together; null: a price is not known. */
  costs: { plans: number; tokensIn: number; tokensOut: number; costMicros: number | null };
  approvals: Approval[];
  timeline: TimelineEntry[];
}

export interface Approval {
  id: string;
  taskId: string;
  stepId: string;
  tool: string;
  toolTitle: string;
  headline: string;
  consequence: string;
  args: JsonObject;
  fields: Field[];
  risk: Risk;
  reversible: boolean;
  reason: string;
  reasons: Reason[];
  policies: { id: string; title: string }[];
  payloadHash: string;
  state: ApprovalState;
  createdAt: string;
  expiresAt: string;
  decidedBy?: string | null;
  decidedAt?: string | null;
  comment?: string | null;
  assignedTo?: string | null;
  /** Whose attention it has; anybody who may decide still may. */
  assignee: Assignee | null;
  /** Until when the reader does not want to see it. */
  snoozedUntil: string | null;
  quorum: Quorum;
  /** Whether approving it takes a fresh proof of who decides. */
  stepUp: boolean;
  /** Whether it may be accepted together with others of its tool. */
  bulk: boolean;
  /** Until when the decision can surely be taken back. */
  heldUntil: string | null;
  commentCount: number;
  plannerText: string;
  task: { id: string; title: string; from: string | null };
}

export interface Assignee {
  kind: 'member' | 'team';
  id: string;
  name: string;
  until: string | null;
}

/** How many people have to approve, and who did. */
export interface Quorum {
  needed: number;
  given: { by: string; at: string }[];
  mineGiven: boolean;
}

/** `graceSeconds` holds the work back for so long, that it can be taken back as if nothing had been. */
export type Decision =
  | { decision: 'accept'; payloadHash: string; comment?: string; graceSeconds?: number }
  | { decision: 'reject'; payloadHash: string; comment: string; graceSeconds?: number }
  | { decision: 'respond'; payloadHash: string; comment: string }
  | { decision: 'edit'; payloadHash: string; edits: JsonObject; comment?: string };

export type Settlement = 'done' | 'failed' | 'again';

export interface NoteItem {
  path: string;
  etag: string;
  sizeBytes: number;
  trusted: boolean;
  generated: boolean;
  updatedAt: string;
}

/** A file of the vault: what is no note. */
export interface FileItem {
  path: string;
  etag: string;
  sizeBytes: number;
  updatedAt: string;
}

/** What became of a file that was sent in: an event, mails that a job takes in, or what it was recognised as. */
export interface TakenIn {
  eventId: string | null;
  taskId: string | null;
  jobId: string | null;
  path: string | null;
  recognised: { kind: string; counts: Record<string, number> } | null;
}

export interface AuditEntry {
  seq: number;
  at: string;
  kind: string;
  actor: string;
  objectId: string | null;
  taskId: string | null;
  state: string | null;
  text: string;
  body: string;
}

/** What proves one audit entry: `seq` is its index in the tree of `size` entries, hashes are lower-case hex. */
export interface EntryProof {
  seq: number;
  body: string;
  leafHash: string;
  size: number;
  hashes: string[];
  checkpoint: string;
  verifierKey: string;
}

export interface LogReport {
  ok: boolean;
  entries: number;
  checkpointAt: string;
  root: string;
  fault?: Json;
}

/** One change, as the live feed says it. The first message is `hello`, whose `seq` is where the feed begins. */
export interface LiveMessage {
  seq: number;
  at: string;
  kind: string;
  id: string;
  state: string | null;
}
