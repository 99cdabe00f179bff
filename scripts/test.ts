import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareBrowser } from './browser.ts';
import { installSystemPackages } from './system-packages.ts';
import { findTests } from './test-files.ts';
import { withSlowestFiles } from './test-report.ts';

const usage = `npm test [-- [--system] [--name TEXT] [part of a path ...]]
  --system     the tests that need Debian packages; as root these are installed first
  --name TEXT  only tests whose name contains TEXT`;

const root = join(import.meta.dirname, '..');
/** Each test ends within this, or counts as failed. */
const testTimeoutMs = 120_000;
/** The whole run ends within this: a test that blocks its process cannot notice its own time limit. */
const runTimeoutMs = 1_800_000;
/** Files run side by side; more than this, and tests with clocks in them begin to disturb each other. */
const filesAtOnceMax = 4;
/** In CI nothing may be skipped because something is missing. */
const isCi = process.env.CI !== undefined && process.env.CI !== 'false';

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  const kind = options.system ? 'system' : 'everyday';
  let files = await findTests(root, kind, options.wanted);
  if (files.length === 0) {
    console.error(`No ${kind} test has ${options.wanted.join(' or ') || 'been written'} in its path.`);
    return 1;
  }
  if (options.system) {
    const installed = installSystemPackages();
    if (!installed.ok) return refuse('The system tests are skipped', installed.reason);
  }
  if (files.some(needsBrowser)) {
    const browser = await prepareBrowser(root);
    if (browser.kind === 'ready') Object.assign(process.env, browser.env);
    else if (refuse('The browser tests are skipped', browser.reason) !== 0) return 1;
    else files = files.filter((file) => !needsBrowser(file));
  }
  setDefaults();
  const cluster = files.some(needsDatabase) && process.env.FACTOTUM_TEST_DATABASE_URL === undefined ? await startCluster() : null;
  try {
    return (await runFiles(files, options.name)) ? 0 : 1;
  } finally {
    await cluster?.stop();
  }
}

function readOptions(): { system: boolean; name?: string; wanted: string[] } | null {
  try {
    const { values, positionals } = parseArgs({
      options: { system: { type: 'boolean', default: false }, name: { type: 'string' } },
      allowPositionals: true,
    });
    return { ...values, wanted: positionals };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    return null;
  }
}

/** What is missing is said; in CI it is a failure. */
function refuse(what: string, reason: string): number {
  console.error(`${what}: ${reason}`);
  return isCi ? 1 : 0;
}

const needsBrowser = (file: string) => /\.e2e\.(?:system\.)?ts$/.test(file);
const needsDatabase = (file: string) => /^(?:server|e2e|bench)\//.test(file);

/** What the test processes inherit, unless it is set. */
function setDefaults() {
  process.env.FACTOTUM_FIXTURES ??= join(root, '..', 'shared', 'fixtures');
  // Compiled code is kept between processes: each test file loads the same hundreds of modules.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'compiled');
}

/** One PostgreSQL for the whole run; each test file makes a database of its own in it (server/test/database.ts). */
async function startCluster(): Promise<{ stop(): Promise<void> }> {
  const { startTestCluster } = await import('../server/test/database.ts');
  const folder = await mkdtemp(join(tmpdir(), 'factotum-test-'));
  const cluster = await startTestCluster(folder);
  process.env.FACTOTUM_TEST_DATABASE_URL = cluster.superuserUrl;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= cluster.stop().then(() => rm(folder, { recursive: true, force: true }));
    return stopped;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop().finally(() => process.exit(1));
    });
  }
  return { stop };
}

/**
 * Runs the files with node's own runner.
 *
 * @returns whether every file told of all its tests, and all passed.
 */
async function runFiles(files: readonly string[], name: string | undefined): Promise<boolean> {
  const stream = run({
    files: files.map((file) => join(root, file)),
    concurrency: Math.min(availableParallelism(), filesAtOnceMax),
    timeout: testTimeoutMs,
    signal: AbortSignal.timeout(runTimeoutMs),
    execArgv: ['--import', pathToFileURL(join(root, 'scripts', 'test-process.ts')).href],
    // A file whose tests have all ended is over, even if it left a socket open.
    forceExit: true,
    ...(name === undefined ? {} : { testNamePatterns: new RegExp(RegExp.escape(name)) }),
  });
  let passed = false;
  const reported = new Set<string>();
  stream.on('test:summary', (summary) => {
    if (summary.file === undefined) passed = summary.success;
    else reported.add(summary.file);
  });
  for await (const text of Readable.from(withSlowestFiles(root, stream)).pipe(new spec())) process.stdout.write(text);
  const silent = files.filter((file) => !reported.has(join(root, file)));
  if (silent.length > 0) console.error(`The report of ${silent.join(', ')} broke off: not all of its tests are in the count.`);
  return passed && silent.length === 0;
}

process.exitCode = await main();
