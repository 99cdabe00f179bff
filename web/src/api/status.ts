/** The shapes of how things are doing in `/api/v1`. Lines are of the last hour, a point each half a minute, newest last. */

export interface TenantStatus {
  at: string;
  tasks: {
    due: number;
    running: number;
    oldestAt: string | null;
    waiting: { approval: number; question: number; unknown: number; quota: number };
    line: number[];
    received: number;
    ended: number;
    failed: number;
  };
  planning: { plans: number; byModel: number; lastModelAt: string | null; modelFaults: number };
  audit: { pending: number; lagMs: number };
}

type Line = (number | null)[];

export interface ProcessStatus {
  id: string;
  host: string;
  pid: number;
  roles: string[];
  startedAt: string;
  seenAt: string;
  isAlive: boolean;
  now: {
    cpu: number;
    residentBytes: number;
    heapBytes: number;
    loopDelayMs: number;
    requests: number;
    faults: number;
    p50Ms: number | null;
    p95Ms: number | null;
    p99Ms: number | null;
    tasksRunning: number;
    tasksPerMinute: number;
    auditEntries: number;
    poolBusy: number;
    poolMax: number;
    poolWaiting: number;
  };
  lines: { cpu: Line; residentBytes: Line; loopDelayMs: Line; requests: Line; p95Ms: Line; tasksPerMinute: Line };
}

export interface SystemStatus {
  at: string;
  processes: ProcessStatus[];
  queue: {
    due: number;
    running: number;
    oldestAt: string | null;
    line: Line;
    tenants: { id: string; name: string; title: string; due: number; running: number; oldestAt: string | null }[];
  };
  audit: { pending: number; lagMs: number };
  connections: Record<string, number>;
  lastBackupAt: string | null;
  /** What those who run the installation were mailed about, and is not over. */
  alarms: { kind: 'backup_failed' | 'backup_old' | 'audit_behind' | 'process_busy' | 'mail_away'; raisedAt: string }[];
}
