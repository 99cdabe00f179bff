import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFactotumError } from '#kernel';
import { expand, spanOf } from './expand.ts';
import { readCalendar } from './read.ts';
import { ianaZone, utc } from './zone.ts';

const corpus = join(process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '../../../../../shared/fixtures'), 'corpora/ics');

test('every calendar of the corpus is understood or named as unreadable, and none hangs or throws anything else', async (t) => {
  if (!existsSync(corpus)) return t.skip('FACTOTUM_FIXTURES has no corpora/ics');
  const here = ianaZone('Europe/Berlin') ?? utc;
  const unreadable: string[] = [];
  let [files, appointments, occurrences, incomplete, unread] = [0, 0, 0, 0, 0];
  for await (const file of glob('**/*.ics', { cwd: corpus })) {
    files += 1;
    try {
      const read = readCalendar(await readFile(join(corpus, file), 'utf8'));
      unread += read.unread;
      for (const series of read.series) {
        appointments += 1 + series.overrides.length;
        spanOf(series);
        const { startMs } = { startMs: (series.master ?? series.overrides[0])?.start.localMs ?? 0 };
        const found = expand(series, { fromMs: startMs - 86_400_000, untilMs: startMs + 400 * 86_400_000, here });
        occurrences += found.occurrences.length;
        if (!found.complete) incomplete += 1;
      }
    } catch (error) {
      assert.ok(isFactotumError(error, 'agenda.unreadable'), `${file}: ${error instanceof Error ? error.stack : error}`);
      unreadable.push(`${file.split('/').at(-1)}: ${error.message}`);
    }
  }
  t.diagnostic(
    `${files - unreadable.length} of ${files} files understood: ${appointments} appointments, ${occurrences} times in a year each`,
  );
  t.diagnostic(`${unread} appointments without a time; ${incomplete} series with a rule that is not understood or not counted out`);
  for (const line of unreadable) t.diagnostic(`unreadable: ${line}`);
  assert.equal(files, 112);
  assert.ok(unreadable.length <= 12);
});
