import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { FactotumError, type Logger } from '#kernel';
import { firstThatOpens, sqlState } from '../owner.ts';
import { addPasswords, candidatesOf, newPassword, readPasswords, scramVerifier } from '../passwords.ts';
import { exists } from './binaries.ts';
import { type ProcessLock, tryLock } from './lock.ts';
import { findHome, type Place, settle } from './place.ts';
import {
  createCluster,
  findPostmaster,
  makeSocketFolder,
  type Postmaster,
  removeSocketFolder,
  resetPassword,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts';

export interface EmbeddedOptions {
  /** The data folder; the server lives in `postgres` inside it, its passwords in `run/passwords.json`. */
  readonly dataFolder: string;
  readonly log: Logger;
  /** Told about anything that takes longer than a second, and about what is unusual. */
  readonly onProgress?: (text: string) => void;
  /** A loopback port to listen on besides the socket, for tools that cannot do sockets. Left out, there is no port. */
  readonly port?: number;
  /** PostgreSQL settings on top of ours; ignored when a server is running already. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Where a cluster goes that the database's user could not reach in the data folder. */
  readonly relocateTo?: string;
  /** The folder with PostgreSQL's binaries, if not that of the npm package. */
  readonly binaries?: string;
}

/** A running embedded server. */
export interface Embedded {
  /** For `prepareOwner` alone. It stays the same while we run, whatever happens to the server. */
  readonly superuserUrl: string;
  /** Where generated passwords of this data folder are kept. */
  readonly passwordsFile: string;
  /** Whether it was running before this call. */
  readonly adopted: boolean;
  /** The folder of the server's data. */
  readonly location: string;
  /** Stops the server if it is ours; leaves it to the process that it belongs to otherwise. Stopping twice does nothing. */
  stop(): Promise<void>;
}

/**
 * Brings up the data folder's PostgreSQL: creates it on first use, adopts it when it is running (we were killed, it was not), starts it
 * otherwise. The process that gets here first owns the server: it watches it, starts it again should it die, and stops it. Others use it.
 *
 * @throws FactotumError `database.unavailable` when the server does not come up (with the end of its log), `config.invalid` when it cannot run here.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const dataFolder = await makeDataFolder(options.dataFolder);
  const settled = { ...options, dataFolder };
  const deadline = performance.now() + waitForOwnerMs;
  while (performance.now() < deadline) {
    const lock = await tryLock(join(dataFolder, 'run', 'postgres.lock'));
    if (lock !== undefined) return own(settled, lock);
    const used = await use(settled);
    if (used !== undefined) return used;
    await sleep(50);
  }
  throw new FactotumError(
    'database.unavailable',
    `Another process holds ${dataFolder} and does not bring its database up. End it, then start again.`,
  );
}

/** Creating a cluster takes seconds, recovery after a crash some more: what the other process may need. */
const waitForOwnerMs = 90_000;
/** Names the socket, in a folder that has no other. */
const socketPort = 5432;

type Settled = EmbeddedOptions & { readonly dataFolder: string };

async function makeDataFolder(given: string): Promise<string> {
  const folder = resolve(given);
  if (!(await exists(folder))) {
    await mkdir(folder, { recursive: true });
    // Whatever the umask: the database's user has to pass through, and nobody has to look around.
    await chmod(folder, 0o711);
  }
  await mkdir(join(folder, 'run'), { recursive: true, mode: 0o700 });
  await chmod(join(folder, 'run'), 0o700);
  return realpath(folder);
}

const passwordsFileOf = (dataFolder: string): string => join(dataFolder, 'run', 'passwords.json');

async function own(options: Settled, lock: ProcessLock): Promise<Embedded> {
  try {
    const onProgress = options.onProgress ?? (() => undefined);
    const place = await settle({ ...options, onProgress });
    const passwordsFile = passwordsFileOf(options.dataFolder);
    const up = (await adopt(place.cluster, passwordsFile)) ?? (await startOwn(place, passwordsFile, onProgress));
    const start = (socketFolder: string) =>
      tellIfSlow(startPostmaster(place, socketFolder, parametersOf(options)), () =>
        onProgress('Starting PostgreSQL; after a crash it has to catch up first.'),
      );
    const postmaster = up.kind === 'adopted' ? up.postmaster : await start(up.socketFolder);
    // A rotation may have been cut off, and only the server can tell which of two passwords it has.
    const password = up.kind === 'adopted' ? up.password : ((await passwordThatOpens(postmaster, passwordsFile)) ?? up.password);
    const watch = watchOver(place, postmaster, () => start(postmaster.socketFolder), options.log);
    const stop = async () => {
      const { pid, socketFolder } = await watch.end();
      await stopPostmaster(place.cluster, pid);
      await removeSocketFolder(place, socketFolder);
      await lock.release();
    };
    let stopping: Promise<void> | undefined;
    return {
      superuserUrl: superuserUrl(postmaster, password),
      passwordsFile,
      adopted: up.kind === 'adopted',
      location: place.home,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function parametersOf({ parameters, port }: EmbeddedOptions): Readonly<Record<string, string>> {
  return port === undefined
    ? { ...parameters, port: String(socketPort) }
    : { ...parameters, port: String(port), listen_addresses: '127.0.0.1' };
}

/** Makes everything ready for a start: the cluster, a password that is known, a folder for the socket. */
async function startOwn(place: Place, passwordsFile: string, onProgress: (text: string) => void) {
  // It did not take our password, or it would have been adopted.
  const running = await findPostmaster(place.cluster);
  if (running !== undefined) await stopPostmaster(place.cluster, running.pid);
  const password = await readyPassword({ place, passwordsFile, mayKnow: running === undefined, onProgress });
  return { kind: 'ready', password, socketFolder: await makeSocketFolder(place) } as const;
}

/** Uses the server that another process owns, or returns undefined while that is not up. */
async function use({ dataFolder }: Settled): Promise<Embedded | undefined> {
  const home = await findHome(dataFolder);
  if (home === undefined) return undefined;
  const passwordsFile = passwordsFileOf(dataFolder);
  const up = await adopt(join(home, 'cluster'), passwordsFile);
  if (up === undefined) return undefined;
  return {
    superuserUrl: superuserUrl(up.postmaster, up.password),
    passwordsFile,
    adopted: true,
    location: home,
    stop: async () => undefined,
  };
}

/** The running server, once it answers; undefined when none runs or our password is not its password. */
async function adopt(cluster: string, passwordsFile: string) {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const postmaster = await findPostmaster(cluster);
    if (postmaster === undefined) return undefined;
    const passwords = candidatesOf(await readPasswords(passwordsFile), superuser);
    if (passwords.length === 0) return undefined;
    if (postmaster.ready) {
      const answers = await Promise.all(passwords.map((password) => tryConnect(superuserUrl(postmaster, password))));
      const password = passwords[answers.indexOf(undefined)];
      if (password !== undefined) return { kind: 'adopted', postmaster, password } as const;
      if (answers.every((answer) => sqlState(answer) === '28P01')) return undefined;
    }
    await sleep(50);
  }
  throw new FactotumError('database.unavailable', `The embedded PostgreSQL of ${cluster} is running and does not answer.`);
}

const superuser = 'postgres';

async function passwordThatOpens(postmaster: Postmaster, passwordsFile: string): Promise<string | undefined> {
  const url = superuserUrl(postmaster, '');
  return firstThatOpens(url, superuser, candidatesOf(await readPasswords(passwordsFile), superuser));
}

async function tryConnect(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end();
  }
}

/** The host is the socket's folder, in the one form that `new URL`, libpq and pg understand alike. */
function superuserUrl({ socketFolder, port }: Postmaster, password: string): string {
  const url = new URL(`postgres://localhost:${port}/postgres`);
  url.username = superuser;
  url.password = password;
  url.searchParams.set('host', socketFolder);
  return url.href;
}

/** Creates the cluster if there is none yet. Returns the superuser's password, a new one if it was lost. */
async function readyPassword(at: {
  place: Place;
  passwordsFile: string;
  mayKnow: boolean;
  onProgress: (text: string) => void;
}): Promise<string> {
  const known = at.mayKnow ? (await readPasswords(at.passwordsFile)).current[superuser] : undefined;
  const isNew = !(await exists(at.place.cluster));
  if (known !== undefined && !isNew) return known;
  const password = newPassword();
  if (isNew) {
    at.onProgress('Creating the database: once, a few seconds.');
    await createCluster(at.place, password);
  } else {
    at.onProgress(`The database's password is not in ${at.passwordsFile}: making a new one.`);
    await resetPassword(at.place, scramVerifier(password));
  }
  // Should we be killed before this line, the next start finds no password and resets it.
  await addPasswords(at.passwordsFile, { [superuser]: password });
  return password;
}

/**
 * Looks twice a second whether the server lives and starts it again when it does not, at the same address, so the pools find it.
 * The postmaster restarts by itself when a child of it crashes; this is for the postmaster itself (out of memory, kill -9).
 */
function watchOver(place: Place, first: Postmaster, start: () => Promise<Postmaster>, log: Logger): { end(): Promise<Postmaster> } {
  const ended = new AbortController();
  const loop = async () => {
    let current = first;
    for await (const _ of ticks(500, ended.signal)) {
      try {
        const found = await findPostmaster(place.cluster);
        if (found === undefined) log.error({ pid: current.pid }, 'the embedded PostgreSQL has died; starting it again');
        current = found ?? (await start());
      } catch (error) {
        log.error({ err: error }, 'the embedded PostgreSQL does not start; trying again');
      }
    }
    return current;
  };
  const done = loop();
  return {
    end: () => {
      ended.abort();
      return done;
    },
  };
}

/** Comes round every so often until the signal; does not keep the process alive. */
async function* ticks(everyMs: number, signal: AbortSignal): AsyncGenerator<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (!signal.aborted) yield;
  }
}

async function tellIfSlow<R>(work: Promise<R>, tell: () => void): Promise<R> {
  const timer = setTimeout(tell, 1_000);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
