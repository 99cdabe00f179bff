/** The command `factotum`: what it is called with, what it asks of the server, and the socket at which the server answers it. */
export type { AloneParts } from './backend.ts';
export type {
  CommandDeps,
  KeyRestoreAsk,
  PreparedDatabase,
  RestoreAsk,
  RestoredInstallation,
  RestoredKeys,
  Terminal,
} from './command.ts';
export type { ControlParts } from './control/handler.ts';
export { type DataFolderHold, holdDataFolder } from './control/hold.ts';
export type { AuditReport, NewTenantRequest, OperatorEntry, OperatorParts, OperatorSecrets } from './control/operator.ts';
export { type ControlServer, createControlServer } from './control/server.ts';
export type { Finding } from './doctor/finding.ts';
export { runCommand } from './run-command.ts';
