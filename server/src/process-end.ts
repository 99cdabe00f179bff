import type { Logger } from '#kernel';

/** How long putting everything away may take, in milliseconds: less than the 30 s after which Kubernetes ends a process by force. */
export const stopMsMax = 25_000;
/** For what libraries close by themselves a moment after they were told to, in milliseconds. */
export const lingerMsMax = 3_000;
const flushMs = 100;

/**
 * Ends the process after a while, if it has not ended by then: neither something of ours that hangs nor what a library left open, such as an
 * attempt to connect, keeps a process that others wait for. Whatever was under way is taken up as after a crash.
 */
export function endWithin(ms: number, exitCode: number, log: Logger): void {
  setTimeout(() => {
    log.warn({ open: process.getActiveResourcesInfo() }, 'something was left open; the process ends all the same');
    // The log is written in turns of its own.
    setTimeout(() => process.exit(exitCode), flushMs);
  }, ms).unref();
}
