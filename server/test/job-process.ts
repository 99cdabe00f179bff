/** A worker of its own process that counts in a job until somebody kills it. Tells its parent each number that it has saved. */
import { z } from 'zod';
import { createLogger, FactotumError, systemClock } from '#kernel';
import { openDatabase } from '#kernel/database';
import { createJobRunner, defineJob } from '#trust/job';

const [engine = ''] = process.argv.slice(2);
const log = createLogger({ level: 'warn' });
const database = openDatabase({ app: engine, engine, sequencer: engine, auth: engine }, { log });
const unused = () => {
  throw new FactotumError('key.unavailable', 'This process has no keys.');
};
createJobRunner({
  engine: database.engine,
  keyring: {
    of: unused,
    provision: unused,
    prove: unused,
    fingerprints: unused,
    seedsOf: unused,
    adopt: unused,
    destroy: unused,
    forget: unused,
    close: unused,
  },
  installation: { signer: { name: '', id: Buffer.alloc(4), verifierKeyText: '', sign: unused }, seal: unused, open: unused },
  clock: systemClock,
  log,
  leaseMs: 600,
  pollMs: 20,
  handlers: [
    defineJob({
      kind: 'killed.do',
      input: z.null(),
      async run(job) {
        for (let done = 1; ; done += 1) {
          await job.save({ position: { done } });
          process.send?.(done);
        }
      },
    }),
  ],
}).start();
