export interface TurnsOptions {
  /** Most turns at once. */
  readonly atOnceMax: number;
  /** Most of them that one holder has: one less than all, and there is always room for another. */
  readonly eachMax: number;
  /** How many may wait of one holder, and what is said to more. Left out: any number waits. */
  readonly waiting?: { readonly max: number; readonly busy: () => Error };
}

/** Does work of a holder when it is the holder's turn. @throws what `busy` says, what the work throws, the signal's reason. */
export type TakeTurn<Holder> = <R>(holder: Holder, work: () => Promise<R>, signal?: AbortSignal) => Promise<R>;

/**
 * Lets work of many holders through, a few at once. Each has a queue of its own and the queues take turns: how much one holder brings
 * changes nothing for the others but that there is one more whose turn it is.
 */
export function createTurns<Holder>({ atOnceMax, eachMax, waiting }: TurnsOptions): TakeTurn<Holder> {
  /** Of those who wait, whose turn is next comes first. No queue is empty. */
  const queues = new Map<Holder, (() => void)[]>();
  const running = new Map<Holder, number>();
  let runningAll = 0;

  const mayBegin = (holder: Holder) => runningAll < atOnceMax && (running.get(holder) ?? 0) < eachMax;

  function begin(holder: Holder): void {
    runningAll += 1;
    running.set(holder, (running.get(holder) ?? 0) + 1);
  }

  function end(holder: Holder): void {
    runningAll -= 1;
    const left = (running.get(holder) ?? 0) - 1;
    if (left > 0) running.set(holder, left);
    else running.delete(holder);
    // One that ends makes room for one.
    const next = queues.entries().find(([whose]) => mayBegin(whose));
    if (next === undefined) return;
    const [whose, queue] = next;
    const go = queue.shift();
    queues.delete(whose);
    if (queue.length > 0) queues.set(whose, queue);
    begin(whose);
    go?.();
  }

  /** Resolves when it is this one's turn, which has begun by then. */
  function turn(holder: Holder, signal: AbortSignal | undefined): Promise<void> {
    const queue = queues.get(holder) ?? [];
    if (waiting !== undefined && queue.length >= waiting.max) throw waiting.busy();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      const at = queue.indexOf(go);
      if (at < 0) return;
      queue.splice(at, 1);
      if (queue.length === 0) queues.delete(holder);
      reject(signal?.reason);
    };
    const go = () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    signal?.addEventListener('abort', leave, { once: true });
    queue.push(go);
    queues.set(holder, queue);
    return promise;
  }

  return async (holder, work, signal) => {
    signal?.throwIfAborted();
    // Nobody of this holder waits where it may begin: whoever waited has been let through before.
    if (mayBegin(holder)) begin(holder);
    else await turn(holder, signal);
    try {
      return await work();
    } finally {
      end(holder);
    }
  };
}
