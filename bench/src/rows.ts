import type { Row } from './row.ts';
import { analyticsRows } from './rows/analytics.ts';
import { auditRows } from './rows/audit.ts';
import { backupRows } from './rows/backup.ts';
import { connectionRows } from './rows/connections.ts';
import { dashboardRows } from './rows/dashboard.ts';
import { fairnessRows } from './rows/fairness.ts';
import { footprintRows } from './rows/footprint.ts';
import { interactionRows } from './rows/interactions.ts';
import { listRows } from './rows/list-page.ts';
import { recoveryRows } from './rows/recovery.ts';
import { resumeRows } from './rows/resume.ts';
import { sealingRows } from './rows/sealing.ts';
import { siegeRows } from './rows/siege.ts';
import { singleRows } from './rows/single.ts';
import { tenantRows } from './rows/tenants.ts';
import { throughputRows } from './rows/throughput.ts';
import { vaultRows } from './rows/vault.ts';
import { vaultSyncRows } from './rows/vault-sync.ts';

/** Every row of the table, in the order in which they are measured: what leaves much behind in the shared server comes last. */
export const rows: readonly Row[] = [
  ...footprintRows,
  ...recoveryRows,
  ...tenantRows,
  ...auditRows,
  ...sealingRows,
  ...backupRows,
  ...connectionRows,
  ...vaultRows,
  ...vaultSyncRows,
  ...singleRows,
  ...dashboardRows,
  ...analyticsRows,
  ...fairnessRows,
  ...siegeRows,
  ...throughputRows,
  ...resumeRows,
  ...listRows,
  ...interactionRows,
];
