/** What somebody does at a page, as opposed to what the page does by itself. */
const signs = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'click', 'input'] as const;
/** Without a sign for so long, nobody is there. Well below the shortest time, five minutes, after which a session may idle out. */
const awayMs = 60_000;

interface Presence {
  /** Hears of signs. */
  readonly listen: (sign: (typeof signs)[number], heard: () => void) => void;
  /** In milliseconds. */
  readonly nowMs: () => number;
  /** Tells the server that somebody is there who needs nothing from it now. */
  readonly stay: () => void;
}

/**
 * Says whether somebody is there. A page that is left open goes on asking for what has changed; the server is told that nobody asked, so
 * that the session ends when it would have. Whoever opens a page is there, and stays signed in while writing something long.
 */
export function createPresence({ listen, nowMs, stay }: Presence): () => boolean {
  let seenMs: number | undefined;
  let toldMs = 0;
  const seen = () => {
    seenMs = nowMs();
    if (seenMs - toldMs < awayMs) return;
    toldMs = seenMs;
    stay();
  };
  return () => {
    if (seenMs === undefined) {
      seenMs = nowMs();
      for (const sign of signs) listen(sign, seen);
    }
    const isThere = nowMs() - seenMs < awayMs;
    if (isThere) toldMs = nowMs();
    return isThere;
  };
}

export const isSomebodyThere = createPresence({
  listen: (sign, heard) => window.addEventListener(sign, heard, { capture: true, passive: true }),
  nowMs: () => performance.now(),
  // Whether it is heard shows when something is next asked for.
  stay: () => void fetch('/api/v1/me', { credentials: 'same-origin' }).catch((error: unknown) => console.debug(error)),
});
