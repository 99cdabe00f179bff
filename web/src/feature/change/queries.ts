import { listQuery } from '../../api/list.ts';
import type { ConfigurationChange } from '../../api/policies.ts';

/** What somebody sets for themselves alone. */
export type OwnTopic = 'appearance' | 'language' | 'notices';

/** What was changed in the configuration. */
export const changesQuery = listQuery<ConfigurationChange>('changes', '/settings/history');

/** The last of what one has changed for oneself. */
export const ownChangesQuery = (topics: readonly OwnTopic[]) =>
  listQuery<ConfigurationChange>('own-changes', '/me/changes', { topic: topics.join(','), limit: '5' });
