/**
 * Runs work with an end: by its own signal, which is aborted when time is up or the outer one is. Work that does not heed it is left behind,
 * and whatever it comes to is nobody's any more.
 *
 * @throws the signal's reason, a DOMException `TimeoutError` when time is up; what the work throws.
 */
export async function withinBounds<R>(ms: number, outer: AbortSignal, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  outer.throwIfAborted();
  const own = new AbortController();
  const { signal } = own;
  const end = () => own.abort(outer.reason);
  outer.addEventListener('abort', end, { once: true });
  const timer = setTimeout(() => own.abort(new DOMException('Time is up.', 'TimeoutError')), ms);
  try {
    const ended = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    const worked = work(signal);
    worked.catch(() => undefined);
    return await Promise.race([worked, ended]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', end);
    // Whatever the work has left open ends with it.
    own.abort(new DOMException('The call is over.', 'AbortError'));
  }
}
