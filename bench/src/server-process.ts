import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** The repository's root. */
export const root = join(import.meta.dirname, '..', '..');

const readyMsMax = 60_000;
const stopMsMax = 30_000;

/** A running server of ours, started as `npm start` does. */
export interface ServerProcess {
  readonly url: string;
  readonly dataFolder: string;
  readonly pid: number;
  /** From the start of the process to its word that it is ready, in milliseconds. */
  readonly startMs: number;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
  /** kill -9 of the server alone; its database lives on, as it would in real life. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  /** Everything of this server: data, drop and outbox lie in it. */
  readonly folder: string;
  /** For node itself, such as --cpu-prof. */
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** @throws Error with what the server said, when it does not come up. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const dataFolder = join(options.folder, 'data');
  const startedAt = performance.now();
  const [program = '', ...args] = await startWords(options.nodeOptions ?? []);
  const child = spawn(program, [...args, '--port', '0', '--data', dataFolder], {
    cwd: root,
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const url = await readyUrl(child, said);
  // A process that has said something has a number.
  const pid = child.pid ?? 0;
  const ended = once(child, 'exit');
  return {
    url,
    dataFolder,
    pid,
    startMs: performance.now() - startedAt,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = await Promise.race([ended.then(() => false), sleep(stopMsMax, true, { ref: false })]);
      if (late) {
        child.kill('SIGKILL');
        throw new Error(`The server did not stop within ${stopMsMax} ms.\n${said.slice(-20).join('\n')}`);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The words of `npm start`, with this very Node and more options for it. */
async function startWords(nodeOptions: readonly string[]): Promise<string[]> {
  const { scripts } = z
    .object({ scripts: z.object({ start: z.string() }) })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const [, ...words] = scripts.start.split(' ');
  return [process.execPath, ...nodeOptions, ...words];
}

/** Only what a process needs to run, and what the bench sets: nobody's own settings or keys change what is measured. */
function environmentOf({ folder, environment }: Pick<ServerOptions, 'folder' | 'environment'>): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'USER'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return {
    ...Object.fromEntries(kept),
    FACTOTUM_DEMO: '0',
    FACTOTUM_DROP: join(folder, 'drop'),
    FACTOTUM_OUTBOX: join(folder, 'outbox'),
    ...environment,
  };
}

async function readyUrl(child: ChildProcess, said: string[]): Promise<string> {
  if (child.stdout === null || child.stderr === null) throw new Error('The server was started without pipes.');
  child.stderr.on('data', (bytes: Buffer) => said.push(...bytes.toString().split('\n').filter(Boolean)));
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}\n${said.slice(-30).join('\n')}`));
    const timer = setTimeout(() => fail(`The server was not ready within ${readyMsMax} ms.`), readyMsMax);
    child.once('exit', (code) => fail(`The server ended with ${code}.`));
    lines.on('line', (line) => {
      said.push(line);
      const url = /^Factotum is ready: (\S+)/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

/** The embedded PostgreSQL's main process, from its own note in the cluster. */
export async function postmasterOf(dataFolder: string): Promise<number> {
  const home = await readFile(join(dataFolder, 'postgres.location'), 'utf8').then(
    (text) => text.trim(),
    () => join(dataFolder, 'postgres'),
  );
  return Number.parseInt(await readFile(join(home, 'cluster', 'postmaster.pid'), 'utf8'), 10);
}

/** Ends a database whose server was killed; waits until it is down. */
export async function stopPostmaster(dataFolder: string): Promise<void> {
  const pid = await postmasterOf(dataFolder).catch(() => undefined);
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGINT');
    for (let waited = 0; waited < stopMsMax; waited += 50) {
      process.kill(pid, 0);
      await sleep(50);
    }
  } catch {
    // Gone, which is what was wanted.
  }
}

/** Memory of processes in MB: each shared page counted in its share (Linux). */
export async function pssMb(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(pssKb));
  return sizes.reduce((sum, kb) => sum + kb, 0) / 1_024;
}

/** A process and everything below it. */
export async function familyOf(pid: number): Promise<number[]> {
  const family = [pid];
  for (const member of family) family.push(...(await childrenOf(member)));
  return family;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')));
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}

async function pssKb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}
