/** A worker of its own process that counts in a job until somebody kills it. Tells its parent each number that it has saved. */
import { z } from 'zod';
import { createLogger, FactotumError, systemClock } from '#kernel';
import { openDatabase } from '#kernel/database';
import { createJobRunner, defineJob } from '#trust/job';

const [engine = ''] = process.argv.slice(2);
const log = createLogger({ level: 'warn' });
const database = openDatabase({ app: engine, engine, sequencer: engine, auth: engine }, { log });
/** Its one job has no input to open: whoever asks for keys here is wrong, and hears it. */
const withoutKeys = <T extends object>(): T =>
  new Proxy({} as T, {
    get: (_, name) => () => {
      throw new FactotumError('key.unavailable', `This process has no keys for ${String(name)}.`);
    },
  });
createJobRunner({
  engine: database.engine,
  keyring: withoutKeys(),
  installation: withoutKeys(),
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
