import { chmod, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FactotumError, folderFault } from '#kernel';
import { tryLock } from '#kernel/database';
import { findSocket, runFolderOf } from './socket-path.ts';

/** Who may start the parts of a data folder: a server for its life, or a command for its duration. */
export type DataFolderHold =
  | { readonly kind: 'ours'; readonly release: () => Promise<void> }
  /** A server of this data folder runs and answers at its socket. */
  | { readonly kind: 'served' };

/** Covers a server that is starting, with recovery after a crash, or stopping with work in hand. */
const waitMsDefault = 60_000;

/**
 * Takes `run/lock`, or finds that a server answers for the data folder. While neither is so (a server is starting or stopping, a
 * command is at work) it waits. The lock of a process that is gone counts for nothing.
 *
 * @param onWait - told once, after a second of waiting.
 * @throws FactotumError `server.busy` (retry) when the wait was in vain.
 */
export async function holdDataFolder(dataFolder: string, options: { onWait?: () => void; waitMs?: number } = {}): Promise<DataFolderHold> {
  const run = await makeRunFolder(dataFolder);
  const startedAtMs = performance.now();
  let told = false;
  for (;;) {
    if (await isServed(dataFolder)) return { kind: 'served' };
    const lock = await tryLock(join(run, 'lock'));
    if (lock !== undefined) return { kind: 'ours', release: () => lock.release() };
    const waitedMs = performance.now() - startedAtMs;
    if (waitedMs > (options.waitMs ?? waitMsDefault))
      throw new FactotumError(
        'server.busy',
        `Another process has held ${join(run, 'lock')} for too long. Look what it is doing, then try again.`,
      );
    if (waitedMs > 1_000 && !told) {
      told = true;
      options.onWait?.();
    }
    await sleep(100);
  }
}

async function makeRunFolder(dataFolder: string): Promise<string> {
  const run = runFolderOf(dataFolder);
  try {
    // The database's user has to pass through the data folder; nobody has to look around in it. What is secret is inside, behind 0700.
    if ((await mkdir(resolve(dataFolder), { recursive: true })) !== undefined) await chmod(resolve(dataFolder), 0o711);
    await mkdir(run, { recursive: true, mode: 0o700 });
    await chmod(run, 0o700);
    return run;
  } catch (cause) {
    const why = folderFault(cause);
    if (why === undefined) throw cause;
    throw new FactotumError(
      'config.invalid',
      `The data folder ${resolve(dataFolder)} cannot be used: ${why}. Choose another with --data or FACTOTUM_DATA.`,
      { cause },
    );
  }
}

/** Whether a server answers at the data folder's socket. A socket file without anybody behind it is what a killed server leaves. */
export async function isServed(dataFolder: string): Promise<boolean> {
  const path = await findSocket(dataFolder);
  return new Promise((answer) => {
    const socket = connect(path);
    const end = (served: boolean) => {
      socket.destroy();
      answer(served);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
