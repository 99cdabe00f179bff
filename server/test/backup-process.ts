/** A process that makes a backup and stops in its middle until somebody kills it. Tells its parent when it has stored something. */
import { join } from 'node:path';
import { createLogger, systemClock } from '#kernel';
import { openDatabase } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { createBackups } from '#ops/backup';
import { createInstallationKey } from '#trust/key';

// Written by the test that starts this process.
const { ownerUrl, engineUrl, keyFolder, to } = JSON.parse(process.argv[2] ?? '{}') as Record<
  'ownerUrl' | 'engineUrl' | 'keyFolder' | 'to',
  string
>;
const log = createLogger({ level: 'fatal' });
const database = openDatabase({ app: engineUrl, engine: engineUrl, sequencer: engineUrl, auth: engineUrl }, { log });
const openAt = (address: string) => openStorage(address, { clock: systemClock });
const backups = createBackups({
  ...{ ownerUrl, keyFolder, log },
  engine: database.engine,
  installation: await createInstallationKey({ folder: keyFolder }),
  config: { to, keysTo: undefined, everyHours: 24, keepDays: 30, keysKeepDays: 30 },
  blobs: { open: () => openAt(join(keyFolder, 'none')), nameOf: (_, object) => object },
  openStorage: openAt,
  clock: systemClock,
});
let pieces = 0;
await backups.create(async () => {
  pieces += 1;
  process.send?.(pieces);
  if (pieces === 4) await new Promise(() => setInterval(() => undefined, 1_000));
});
