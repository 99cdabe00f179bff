import { apiKeyCommands } from './command/apikey.ts';
import { approvalCommands } from './command/approval.ts';
import { archiveCommands } from './command/archive.ts';
import { auditCommands } from './command/audit.ts';
import { backupCommands } from './command/backup.ts';
import { certificateCommands } from './command/certificate.ts';
import { connectionCommands } from './command/connection.ts';
import { databaseCommands } from './command/database.ts';
import { doctorCommands } from './command/doctor.ts';
import { eventCommands } from './command/event.ts';
import { importCommands } from './command/import.ts';
import { jobCommands } from './command/job.ts';
import { keyCommands } from './command/key.ts';
import { memberCommands } from './command/member.ts';
import { operatorCommands } from './command/operator.ts';
import { quotaCommands } from './command/quota.ts';
import { registrationCommands } from './command/registration.ts';
import { secretCommands } from './command/secret.ts';
import { serviceAccountCommands } from './command/service-account.ts';
import { sessionCommands } from './command/session.ts';
import { taskCommands } from './command/task.ts';
import { tenantCommands } from './command/tenant.ts';
import { tenantLifeCommands } from './command/tenant-life.ts';
import { tokenCommands } from './command/token.ts';
import { toolServerCommands } from './command/tool-server.ts';
import { vaultCommands } from './command/vault.ts';
import type { Command } from './command.ts';

/** Every command, in the order in which help shows them. */
export const commands: readonly Command[] = [
  ...doctorCommands,
  ...databaseCommands,
  ...backupCommands,
  ...tenantCommands,
  ...tenantLifeCommands,
  ...registrationCommands,
  ...jobCommands,
  ...archiveCommands,
  ...keyCommands,
  ...quotaCommands,
  ...sessionCommands,
  ...operatorCommands,
  ...memberCommands,
  ...apiKeyCommands,
  ...serviceAccountCommands,
  ...tokenCommands,
  ...secretCommands,
  ...connectionCommands,
  ...toolServerCommands,
  ...certificateCommands,
  ...eventCommands,
  ...importCommands,
  ...taskCommands,
  ...approvalCommands,
  ...vaultCommands,
  ...auditCommands,
];
