import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, makeFolder } from '../bench.ts';
import { runInside } from '../inside/process.ts';
import type { SealingFigures, SealingTask } from '../inside/sealing.ts';
import type { Row } from '../row.ts';

const rows = 20_000;

const measureOnce = (bench: Bench) =>
  bench.once('sealing', async () => {
    const folder = await makeFolder();
    try {
      const dataFolder = join(folder, 'data');
      const task: SealingTask = { dataFolder, keyFolder: join(dataFolder, 'keys'), loopMs: Math.min(bench.seconds * 250, 5_000), rows };
      // The program answers with nothing else.
      return (await runInside('sealing', task)) as SealingFigures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

const row = (name: string, unit: string, about: string, read: (figures: SealingFigures) => number): Row => ({
  row: name,
  unit,
  budget: null,
  about,
  async measure(bench) {
    const figures = await measureOnce(bench);
    return { value: read(figures), detail: { resealed: figures.resealed } };
  },
});

export const sealingRows: readonly Row[] = [
  row('seal_per_s', 'objects/s', 'objects of 2 KiB sealed on one core', (figures) => figures.sealPerSecond),
  row('open_per_s', 'objects/s', 'the same opened', (figures) => figures.openPerSecond),
  row('seal_mb_per_s', 'MB/s', 'an object of 8 MiB sealed on one core', (figures) => figures.sealMegabytesPerSecond),
  row('open_mb_per_s', 'MB/s', 'the same opened', (figures) => figures.openMegabytesPerSecond),
  row('reseal_rows_per_s', 'rows/s', 'rows of 2 KiB that a rotation seals anew, without its pauses', ({ resealed, resealSeconds }) =>
    resealed === rows ? resealed / resealSeconds : Number.NaN,
  ),
];
