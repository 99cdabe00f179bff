import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The product as a person starts it: one process, embedded database, a data folder of its own. */
export interface RunningServer {
  readonly origin: string;
  /** The one-time link printed at the first start of a data folder. */
  readonly signInUrl: string;
  readonly folder: string;
  /** What it printed so far. */
  readonly output: () => string;
  /** Ends it as an operator would, or as a power cut would. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts the server on a folder, a new one if none is given, and waits until it says that it is ready. */
export async function startServer(
  options: { folder?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<RunningServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'factotum-e2e-')));
  const environment = {
    ...process.env,
    FACTOTUM_DROP: join(folder, 'drop'),
    FACTOTUM_OUTBOX: join(folder, 'outbox'),
    ...options.environment,
  };
  const server = spawn(process.execPath, ['server/src/main.ts', '--port', '0', '--data', join(folder, 'data')], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (/Factotum is ready: \S+/.test(output) && (/#token=\S+/.test(output) || options.folder !== undefined)) resolve();
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  await ready;
  return {
    origin: /Factotum is ready: (\S+)/.exec(output)?.[1] ?? '',
    signInUrl: /(http\S+#token=\S+)/.exec(output)?.[1] ?? '',
    folder,
    output: () => output,
    stop: (signal = 'SIGTERM') => end(server, signal),
  };
}

/** Runs one command of the product and gives what it printed as JSON. */
export async function command(server: Pick<RunningServer, 'folder'>, ...words: string[]): Promise<unknown> {
  const child = spawn(process.execPath, ['server/src/main.ts', 'command', ...words, '--data', join(server.folder, 'data'), '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`factotum ${words.join(' ')} ended with ${code}: ${out}${complaints}`);
  return JSON.parse(out);
}

/** Takes the folder away with everything in it, the database's own place included. */
export async function removeServer({ folder }: Pick<RunningServer, 'folder'>): Promise<void> {
  const place = await readFile(join(folder, 'data', 'postgres.location'), 'utf8').catch(() => '');
  if (place.trim().startsWith('/var/lib/factotum/')) await rm(place.trim(), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function end(server: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await ended;
}
