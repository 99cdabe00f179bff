import { relative, sep } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

const shownMax = 10;

/**
 * Passes the events of a test run on, and puts a table of the slowest files in front of the runner's closing lines.
 *
 * @param root - file names are shown relative to it.
 */
export async function* withSlowestFiles(root: string, events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  const durations = new Map<string, number>();
  let isShown = false;
  for await (const event of events) {
    if (event.type === 'test:summary' && event.data.file !== undefined) durations.set(event.data.file, event.data.duration_ms);
    // The closing lines are diagnostics of the run as a whole, and the first of them counts the tests.
    if (!isShown && event.type === 'test:diagnostic' && event.data.nesting === 0 && event.data.message.startsWith('tests ')) {
      isShown = true;
      yield { type: 'test:stdout', data: { file: '', message: slowestFiles(root, durations) } };
    }
    yield event;
  }
}

function slowestFiles(root: string, durations: ReadonlyMap<string, number>): string {
  const slowest = [...durations].sort(([, a], [, b]) => b - a).slice(0, shownMax);
  const lines = slowest.map(([file, ms]) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${relative(root, file).split(sep).join('/')}`);
  return ['', `Slowest of ${durations.size} files:`, ...lines, ''].join('\n');
}
