import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { openLive, type Socket } from '../../api/live.ts';
import { meKey, meQuery } from '../session/session.ts';
import { createApplier } from './apply.ts';
import { setLiveStatus } from './store.ts';

/** Whether a feed of this document has begun where the reader was found signed in: after that something may have been missed. */
let hasStarted = false;

/** A tab that was hidden for longer than this may sit on a connection that is dead without knowing. */
const hiddenMsMax = 30_000;

/** Keeps the live feed open while the shell is on the screen. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => {
    const startSeq = hasStarted ? null : (client.getQueryData(meQuery.queryKey)?.feed ?? null);
    hasStarted = true;
    const live = openLive({
      startSeq,
      connect: openSocket,
      onMessage: createApplier(client),
      onStatus: setLiveStatus,
      // What is still loading, or failed, is not old.
      onGap: () => void client.invalidateQueries({ predicate: ({ queryKey, state }) => state.data !== undefined && queryKey[0] !== 'me' }),
      onSignedOut: () => void client.invalidateQueries({ queryKey: meKey }),
      later: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      random: Math.random,
    });
    let hiddenAtMs = 0;
    const onVisible = () => {
      if (document.hidden) hiddenAtMs = Date.now();
      else if (hiddenAtMs !== 0 && Date.now() - hiddenAtMs > hiddenMsMax) live.retryNow();
    };
    window.addEventListener('online', live.retryNow);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      window.removeEventListener('online', live.retryNow);
      document.removeEventListener('visibilitychange', onVisible);
      live.close();
    };
  }, [client]);
}

function openSocket(afterSeq: number | null): Socket {
  const url = new URL('/api/v1/live', location.origin);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  if (afterSeq !== null) url.searchParams.set('after', String(afterSeq));
  return new WebSocket(url) as Socket; // A WebSocket has these members; only its handlers' event types are narrower.
}
