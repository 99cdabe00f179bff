import { WifiOff } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { text } from '#text/work.ts';
import { useLiveStatus } from './store.ts';

/** A short interruption is not worth a banner. */
const patienceMs = 1_500;

/** Says that what is on the screen may be old, and why. */
export function ConnectionBanner() {
  const status = useLiveStatus();
  const isOnline = useSyncExternalStore(subscribeOnline, () => navigator.onLine);
  const isLost = status === 'lost' || !isOnline;
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(isLost), isLost ? patienceMs : 0);
    return () => clearTimeout(timer);
  }, [isLost]);
  return (
    <div role="status">
      {isShown && (
        <p className="flex items-center justify-center gap-2 border-warn/30 border-b bg-warn-soft px-4 py-2 text-warn">
          <WifiOff size={14} aria-hidden="true" className="shrink-0" />
          {isOnline ? text.live.lost : text.live.offline}
        </p>
      )}
    </div>
  );
}

function subscribeOnline(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}
