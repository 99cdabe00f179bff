/** The door to tenants: the customers, what is set for them, and how one comes to be. */
export { type NewTenant, type ProvisionDeps, provisionTenant } from './provision.ts';
export { readActiveTenant, readTenant, type Tenant } from './read.ts';
export type { TenantSettings } from './settings.ts';
