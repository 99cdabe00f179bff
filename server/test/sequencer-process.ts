/** A process that numbers audit entries until it is killed. It says so in one line on stdout once it has begun. */
import { createLogger, type RoleUrls, systemClock } from '#kernel';
import { openDatabase } from '#kernel/database';
import { createSequencer } from '#trust/audit';
import { openKeys } from './audit.ts';

// Written by the test that starts this process.
const { roleUrls, folder } = JSON.parse(process.argv[2] ?? '{}') as { roleUrls: RoleUrls; folder: string };
const log = createLogger({ level: 'silent' });
const database = openDatabase(roleUrls, { log, connectionsMax: { app: 2, sequencer: 2 } });
const { keyring } = await openKeys(database, folder);
const sequencer = createSequencer({ database, keyring, clock: systemClock, log });
await sequencer.start();
process.stdout.write('numbering\n');
// Back to back, so that a kill at any moment meets a batch.
setInterval(() => sequencer.kick(), 1);
