// Loaded into each test process before its tests.
import fc from 'fast-check';

// Property tests play the same cases in every run, so that a change is judged by itself. Other cases: FACTOTUM_TEST_SEED=random npm test,
// or the seed that a failure printed.
const wanted = process.env.FACTOTUM_TEST_SEED ?? '4310';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });

// The runner ends a process as soon as its tests have ended (forceExit) and forgets what is still on its way into the pipe: the last
// verdicts of a file would be lost (nodejs/node issue 64833). A pipe that blocks has nothing on its way. Node has no public way to ask
// for one; its own net and tty modules use this.
const { _handle: pipe } = process.stdout as unknown as { _handle?: { setBlocking?(blocking: boolean): void } };
pipe?.setBlocking?.(true);
