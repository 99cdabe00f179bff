import { spawn } from 'node:child_process';
import { constants, lchown, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FactotumError } from '#kernel';
import { exists } from './binaries.ts';
import { isCode, isRunning } from './lock.ts';
import type { Place } from './place.ts';
import { settings } from './settings.ts';

/** A running server, as its own `postmaster.pid` describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketFolder: string;
  readonly ready: boolean;
}

/** The server that runs on this cluster, or undefined: a file that was left behind by a dead one does not count. */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const lines = await readFile(pidFile(cluster), 'utf8').then(
    (text) => text.split('\n'),
    (error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    },
  );
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !(await isPostmaster(pid, cluster))) return undefined;
  return { pid, port: Number(lines[3]), socketFolder: lines[4] ?? '', ready: lines[7]?.trim() === 'ready' };
}

const pidFile = (cluster: string): string => join(cluster, 'postmaster.pid');

/** Creates the cluster: whole or not at all, as it gets its name last. */
export async function createCluster(place: Place, superuserPassword: string): Promise<void> {
  const draft = `${place.cluster}.new`;
  const passwordFile = join(place.home, 'password');
  await rm(draft, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  // The folder is the other user's: nothing is written or given away there through a name that they could have put a link at.
  const secret = await open(passwordFile, 'wx', 0o600);
  await secret.writeFile(`${superuserPassword}\n`);
  if (place.user) await secret.chown(place.user.uid, place.user.gid);
  await secret.close();
  try {
    // Code-point order and Unicode case on every system alike, whatever locales it has. Checksums are initdb's default.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth-local=scram-sha-256', '--auth-host=scram-sha-256'];
    await finish(place, 'initdb', [`--pgdata=${draft}`, ...locale, ...access, '--no-instructions']);
    await rename(draft, place.cluster);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Gives the superuser another password while the server is down: what to do when the old one is lost. */
export async function resetPassword(place: Place, verifier: string): Promise<void> {
  await finish(place, 'postgres', ['--single', '-D', place.cluster, 'postgres'], `alter role postgres password '${verifier}'\n`);
}

/**
 * Starts the server on a cluster where none runs and waits until it takes connections.
 *
 * The process is nobody's child in spirit: it outlives us, does not get our terminal's signals, and writes its own log.
 *
 * @param parameters - settings on top of ours.
 * @throws FactotumError `database.unavailable` with the end of the server's log when it does not come up.
 */
export async function startPostmaster(
  place: Place,
  socketFolder: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Postmaster> {
  // After kill -9 of the postmaster its children need a moment to notice, and until then they hold the cluster.
  const deadline = performance.now() + startPatienceMs;
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    await forgetReusedPid(place.cluster);
    const outcome = await tryStart(place, socketFolder, parameters);
    if (outcome.kind === 'started') return outcome.postmaster;
    if (!stillHeld.test(outcome.log) || performance.now() > deadline)
      throw new FactotumError('database.unavailable', `The embedded PostgreSQL does not start. The end of ${place.log}:\n${outcome.log}`);
    await sleep(waitMs);
  }
}

const startPatienceMs = 30_000;
/** A crash is followed by recovery of at most max_wal_size (1 GB), some seconds on any disk; a minute is for a busy one. */
const recoveryPatienceMs = 60_000;
const stillHeld = /lock file "[^"]*" already exists|pre-existing shared memory block/;

/**
 * Stops the server: open transactions are rolled back, everything is written, connections are closed.
 *
 * @throws FactotumError `database.unavailable` when it still runs after half a minute.
 */
export async function stopPostmaster(cluster: string, pid: number): Promise<void> {
  if (!signal(pid, 'SIGINT')) return;
  const deadline = performance.now() + 30_000;
  while ((await findPostmaster(cluster))?.pid === pid) {
    if (performance.now() > deadline)
      throw new FactotumError('database.unavailable', `The embedded PostgreSQL (process ${pid}) does not stop.`);
    await sleep(20);
  }
}

/** A socket's path must fit into the kernel's 104 to 108 bytes; when the data folder's does not, a folder below /tmp takes its place. */
export async function makeSocketFolder(place: Place): Promise<string> {
  const inside = join(place.home, 'socket');
  const fits = Buffer.byteLength(`${inside}/.s.PGSQL.65535.lock`) < 100;
  if (fits) await rm(inside, { recursive: true, force: true });
  const folder = fits ? inside : await mkdtemp('/tmp/factotum-');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (place.user) await lchown(folder, place.user.uid, place.user.gid);
  return folder;
}

/** Takes the folder below /tmp away again; the one inside the server's own stays for the next start. */
export async function removeSocketFolder(place: Place, folder: string): Promise<void> {
  if (!folder.startsWith(`${place.home}/`)) await rm(folder, { recursive: true, force: true });
}

type Outcome = { readonly kind: 'started'; readonly postmaster: Postmaster } | { readonly kind: 'ended'; readonly log: string };

async function tryStart(place: Place, socketFolder: string, parameters: Readonly<Record<string, string>>): Promise<Outcome> {
  const log = await openLog(place);
  try {
    const { size: before } = await log.stat();
    const flags = Object.entries({ ...settings, ...parameters, unix_socket_directories: socketFolder }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const child = spawn(join(place.binaries, 'bin', 'postgres'), ['-D', place.cluster, ...flags], {
      ...(place.user ?? {}),
      cwd: place.home,
      env: environment,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, by) => resolve(`ended with ${by ?? code}`));
      child.once('error', (error) => resolve(error.message));
    });
    child.unref();
    let end: string | undefined;
    void ended.then((how) => {
      end = how;
    });
    const deadline = performance.now() + recoveryPatienceMs;
    while (end === undefined && performance.now() < deadline) {
      const found = await findPostmaster(place.cluster);
      if (found?.pid === child.pid && found?.ready) return { kind: 'started', postmaster: found };
      await Promise.race([ended, sleep(10)]);
    }
    if (end === undefined) child.kill('SIGQUIT');
    const written = (await readFile(place.log, 'utf8')).slice(before);
    return { kind: 'ended', log: `${written.slice(-2_000)}${end ?? 'gave up waiting'}` };
  } finally {
    await log.close();
  }
}

/** The log of the run before is kept, once; what the server logs are its own troubles, a few lines a day. */
async function openLog(place: Place) {
  const file = place.log;
  const sizeMax = 1_000_000;
  if ((await exists(file)) && (await stat(file)).size > sizeMax) await rename(file, `${file}.1`);
  return open(file, 'a', 0o600);
}

/** Nothing of our own environment, which may hold keys, is the server's business. */
const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

/** Runs one of PostgreSQL's programs to its end. */
async function finish(place: Place, program: 'initdb' | 'postgres', parameters: readonly string[], input = ''): Promise<void> {
  const child = spawn(join(place.binaries, 'bin', program), parameters, {
    ...(place.user ?? {}),
    cwd: place.home,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-2_000)));
  // A program that ends early closes its input; its exit says more than the broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const end = await new Promise<string | number | null>((resolve) => {
    child.once('close', (code, by) => resolve(by ?? code));
    child.once('error', (error) => resolve(error.message));
  });
  if (end !== 0) throw new FactotumError('database.unavailable', `${program} ended with ${end}. The end of what it said:\n${output}`);
}

/** Whether the process is the server of this cluster: a number in a file that was left behind may be anybody's by now. */
async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  // Elsewhere a living process of that number is taken for the server, as PostgreSQL itself does.
  if (process.platform !== 'linux') return true;
  try {
    const [program = '', ...parameters] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return basename(program) === 'postgres' && parameters.includes(cluster);
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return false;
    throw error;
  }
}

/**
 * In a container numbers start again at 1, and a left-over file names a process that lives and is somebody else. PostgreSQL would refuse
 * to start for ever. It passes over its own parent's number, so that is put in; the rest of the file, by which it finds children that still hold the cluster, stays.
 */
async function forgetReusedPid(cluster: string): Promise<void> {
  if (!(await exists(pidFile(cluster))) || (await findPostmaster(cluster)) !== undefined) return;
  const [, ...rest] = (await readFile(pidFile(cluster), 'utf8')).split('\n');
  const file = await open(pidFile(cluster), constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW);
  await file.writeFile([String(process.pid), ...rest].join('\n'));
  await file.close();
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false;
    throw error;
  }
}
