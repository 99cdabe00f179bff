import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import { type Figure, figureOf, type Row } from './row.ts';
import { rows } from './rows.ts';
import { root } from './server-process.ts';

const usage = `npm run bench [-- --json] [--row NAME ...] [--seconds N] [--profile DIR]
  --json         an array of {row, value, unit, budget, holds} on stdout instead of the table
  --row NAME     only this row; may be given several times
  --seconds N    how long to measure what goes on as long as one lets it (default 20; the budgets speak of 60)
  --tasks N      how many tasks the rows of a million write, to try something out with fewer (default 1000000)
  --profile DIR  a CPU profile of each server process, written when it stops
  --node OPTION  for the server's Node, such as --max-semi-space-size=32; may be given several times

${rows.map(({ row, about }) => `  ${row.padEnd(24)} ${about}`).join('\n')}`;

interface Options {
  readonly json: boolean;
  readonly chosen: readonly Row[];
  readonly seconds: number;
  readonly tasks: number;
  readonly nodeOptions: readonly string[];
}

/** @returns 0 when every figure keeps to its budget, 1 when one does not, 2 on wrong usage. */
async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const bench = openBench({ seconds: options.seconds, tasks: options.tasks, say, nodeOptions: options.nodeOptions });
  const figures: Figure[] = [];
  try {
    for (const row of options.chosen) {
      const figure = await measure(row, () => row.measure(bench));
      say(lineOf(figure));
      figures.push(figure);
      await keep(figure, options.seconds);
    }
  } finally {
    await bench.close();
  }
  const brief = figures.map(({ row, value, unit, budget, holds }) => ({ row, value, unit, budget, holds }));
  process.stdout.write(options.json ? `${JSON.stringify(brief)}\n` : `${[heading, ...figures.map(lineOf)].join('\n')}\n`);
  return figures.every(({ holds }) => holds) ? 0 : 1;
}

/** A row that cannot be measured has no value and does not hold; the others are measured all the same. */
async function measure(row: Row, work: () => ReturnType<Row['measure']>): Promise<Figure> {
  try {
    return figureOf(row, await work());
  } catch (error) {
    return figureOf(row, { value: Number.NaN, detail: { error: error instanceof Error ? (error.stack ?? error.message) : String(error) } });
  }
}

const heading = `${'row'.padEnd(24)} ${'value'.padStart(10)} ${'unit'.padEnd(10)} ${'budget'.padEnd(10)}`;

function lineOf({ row, value, unit, budget, holds }: Figure): string {
  const shown = Number.isFinite(value) ? value.toLocaleString('en-US') : '-';
  const verdict = budget === null && holds ? '' : holds ? 'holds' : 'DOES NOT HOLD';
  return `${row.padEnd(24)} ${shown.padStart(10)} ${unit.padEnd(10)} ${(budget ?? '').padEnd(10)} ${verdict}`.trimEnd();
}

/** The newest measurement of each row, with what is needed to judge it later: the machine, its load, the commit. */
async function keep(figure: Figure, seconds: number): Promise<void> {
  const folder = join(root, 'bench', 'results');
  await mkdir(folder, { recursive: true });
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    load: loadavg(),
  };
  const kept = { ...figure, seconds, measuredAt: new Date().toISOString(), commit: commit(), node: process.version, machine };
  await writeFile(join(folder, `${figure.row}.json`), `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** The commit that was measured; `+` when files were changed since. A folder that is no clone has none. */
function commit(): string | null {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'server', 'packages') === '' ? '' : '+'}`;
  } catch {
    return null;
  }
}

function readOptions(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        row: { type: 'string', multiple: true, default: [] },
        seconds: { type: 'string', default: '20' },
        tasks: { type: 'string', default: '1000000' },
        profile: { type: 'string' },
        node: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    const tasks = Number(values.tasks);
    const unknown = values.row.filter((name) => !rows.some(({ row }) => row === name));
    if (values.help) return usage;
    if (unknown.length > 0) return `There is no row ${unknown.join(', ')}.\n${usage}`;
    if (!(seconds >= 1 && seconds <= 3_600)) return `--seconds takes a number from 1 to 3600.\n${usage}`;
    if (!(Number.isInteger(tasks) && tasks >= 1_000 && tasks <= 10_000_000))
      return `--tasks takes a whole number from 1000 to 10000000.\n${usage}`;
    const chosen = values.row.length === 0 ? rows : rows.filter(({ row }) => values.row.includes(row));
    const profile = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile];
    return { json: values.json, chosen, seconds, tasks, nodeOptions: [...profile, ...values.node] };
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\n${usage}`;
  }
}

process.exitCode = await main();
