/** The door to tenants: the customers, what is set for them, how one comes to be, rests, and ends. */
export { type Destruction, findCertificate, openCertificate } from './certificate.ts';
export { configureTenant, operatorChangesSchema, ownChangesSchema, type SettingsChanges, thresholdsInForce } from './configure.ts';
export { type ListedTenant, listDirectory, readFromDirectory } from './directory.ts';
export { createEraseJob, type EraseDeps } from './erase.ts';
export { changeState, closeTenant, eraseKind, type LifeAct, reopenTenant, resumeTenant, suspendTenant } from './life.ts';
export { type NewTenant, type ProvisionDeps, provisionTenant } from './provision.ts';
export { updateMaxRunning } from './queue.ts';
export { readActiveTenant, readTenant, refusalOf, type Tenant, type TenantState, tenantStates } from './read.ts';
export { isTimeZone, ownSettingsSchema, type TenantSettings, tenantNameSchema, tenantTitleSchema } from './settings.ts';
