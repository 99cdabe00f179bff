import type { Clock, Logger } from '#kernel';
import type { Auth } from '../auth.ts';
import type { AuthDb } from '../store.ts';
import type { PersonSecrets } from './person-secrets.ts';

/** What everything about people works with. */
export interface PeopleContext {
  readonly auth: Auth;
  readonly db: AuthDb;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publicOrigins: () => readonly string[];
  readonly secrets: PersonSecrets;
}
