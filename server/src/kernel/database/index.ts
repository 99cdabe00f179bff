/**
 * The door to the database: pools, units of work, migrations, and the PostgreSQL that comes along. Apart from `#kernel`,
 * so that code without a database does not load the driver.
 */

export { backupRole } from './backup-role.ts';
export { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded/embedded.ts';
export { type ProcessLock, tryLock } from './embedded/lock.ts';
export { removeCluster } from './embedded/place.ts';
export { urlWithPasswordsFile } from './login.ts';
export { type AppliedMigration, knownMigrations, migrate, pendingMigrations } from './migrate.ts';
export { ownerTransaction, sqlState, urlAs, withOwner } from './owner.ts';
export { newPassword, readPasswords, scramVerifier } from './passwords.ts';
export { type Database, type DatabaseOptions, openDatabase, type RoleDatabase } from './pool.ts';
export { type PrepareOptions, prepareDatabase, prepareOwner, sqlFolder } from './prepare.ts';
export { type PasswordRotation, rotatePasswords } from './rotate.ts';
export { type Remains, sweepTable } from './sweep.ts';
export { type RoleName, roleNames, type Tables, type Tx } from './tables.ts';
export { fullName, insertTextRows, readTextTables, selectTextRows, type TextRow, type TextTable } from './text-rows.ts';
export { inTransaction, isRetryable, withTenant, withTenantSnapshot } from './transaction.ts';
export { assertWalls } from './walls.ts';
