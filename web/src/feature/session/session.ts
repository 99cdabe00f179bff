import { useQuery } from '@tanstack/react-query';
import { get, isApiError, post, remove } from '../../api/client.ts';
import type { Me } from '../../api/types.ts';
import { putTokenBack, takeToken } from './take-token.ts';

/** Whether a link was refused in this visit. */
let linkFailed = false;

/** Whether a link was tried in this visit and refused. */
export const hasLinkFailed = (): boolean => linkFailed;

export const meKey = ['me'];

/** Who is signed in; null when nobody is. */
export const useMe = () => useQuery({ queryKey: meKey, queryFn: fetchMe, staleTime: Number.POSITIVE_INFINITY, retry: 2 });

/** Who is signed in, for the pages inside the shell, where somebody always is. */
export function useSignedIn(): Me {
  const me = useMe().data;
  if (!me) throw new Error('a page was shown without a session');
  return me;
}

/** Ends the session here and on the server. */
export const signOut = (): Promise<void> => remove('/session');

async function fetchMe(): Promise<Me | null> {
  const token = takeToken();
  if (token !== null) {
    try {
      await post('/session', { token });
    } catch (error) {
      if (!isApiError(error)) throw error;
      if (error.status === 0) {
        putTokenBack(token);
        throw error;
      }
      linkFailed = true;
    }
  }
  try {
    return await get<Me>('/me');
  } catch (error) {
    if (isApiError(error) && error.status === 401) return null;
    throw error;
  }
}
