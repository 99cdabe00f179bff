// Loaded into each test process: property tests play the same cases in every run, so that a change is judged by itself. Other cases:
// FACTOTUM_TEST_SEED=random npm test, or the seed that a failure printed.
import fc from 'fast-check';

const wanted = process.env.FACTOTUM_TEST_SEED ?? '4310';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
