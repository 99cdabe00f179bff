import { queryOptions, useQuery } from '@tanstack/react-query';
import { get, isApiError, post, remove } from '../../api/client.ts';
import type { SecondFactor } from '../../api/identity.ts';
import type { Me, Person } from '../../api/types.ts';
import { followLanguage } from '../shell/language.ts';
import { showAppearance } from '../shell/theme.ts';
import { putTokenBack, takeToken } from './take-token.ts';

/** What came of a sign-in link that was opened in this visit, when it did not simply open the door. */
let link: { kind: 'failed' } | { kind: 'second'; factors: SecondFactor[] } | null = null;

/** Whether a link was refused in this visit, or is only half of what it takes to sign in. */
export const linkOutcome = () => link;

export const meKey = ['me'];

/** Who is signed in; null when nobody is. */
export const meQuery = queryOptions({ queryKey: meKey, queryFn: fetchMe, staleTime: Number.POSITIVE_INFINITY, retry: 2 });
export const useMe = () => useQuery(meQuery);

/** Who is signed in, for the pages that somebody without a tenant sees as well. */
export function usePerson(): Person {
  const me = useMe().data;
  if (!me) throw new Error('a page was shown without a session');
  return me;
}

/** Who is signed in, for the pages inside a tenant's shell, where somebody always is. */
export function useSignedIn(): Me {
  const me = usePerson();
  if (!isInTenant(me)) throw new Error("a tenant's page was shown without a tenant");
  return me;
}

/** Whether the person is in a tenant, and not operating the installation. */
export const isInTenant = (person: Person): person is Me => person.tenant !== null;

/** Ends the session here and on the server. */
export const signOut = (): Promise<void> => remove('/session');

/** Goes on in another tenant of the same person, or as the operator with null. The document is loaded anew: nothing of the old tenant stays. */
export async function changeTenant(tenantId: string | null): Promise<void> {
  await post('/session/tenant', { tenantId });
  location.assign(tenantId === null ? '/operator' : '/');
}

async function fetchMe(): Promise<Person | null> {
  const token = takeToken('link');
  if (token !== null) {
    try {
      const asked = await post<{ secondFactor: SecondFactor[] } | undefined>('/session', { token });
      if (asked) link = { kind: 'second', factors: asked.secondFactor };
    } catch (error) {
      if (!isApiError(error)) throw error;
      if (error.status === 0) {
        putTokenBack('link', token);
        throw error;
      }
      link = { kind: 'failed' };
    }
  }
  try {
    const me = await get<Person>('/me');
    if (me.appearance) showAppearance(me.appearance);
    await followLanguage(me);
    return me;
  } catch (error) {
    if (isApiError(error) && error.status === 401) return null;
    throw error;
  }
}
