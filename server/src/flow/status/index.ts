/** The door to how things are now and have been for an hour: the installation for those who operate it, a tenant's work for its people. */
export type { ProcessFigures } from './figures.ts';
export { addProcessSample, addQueueSamples, dropOldSamples } from './samples.ts';
export { type ProcessStatus, readSystem, type SystemStatus } from './system.ts';
export { readTenantStatus, type TenantStatus } from './tenant.ts';
