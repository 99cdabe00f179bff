import { useEffect, useRef, useState } from 'react';

/** A screen reader is told at most this often. */
const quietMs = 30_000;

/** Follows `sentence`, but changes at most every 30 seconds and says nothing on the first visit. */
export function useAnnouncement(sentence: string): string {
  const [said, setSaid] = useState('');
  const lastAtMs = useRef(Date.now());
  const first = useRef(sentence);
  useEffect(() => {
    if (sentence === first.current) return;
    const waitMs = Math.max(0, lastAtMs.current + quietMs - Date.now());
    const timer = setTimeout(() => {
      lastAtMs.current = Date.now();
      first.current = '';
      setSaid(sentence);
    }, waitMs);
    return () => clearTimeout(timer);
  }, [sentence]);
  return said;
}
