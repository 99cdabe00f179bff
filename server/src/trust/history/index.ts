/** The door to what was changed in a tenant's configuration. */
export { differenceOf, withParts } from './difference.ts';
export {
  type ChangeSubject,
  type ConfigurationChange,
  listChanges,
  listLimitChanges,
  listOwnChanges,
  type PersonalTopic,
  personalTopics,
  readChange,
  readOwnChange,
  recordChange,
  recordLimits,
} from './history.ts';
