/** Looks at something every so often, one look at a time. */
export interface Poller<Found = void> {
  /** Begins to look. The timer alone does not keep a process alive. */
  start(): void;
  /** Looks now; who asks during a look shares that one. @throws what the look throws; an AbortError after `stop`. */
  look(): Promise<Found>;
  /** Tells a look under way to end, and waits for that. None begins from here on. */
  stop(): Promise<void>;
}

export interface PollerOptions<Found> {
  /** One look. The signal is aborted when it had better come to an end. */
  readonly look: (signal: AbortSignal) => Promise<Found>;
  /** Milliseconds from one look to the next; while one takes longer, none is begun. */
  readonly everyMs: number;
  /** Whether the first look comes with the start, and not a wait later. */
  readonly isAtOnce?: boolean;
  /** Hears why a look of the timer failed, once each. The next one comes as if nothing had been. */
  readonly onError: (error: unknown) => void;
}

export function createPoller<Found>({ look, everyMs, isAtOnce = false, onError }: PollerOptions<Found>): Poller<Found> {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<Found> | undefined;

  async function lookNow(): Promise<Found> {
    stopping.signal.throwIfAborted();
    looking ??= look(stopping.signal).finally(() => {
      looking = undefined;
    });
    return looking;
  }

  const tick = () => {
    if (looking === undefined) void lookNow().catch(onError);
  };

  return {
    look: lookNow,
    start() {
      if (timer !== undefined || stopping.signal.aborted) return;
      timer = setInterval(tick, everyMs).unref();
      if (isAtOnce) tick();
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking?.catch(() => undefined);
    },
  };
}
