import { Worker } from 'node:worker_threads';
import { FactotumError } from '#kernel';
import type { Work, WorkAnswer, WorkName } from './message.ts';

/** The thread of the indexes, from outside. */
export interface IndexWorker {
  /**
   * @throws FactotumError `server.busy` when the thread ended before it answered: everything that it had is gone; `vault.too_large` for an
   *   index that would take more than it may.
   */
  ask<Name extends WorkName>(work: Name, input: Parameters<Work[Name]>[0]): Promise<ReturnType<Work[Name]>>;
  /** Forgets an index, if there is a thread that may have it. */
  drop(index: number): Promise<void>;
  /** Ends the thread, and with it all that it has in memory, if nobody waits for an answer. */
  rest(): void;
}

/**
 * What the thread may take, in MiB: the indexes that a process is held to (256) and one that is being made (192), with room for what is
 * dropped and not collected yet.
 */
const heapMaxMibDefault = 768;

interface Waiting {
  readonly resolve: (answer: ReturnType<Work[WorkName]>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes and asks indexes in a thread of its own, begun when first asked: a vault of 10,000 notes takes seconds to index, and the collection
 * of so much memory holds a thread for longer than anybody should wait. No request of anybody else is held by it.
 *
 * @param onLost - called when the thread ended by itself, out of memory say
 */
export function createIndexWorker(onLost: () => void, heapMaxMib = heapMaxMibDefault): IndexWorker {
  let running: { readonly worker: Worker; readonly waiting: Map<number, Waiting> } | undefined;
  let asked = 0;

  function start() {
    const worker = new Worker(new URL('./index-thread.ts', import.meta.url), {
      name: 'vault-search',
      // It has words of all tenants and needs nothing else of this process.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMaxMib },
    });
    const waiting = new Map<number, Waiting>();
    const started = { worker, waiting };
    const lose = (cause: unknown) => {
      if (running !== started) return;
      running = undefined;
      for (const { reject } of waiting.values()) reject(interrupted(cause));
      onLost();
    };
    worker.on('message', (answer: WorkAnswer) => {
      const one = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (waiting.size === 0) worker.unref();
      if ('result' in answer) one?.resolve(answer.result);
      else if (answer.reason === 'gone') one?.reject(interrupted(undefined));
      else if (answer.reason === 'too_large') one?.reject(tooLarge());
      else one?.reject(new Error(`the search index failed: ${answer.failure}`));
    });
    worker.on('error', lose);
    worker.on('exit', () => lose(undefined));
    // Nothing has to wait for it at the end but those who have asked.
    worker.unref();
    return started;
  }

  const ask: IndexWorker['ask'] = (work, input) => {
    running ??= start();
    const { worker, waiting } = running;
    asked += 1;
    const id = asked;
    const answered = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    worker.ref();
    worker.postMessage({ id, work, input });
    // The thread answers each question with what `Work` says.
    return answered as Promise<ReturnType<Work[typeof work]>>;
  };

  return {
    ask,
    async drop(index) {
      // Of a thread that is lost nothing is left to forget.
      if (running !== undefined) await ask('drop', { index }).catch(() => undefined);
    },
    rest() {
      if (running === undefined || running.waiting.size > 0) return;
      const { worker } = running;
      running = undefined;
      void worker.terminate();
    },
  };
}

const interrupted = (cause: unknown) =>
  new FactotumError('server.busy', 'The search was interrupted, perhaps because it needs too much memory. Try again.', { cause });

const tooLarge = () =>
  new FactotumError(
    'vault.too_large',
    'The words of this vault’s notes take more memory than a search may. Delete or shorten notes, or store them as files.',
  );
