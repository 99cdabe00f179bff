/** The door to what was changed in a tenant's configuration. */
export { type ConfigurationChange, listChanges, readChange, recordChange, recordLimits } from './history.ts';
