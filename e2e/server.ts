import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Shorter than a test may take, so that what it printed is told. */
const startMsMax = 110_000;

/** The product as a person starts it: one process with a data folder of its own. */
export interface RunningServer {
  /** Empty when the process has no role that listens. */
  readonly origin: string;
  /** The one-time link printed at the first start of a data folder. */
  readonly signInUrl: string;
  readonly folder: string;
  /** From starting the process to its word that it is ready, in milliseconds. */
  readonly startMs: number;
  /** What it printed so far, logs included. */
  readonly output: () => string;
  /** Ends it as an operator would, or as a power cut would. @returns its exit code, null when a signal ended it. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

export interface ServerOptions {
  /** Where everything of this server lies; a new folder if none is given. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts the server on a folder, a new one if none is given, and waits until it says that it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'factotum-e2e-')));
  const isNewDemo = options.folder === undefined && options.environment?.FACTOTUM_DEMO !== '0';
  const startedAt = performance.now();
  const { child, output } = launch(folder, options.environment);
  await new Promise<void>((resolve, reject) => {
    const read = () => {
      if (/Factotum is ready.*\n/.test(output()) && (!isNewDemo || /#token=\S+\n/.test(output()))) resolve();
    };
    child.stdout?.on('data', read);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${output()}`)));
    setTimeout(() => reject(new Error(`the server is not ready after ${startMsMax} ms: ${output()}`)), startMsMax).unref();
  });
  return {
    origin: /Factotum is ready: (http\S+)/.exec(output())?.[1] ?? '',
    signInUrl: /(http\S+#token=\S+)/.exec(output())?.[1] ?? '',
    folder,
    startMs: performance.now() - startedAt,
    output,
    stop: (signal = 'SIGTERM') => end(child, signal),
  };
}

/** Starts a server that is not expected to come up, and waits for its end. */
export async function failingServer(options: ServerOptions & { readonly folder: string; readonly args?: readonly string[] }) {
  const { child, output } = launch(options.folder, options.environment, options.args);
  const timer = setTimeout(() => child.kill('SIGKILL'), startMsMax);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { code, output: output() };
}

function launch(folder: string, environment: ServerOptions['environment'], args: readonly string[] = ['--port', '0']) {
  const child = spawn(process.execPath, ['server/src/main.ts', ...args, '--data', join(folder, 'data')], {
    cwd: root,
    env: { ...process.env, FACTOTUM_DROP: join(folder, 'drop'), FACTOTUM_OUTBOX: join(folder, 'outbox'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const read = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return { child, output: () => output };
}

/** Runs one command of the product and gives what it printed as JSON. */
export async function command(
  server: Pick<RunningServer, 'folder'> & Pick<ServerOptions, 'environment'>,
  ...words: string[]
): Promise<unknown> {
  const child = spawn(process.execPath, ['server/src/main.ts', 'command', ...words, '--data', join(server.folder, 'data'), '--json'], {
    cwd: root,
    env: { ...process.env, ...server.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`factotum ${words.join(' ')} ended with ${code}: ${out}${complaints}`);
  return JSON.parse(out);
}

/** The process id of a server's embedded database as that wrote it down; 0 when none runs. */
export async function databasePid({ folder }: Pick<RunningServer, 'folder'>): Promise<number> {
  const moved = await readFile(join(folder, 'data', 'postgres.location'), 'utf8').catch(() => join(folder, 'data', 'postgres'));
  const written = await readFile(join(moved.trim(), 'cluster', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(written.split('\n')[0]);
}

/** Takes the folder away with everything in it, the database's own place included. */
export async function removeServer({ folder }: Pick<RunningServer, 'folder'>): Promise<void> {
  const place = await readFile(join(folder, 'data', 'postgres.location'), 'utf8').catch(() => '');
  // The folder and the note beside it that says whose it is.
  if (place.trim().startsWith('/var/lib/factotum/'))
    for (const path of [place.trim(), `${place.trim()}.data-folder`]) await rm(path, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function end(server: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (server.exitCode !== null || server.signalCode !== null) return server.exitCode;
  const ended = new Promise<number | null>((resolve) => server.once('close', resolve));
  server.kill(signal);
  return ended;
}
