import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { migrate, sqlFolder, urlAs } from '../../../server/src/kernel/database/index.ts';
import { newId } from '../../../server/src/kernel/index.ts';
import { openStorage } from '../../../server/src/kernel/storage/index.ts';
import { createBackups, fillDatabase, readyRestore } from '../../../server/src/ops/backup/index.ts';
import { createInstallationKey } from '../../../server/src/trust/key/index.ts';
import { provisionTenant } from '../../../server/src/trust/tenant/index.ts';
import { openParts } from './parts.ts';

/** What is asked of this program, and what it answers. */
export interface BackupTask {
  readonly folder: string;
  /** Of sealed content, in rows of 8 KiB. */
  readonly contentBytes: number;
}
export interface BackupFigures {
  readonly contentBytes: number;
  readonly backupSeconds: number;
  /** A second one of the same: what an hourly one costs when nothing happened. */
  readonly againSeconds: number;
  readonly newBytes: number;
  readonly newBytesAgain: number;
  readonly verifySeconds: number;
  readonly restoreSeconds: number;
  readonly peakBytes: number;
  readonly holds: boolean;
}

const rowBytes = 8 * 1024;
const rowsAtOnce = 256;

const [message] = await once(process, 'message');
// Only our own parent talks to this process.
const task = message as BackupTask;
const figures = await measure(task);
process.send?.(figures, () => process.exit(0));

async function measure({ folder, contentBytes }: BackupTask): Promise<BackupFigures> {
  const parts = await openParts(join(folder, 'data'));
  const { database, keyring, auditor, clock, log, ownerUrl } = parts;
  const tenant = await provisionTenant({ db: database.app.db, keyring, auditor, clock }, { name: 'backup', actor: 'operator:bench' });
  await fill(parts.superuserUrl, tenant.id, contentBytes);
  const openAt = (address: string) => openStorage(address, { clock });
  const keyFolder = join(folder, 'data', 'keys');
  const [to, keysTo] = [join(folder, 'repository'), join(folder, 'keys')];
  const backups = createBackups({
    ...{ ownerUrl, keyFolder, clock, log },
    engine: database.engine,
    installation: await createInstallationKey({ folder: keyFolder }),
    config: { to, keysTo, everyHours: 0, keepDays: 30, keysKeepDays: 30 },
    blobs: { open: () => openAt(join(folder, 'blobs')), nameOf: (_, object) => object },
    openStorage: openAt,
  });
  const recoveryText = await backups.setUp(false);
  const [made, backupSeconds] = await timed(() => backups.create());
  const [again, againSeconds] = await timed(() => backups.create());
  const [verified, verifySeconds] = await timed(() => backups.verify(again.id, { deep: true }));
  const ready = await readyRestore({ data: await openAt(to), keys: await openAt(keysTo), recoveryText, id: again.id });
  const target = await newDatabase(ownerUrl);
  await migrate(target, sqlFolder, { upTo: ready.upTo });
  const [, restoreSeconds] = await timed(() => fillDatabase(target, ready, async () => undefined));
  await parts.close();
  const { newBytes } = made;
  // In kilobytes, as the system counts.
  const peakBytes = process.resourceUsage().maxRSS * 1_024;
  return {
    contentBytes,
    backupSeconds,
    againSeconds,
    newBytes,
    newBytesAgain: again.newBytes,
    verifySeconds,
    restoreSeconds,
    peakBytes,
    holds: verified.ok,
  };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, seconds: number]> {
  const startedAt = performance.now();
  return [await work(), (performance.now() - startedAt) / 1_000];
}

/** Events whose content is random, as sealed content is. */
async function fill(superuserUrl: string, tenantId: string, contentBytes: number): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  for (let bytes = 0; bytes < contentBytes; bytes += rowsAtOnce * rowBytes) {
    const ids = Array.from({ length: rowsAtOnce }, () => newId('event'));
    const bodies = ids.map(() => randomBytes(rowBytes));
    await client.query(
      `insert into app.event (tenant_id, event_id, source, kind, channel, external_mac, payload_mac, size_bytes, received_at, body)
        select $1, id, 'bench', 'bench', 'http', decode(md5(id), 'hex'), '', ${rowBytes}, now(), body from unnest($2::text[], $3::bytea[]) as new(id, body)`,
      [tenantId, ids, bodies],
    );
  }
  await client.end();
}

async function newDatabase(ownerUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query('create database factotum_bench_restore');
  await client.end();
  const { username, password } = new URL(ownerUrl);
  return urlAs(ownerUrl, {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: 'factotum_bench_restore',
  });
}
