import { relative } from 'node:path';
import { watch as watchFolder } from 'chokidar';
import { type SyncOptions, type SyncReport, sync, Unclear } from './run.ts';
import { ownFolder } from './state.ts';

/** The floor: what no hint tells of, the vault's changes among it, is found by looking. */
const pollEveryMs = 30_000;
/** An editor writes several times in a row. */
const quietMs = 1_000;

/** Keeps folder and vault in step until told to stop. A run that fails is told and tried again at the next look. @throws Unclear. */
export async function keepInStep(
  options: SyncOptions & { readonly signal: AbortSignal; readonly onRun: (report: SyncReport) => void },
): Promise<void> {
  const { folder, signal, onRun, say } = options;
  let hint = (): void => undefined;
  const watcher = watchFolder(folder, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) => relative(folder, path).split(/[/\\]/)[0] === ownFolder,
  });
  watcher.on('all', () => hint());
  watcher.on('error', (error) =>
    say(`The folder cannot be watched: ${error instanceof Error ? error.message : String(error)}. It is looked at every 30 seconds.`),
  );
  try {
    while (!signal.aborted) {
      const hinted = new Promise<void>((resolve) => {
        hint = resolve;
      });
      try {
        onRun(await sync(options));
      } catch (error) {
        if (error instanceof Unclear) throw error;
        say(`Not in step: ${error instanceof Error ? error.message : String(error)}. It is tried again.`);
      }
      await Promise.race([hinted.then(() => pause(quietMs, signal)), pause(pollEveryMs, signal)]);
    }
  } finally {
    await watcher.close();
  }
}

/** Ends early, and without a fault, when it is time to stop. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
