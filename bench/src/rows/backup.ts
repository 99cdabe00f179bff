import { rm } from 'node:fs/promises';
import { type Bench, makeFolder } from '../bench.ts';
import type { BackupFigures, BackupTask } from '../inside/backup.ts';
import { runInside } from '../inside/process.ts';
import type { Row } from '../row.ts';

/** Enough for some dozens of pieces, and done in a minute. */
const contentBytes = 256 * 1024 * 1024;

/** All three figures of one installation: what was backed up is verified and restored. */
const measureOnce = (bench: Bench) =>
  bench.once('backup', async () => {
    const folder = await makeFolder();
    try {
      const task: BackupTask = { folder, contentBytes };
      // The program answers with nothing else.
      return (await runInside('backup', task)) as BackupFigures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

const perGb = (seconds: number, { contentBytes: bytes, holds }: BackupFigures): number => (holds ? seconds / (bytes / 1e9) : Number.NaN);

export const backupRows: readonly Row[] = [
  {
    row: 'backup_s_per_gb',
    unit: 's/GB',
    budget: null,
    about: 'a first backup of sealed content to a folder: read in one snapshot, cut, compressed, sealed, stored, signed',
    async measure(bench) {
      const figures = await measureOnce(bench);
      const { backupSeconds, againSeconds, newBytes, newBytesAgain, peakBytes } = figures;
      return {
        value: perGb(backupSeconds, figures),
        detail: { contentBytes, backupSeconds, againSeconds, newBytes, newBytesAgain, peakBytes },
      };
    },
  },
  {
    row: 'verify_s_per_gb',
    unit: 's/GB',
    budget: null,
    about: 'every piece of a backup opened and held against its name and the manifest',
    async measure(bench) {
      const figures = await measureOnce(bench);
      return { value: perGb(figures.verifySeconds, figures), detail: { contentBytes, seconds: figures.verifySeconds } };
    },
  },
  {
    row: 'restore_s_per_gb',
    unit: 's/GB',
    budget: null,
    about: 'all rows of a backup loaded into a new database, proven on the way',
    async measure(bench) {
      const figures = await measureOnce(bench);
      return { value: perGb(figures.restoreSeconds, figures), detail: { contentBytes, seconds: figures.restoreSeconds } };
    },
  },
];
