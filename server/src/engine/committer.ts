import { FactotumError, type Logger } from '#kernel';
import { isRetryable } from '#kernel/database';
import type { Flushable } from './flush.ts';
import type { Committed } from './rows.ts';

interface Waiting {
  readonly item: Flushable;
  readonly resolve: (answer: Committed) => void;
  readonly reject: (error: unknown) => void;
}

interface CommitterOptions {
  readonly flush: (items: readonly Flushable[]) => Promise<Committed[]>;
  readonly log: Logger;
  /** Most transitions in one commit. Beyond some hundreds a commit gets longer, not cheaper a task. */
  readonly batchMax: number;
  /** Commits under way at once: while one waits for the disk another is being filled and sent. */
  readonly inFlightMax: number;
  /** How long a commit is tried again while the database is away, in milliseconds. */
  readonly retryWindowMs: number;
}

/**
 * Group commit: a flush never waits to fill, it takes what gathered while the previous ones ran.
 *
 * A batch that fails as a whole for a transient reason is tried again; one that fails for another reason is split, so that a
 * single bad transition cannot take its neighbours down with it.
 */
export function createCommitter(options: CommitterOptions): { submit(item: Flushable): Promise<Committed> } {
  let gathered: Waiting[] = [];
  let inFlight = 0;

  function pump(): void {
    while (inFlight < options.inFlightMax && gathered.length > 0) {
      const batch = gathered.slice(0, options.batchMax);
      gathered = gathered.slice(options.batchMax);
      inFlight += 1;
      void settle(batch, performance.now() + options.retryWindowMs).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  }

  async function settle(batch: readonly Waiting[], deadlineMs: number): Promise<void> {
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        const answers = await options.flush(batch.map((waiting) => waiting.item));
        for (const [at, waiting] of batch.entries()) waiting.resolve(answers[at] ?? { kind: 'fenced' });
        return;
      } catch (error) {
        if (isRetryable(error) && performance.now() < deadlineMs) {
          await new Promise((resolve) => setTimeout(resolve, pauseMs * Math.random()));
          continue;
        }
        const only = batch.length === 1 ? batch[0] : undefined;
        if (only === undefined && !isRetryable(error)) {
          for (const waiting of batch) await settle([waiting], deadlineMs);
          return;
        }
        options.log.error({ err: error, tasks: batch.map((waiting) => waiting.item.task.taskId) }, 'a commit of task transitions failed');
        const failure = isRetryable(error)
          ? new FactotumError('database.unavailable', 'The database did not take the commit in time. The task will be tried again.', {
              cause: error,
            })
          : error;
        for (const waiting of batch) waiting.reject(failure);
        return;
      }
    }
  }

  return {
    submit: (item) =>
      new Promise((resolve, reject) => {
        gathered.push({ item, resolve, reject });
        // One turn of the event loop lets everything that is ready right now share the commit.
        queueMicrotask(pump);
      }),
  };
}
