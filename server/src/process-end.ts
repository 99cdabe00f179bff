import type { Logger } from '#kernel';

/** For what libraries close by themselves a moment after they were told to, in milliseconds. */
const lingerMs = 3_000;
const flushMs = 100;

/**
 * Ends the process shortly after everything of ours was put away, even if something was left open: a connection attempt of a library must not
 * keep a process that others wait for.
 */
export function endBefore(log: Logger, exitCode: number): void {
  setTimeout(() => {
    log.warn({ open: process.getActiveResourcesInfo() }, 'something was left open; the process ends all the same');
    // The log is written in turns of its own.
    setTimeout(() => process.exit(exitCode), flushMs);
  }, lingerMs).unref();
}
