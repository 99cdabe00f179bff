import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, makeFolder } from '../bench.ts';
import { runInside } from '../inside/process.ts';
import type { VaultFigures, VaultTask } from '../inside/vault.ts';
import { type Budget, percentile, type Row, spread } from '../row.ts';

const notes = 10_000;

const measureOnce = (bench: Bench) =>
  bench.once('vault', async () => {
    const folder = await makeFolder();
    try {
      const task: VaultTask = { dataFolder: join(folder, 'data'), notes };
      // The program answers with nothing else.
      return (await runInside('vault', task)) as VaultFigures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

const row = (name: string, about: string, read: (figures: VaultFigures) => number, budget: Budget | null = null): Row => ({
  row: name,
  unit: 'ms',
  budget,
  about,
  async measure(bench) {
    const { searchMs, ...figures } = await measureOnce(bench);
    return { value: read({ searchMs, ...figures }), detail: { notes, searchMs: spread(searchMs), ...figures } };
  },
});

export const vaultRows: readonly Row[] = [
  row('search_first_ms', 'the first search of a vault of 10,000 notes of 250 words, which makes the index', ({ firstMs }) => firstMs),
  row('search_ms', 'a later search of it, the 95th of 200', ({ searchMs }) => percentile(searchMs, 0.95)),
  row(
    'search_held_ms',
    'the most that the event loop itself works between two turns meanwhile, in processor time: what else the machine does is not in it',
    ({ workedMs }) => workedMs,
    { atMost: 50 },
  ),
];
