/**
 * A process of its own on a platform that another process has made: it works on tasks and jobs until it is killed, or asks for a rotation.
 * It says one word on stdout when it has begun (`working`) or what asking came to.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger, type Id, isFactotumError, readConfig } from '#kernel';
import { withTenant } from '#kernel/database';
import { createJobs } from '../../src/jobs.ts';
import { createWorker, openPlatform, type PlatformOptions } from '../../src/platform.ts';

/** What the parent writes on the command line. */
export interface RotationOrder {
  readonly environment: Record<string, string>;
  readonly rotation: NonNullable<PlatformOptions['rotation']>;
  /** Asks for a rotation of this tenant instead of working. */
  readonly rotate?: Id<'tenant'>;
}

// Written by the test that starts this process.
const order = JSON.parse(process.argv[2] ?? '{}') as RotationOrder;
const platform = await openPlatform({
  config: readConfig(order.environment),
  log: createLogger({ level: 'fatal' }),
  onProgress: () => undefined,
  publicOrigins: () => ['http://127.0.0.1:4310'],
  onWork: () => undefined,
  rotation: order.rotation,
});
if (order.rotate === undefined) {
  await platform.keyWatch.start();
  createJobs(platform).start();
  await createWorker(platform).start();
  process.stdout.write('working\n');
  await pause(2 ** 31 - 1);
} else {
  const tenantId = order.rotate;
  const keys = await platform.keyring.of(tenantId);
  const act = { actor: 'operator:other', at: platform.clock.now(), destroyOld: false };
  const said = await withTenant(platform.database.app.db, tenantId, (tx) => platform.encryption.rotate(tx, keys, act)).catch((error) =>
    isFactotumError(error) ? error.code : String(error),
  );
  process.stdout.write(`${said}\n`);
  await platform.close();
}
