/** The shapes of a tenant's life, its quotas, and the operator's area in `/api/v1`. */

export interface Settings {
  name: string;
  locale: string;
  timeZone: string;
  workingHours: { days: number[]; from: string; to: string } | null;
  approvalTtlHours: number;
  planner: { model: string | null };
  retention: { tasksDays: number | null; vaultDays: number | null };
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
  error: string | null;
  tenantId?: string | null;
}

export interface Closure {
  state: 'closing';
  erasesAt: string;
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
  createdAt: string;
  members: number;
  /** The fullest quota in percent; null without limits. */
  fullestPercent?: number | null;
  erasesAt?: string | null;
}

export interface Registration {
  id: string;
  tenantName: string;
  email: string;
  name: string;
  createdAt: string;
  state: 'unconfirmed' | 'waiting' | 'approved' | 'rejected';
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
