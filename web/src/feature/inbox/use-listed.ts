import { useRouter } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useRef } from 'react';
import type { InboxSearch } from './views.ts';

/**
 * The address as the list follows it. What was pressed answers at once; the list may be long and is drawn after that, in pieces that the
 * browser answers between. Where the browser's history is gone through it is drawn at once and whole, for its place is looked for.
 */
export function useListed(search: InboxSearch): InboxSearch {
  const { history } = useRouter();
  const isGoneThrough = useRef(false);
  useEffect(
    () =>
      history.subscribe(({ action: { type } }) => {
        isGoneThrough.current = type !== 'PUSH' && type !== 'REPLACE';
      }),
    [history],
  );
  const later = useDeferredValue(search);
  return isGoneThrough.current ? search : later;
}
