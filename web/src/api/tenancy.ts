/** The shapes of a tenant's life, its quotas, and the operator's area in `/api/v1`. */

export interface Settings {
  /** Of the tenant's folders; never changes. */
  name: string;
  /** What people see. */
  title: string;
  state: TenantState;
  erasesAt: string | null;
  locale: string;
  timeZone: string;
  /** ISO 8601 days, 1 is Monday; null: always. */
  workingHours: { days: number[]; from: string; to: string } | null;
  approvalTtlHours: number;
  planner: 'model' | 'playbooks';
  model: string | null;
  /** The models that this installation has. */
  models: string[];
  retentionDays: number | null;
  writesFiles: boolean;
  /** The question of the set-up that comes next. */
  setup: 'about' | 'mail' | 'model' | 'people' | 'done';
  custody: string;
}

export type JobState = 'waiting' | 'running' | 'done' | 'failed';

/** Long work with progress that survives a restart. */
export interface Job {
  id: string;
  kind: string;
  state: JobState;
  progress: { done: number; of: number | null; unit: string } | null;
  createdAt: string;
  finishedAt: string | null;
  error: { code: string; message: string } | null;
  tenantId?: string | null;
}

export interface UsageItem {
  quota: string;
  title: string;
  unit: string;
  used: number;
  /** Null: without a limit. */
  limit: number | null;
  window: 'now' | 'minute' | 'day' | 'month';
  resetsAt: string | null;
  alert: null | 80 | 100;
}

export type TenantState = 'active' | 'suspended' | 'closing' | 'moving' | 'moved' | 'erased';

export interface TenantItem {
  id: string;
  name: string;
  state: TenantState;
  title: string;
  stateSince: string;
  stateReason: string | null;
  erasesAt: string | null;
  movedTo: string | null;
  createdAt: string;
  /** Whether the installation's own model key may be spent for it; in the answer about one tenant. */
  maySpendOperatorModelKey?: boolean | null;
}

export interface Registration {
  id: string;
  tenantName: string;
  email: string;
  name: string;
  createdAt: string;
  state: 'unverified' | 'waiting' | 'approved' | 'rejected';
}

/** Limits that were set, from what to what. */
export interface QuotaChange {
  id: string;
  at: string;
  author: string;
  changes: { name: string; before: number | null; after: number | null }[];
}

export interface QuotaLimit {
  quota: string;
  title: string;
  unit: string;
  window: 'now' | 'minute' | 'day' | 'month';
  limit: number | null;
  /** What applies when the tenant has no limit of its own. */
  standard: number | null;
  used: number;
}
