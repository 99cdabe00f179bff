import { useEffect, useState } from 'react';

type Listener = (nowMs: number) => void;

/** Who hears each clock, by its step in milliseconds. */
const clocks = new Map<number, Set<Listener>>();

/** The time in epoch milliseconds, renewed every `stepMs`. What is renewed at one step is drawn at once, however much of it is on the page. */
export function useNow(stepMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => listen(stepMs, setNow), [stepMs]);
  return now;
}

function listen(stepMs: number, listener: Listener): () => void {
  const listeners = clocks.get(stepMs) ?? start(stepMs);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Runs as long as anybody listens. */
function start(stepMs: number): Set<Listener> {
  const listeners = new Set<Listener>();
  clocks.set(stepMs, listeners);
  const timer = setInterval(() => {
    if (listeners.size === 0) {
      clearInterval(timer);
      clocks.delete(stepMs);
    }
    const now = Date.now();
    for (const listener of listeners) listener(now);
  }, stepMs);
  return listeners;
}
