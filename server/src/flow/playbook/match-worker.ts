import { Worker } from 'node:worker_threads';
import type { MatchedEvent, Plan } from '#flow/plan';
import { FactotumError } from '#kernel';

/** What the thread is begun with. */
export interface ThreadInput {
  readonly path: string;
  readonly content: string;
  readonly habits: { readonly timeZone: string; readonly locale: string };
}
export interface MatchRequest {
  readonly events: readonly MatchedEvent[];
}
/** What a playbook makes of one event. */
export type MatchResult =
  | { readonly kind: 'matched'; readonly values: Plan['values'] }
  | { readonly kind: 'near'; readonly reasons: readonly string[] }
  | { readonly kind: 'none' };

/** A playbook in a thread of its own. */
export interface MatchWorker {
  /** @returns null when the time was up first. @throws FactotumError `server.busy` when the thread ended by itself. */
  match(events: readonly MatchedEvent[]): Promise<readonly MatchResult[] | null>;
  close(): Promise<void>;
}

/** A mail is at most 256 KB of payload, and a few are in it at once. */
const heapMaxMib = 192;

/**
 * Holds a playbook against events in a thread that is ended when the time is up: patterns run in linear time, and many of them over long
 * texts still take minutes. Nobody else waits meanwhile.
 */
export function startMatching(input: ThreadInput, msMax: number): MatchWorker {
  const worker = new Worker(new URL('./match-thread.ts', import.meta.url), {
    name: 'playbook-preview',
    env: {},
    execArgv: [],
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: heapMaxMib },
  });
  let answer: ((results: readonly MatchResult[] | null) => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  let ended: 'time' | 'fault' | undefined;
  const end = (why: 'time' | 'fault', cause?: unknown) => {
    ended ??= why;
    if (ended === 'time') answer?.(null);
    else fail?.(interrupted(cause));
  };
  const timer = setTimeout(() => {
    end('time');
    void worker.terminate();
  }, msMax);
  worker.on('message', (results: readonly MatchResult[]) => answer?.(results));
  worker.on('error', (error) => end('fault', error));
  worker.on('exit', () => end('fault'));
  return {
    match(events) {
      if (ended === 'time') return Promise.resolve(null);
      if (ended === 'fault') return Promise.reject(interrupted(undefined));
      const { promise, resolve, reject } = Promise.withResolvers<readonly MatchResult[] | null>();
      [answer, fail] = [resolve, reject];
      worker.postMessage({ events } satisfies MatchRequest);
      return promise;
    },
    async close() {
      clearTimeout(timer);
      [answer, fail] = [undefined, undefined];
      await worker.terminate();
    },
  };
}

const interrupted = (cause: unknown) =>
  new FactotumError('server.busy', 'The preview was interrupted, perhaps because it needs too much memory. Try again.', { cause });
