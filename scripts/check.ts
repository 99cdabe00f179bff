import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { generatedFiles } from './generated.ts';
import { findHygieneFaults, type TextFile } from './hygiene.ts';

const usage = `npm run check [-- --fix]
  --fix  format, apply safe lint fixes and rewrite generated files first`;

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const checkTimeoutMs = 300_000;
const outputBytesMax = 16_000_000;

/** One check: resolves to its complaints, empty when there are none. */
interface Check {
  readonly name: string;
  readonly run: () => Promise<string>;
}

const workspaces = ['server', 'web', 'packages/tlog', 'packages/translation', 'packages/connector-sdk', 'bench', 'e2e', 'scripts'];

const checks: readonly Check[] = [
  { name: 'format and lint', run: () => complaintsOf(bin('biome'), 'check', '--error-on-warnings', '--colors=off') },
  ...workspaces.map((folder) => ({ name: `types of ${folder}`, run: () => complaintsOf(bin('tsc'), '--noEmit', '-p', folder) })),
  { name: 'architecture', run: () => complaintsOf(process.execPath, '--test', '--test-reporter=dot', 'server/test/architecture.test.ts') },
  { name: 'unused code', run: () => complaintsOf(bin('knip')) },
  { name: 'generated files', run: findDrift },
  { name: 'hygiene', run: async () => findHygieneFaults(await readRepository()).join('\n') },
];

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  if (options.fix) await fix();
  const waiting = [...checks];
  let failed = 0;
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await report(check))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(failed === 0 ? `All ${checks.length} checks passed.` : `${failed} of ${checks.length} checks failed.`);
  return failed === 0 ? 0 : 1;
}

function readOptions(): { fix: boolean } | null {
  try {
    return parseArgs({ options: { fix: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    return null;
  }
}

async function report({ name, run }: Check): Promise<boolean> {
  const startedAt = performance.now();
  const complaints = await run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const isGood = complaints === '';
  console.log(`${isGood ? 'ok    ' : 'failed'}  ${name.padEnd(22)}${seconds.padStart(6)} s${isGood ? '' : `\n${complaints}\n`}`);
  return isGood;
}

async function complaintsOf(command: string, ...args: string[]): Promise<string> {
  try {
    await promisify(execFile)(command, args, { cwd: root, timeout: checkTimeoutMs, maxBuffer: outputBytesMax });
    return '';
  } catch (error) {
    // What execFile rejects with carries the output; a program that could not be started has only a message.
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    return `${stdout}${stderr}`.trim() || message;
  }
}

async function findDrift(): Promise<string> {
  const faults = await Promise.all(
    generatedFiles.map(async ({ path, render }) => {
      const present = await readFile(join(root, path), 'utf8').catch(() => null);
      return present === (await render()) ? [] : [`${path} differs from the code it is written from; npm run check -- --fix writes it`];
    }),
  );
  return faults.flat().join('\n');
}

async function fix(): Promise<void> {
  for (const { path, render } of generatedFiles) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), await render());
  }
  // What it cannot fix is named by the check itself.
  await complaintsOf(bin('biome'), 'check', '--write');
}

/** Every text file that git knows or would add. */
async function readRepository(): Promise<TextFile[]> {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const { stdout } = await promisify(execFile)('git', list, { cwd: root, maxBuffer: outputBytesMax });
  const paths = stdout.split('\0').filter((path) => path !== '');
  const files = await Promise.all(
    paths.map(async (path) => {
      const content = await readFile(join(root, path)).catch(() => null); // deleted, but not yet committed
      return content === null || content.includes(0) ? [] : [{ path, text: content.toString() }];
    }),
  );
  return files.flat();
}

process.exitCode = await main();
