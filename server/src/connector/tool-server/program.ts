import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Logger } from '#kernel';
import { confined, type Program } from './confinement.ts';
import { BrokenAnswer } from './fault.ts';
import { createLastWords } from './last-words.ts';
import { answerBytesMax, createSieve } from './messages.ts';
import { treeBytes } from './process-tree.ts';

/** What a program may print that nobody has asked for between two answers, in bytes. */
const chatterBytesMax = 32 * 1_024 * 1_024;
/** What may lie before a program that does not read, in bytes. */
const unreadBytesMax = 4 * 1_024 * 1_024;
/** How often its memory is looked at, and how long it may take to end when asked, in milliseconds. */
const memoryEveryMs = 500;
const endMs = 1_000;
/** How long what it has said on standard error may take to be read to its end, once it has ended, in milliseconds. */
const lastWordsMs = 1_000;

export interface RunOptions {
  readonly program: Program;
  /** Values of `{tenant}` in the program's folders and arguments. */
  readonly tenant: string;
  /** Filled by the tenant, under names that the operator allows. */
  readonly env: Readonly<Record<string, string>>;
  readonly onListChanged: () => void;
  readonly log: Logger;
}

interface ProgramTransport extends Transport {
  /** The end of what it has said on standard error so far, or altogether when it has ended. For the tenant: the operator's log has a count. */
  lastWords(): Promise<readonly string[]>;
}

/**
 * A program of the operator's as a transport: a process of its own, started without a shell and in a group of its own, that inherits
 * nothing, has a HOME that goes with it, and is killed with everything it has started: when it is closed, takes too much memory, or
 * prints more than anybody reads.
 */
export function createProgramTransport({ program, tenant, env, onListChanged, log }: RunOptions): ProgramTransport {
  let child: ChildProcess | undefined;
  let home: string | undefined;
  let watch: NodeJS.Timeout | undefined;
  let isOver = false;
  const words = createLastWords(Object.values(env));
  let silence = Promise.resolve();
  const fill = (text: string) => text.replaceAll('{tenant}', tenant).replaceAll('{home}', home ?? '');

  function kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The whole group has ended already.
    }
  }

  function end(reason: string | null): void {
    if (isOver) return;
    isOver = true;
    clearInterval(watch);
    kill('SIGKILL');
    if (reason !== null) log.warn({ program: program.id, reason, lines: words.count }, 'a tool program was ended');
    if (home !== undefined)
      rm(home, { recursive: true, force: true }).catch((error: unknown) => log.debug({ err: error }, 'a HOME stayed'));
    transport.onclose?.();
  }

  function listen(running: ChildProcess): void {
    const sieve = createSieve((message) => transport.onmessage?.(message), onListChanged);
    let rest: Buffer[] = [];
    let restBytes = 0;
    let chatter = 0;
    running.stdout?.on('data', (chunk: Buffer) => {
      if (isOver) return;
      let from = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, at)]);
        rest = [];
        restBytes = 0;
        from = at + 1;
        try {
          // What is no message is a program that prints where it should not: it counts, and is dropped.
          chatter = line.length > 0 && sieve(line.toString('utf8')).length > 0 ? 0 : chatter + line.length;
        } catch (error) {
          if (!(error instanceof BrokenAnswer)) throw error;
          chatter += line.length;
        }
      }
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > answerBytesMax) end('it printed more than one answer may be');
      else if (chatter > chatterBytesMax) end('it printed without being asked');
    });
    running.stderr?.on('data', (chunk: Buffer) => words.hear(chunk));
    silence = new Promise((resolve) =>
      running.stderr?.once('close', () => {
        words.end();
        resolve();
      }),
    );
    // Writing to a program that has ended: its end is reported by `exit`.
    running.stdin?.on('error', () => undefined);
    running.once('error', (error) => end(`it could not be started: ${error.message}`));
    running.once('exit', (code, signal) => end(code === 0 || signal !== null ? null : `it ended with ${code}`));
    watch = setInterval(() => {
      treeBytes(running.pid ?? 0).then(
        (bytes) => {
          if (bytes > program.memoryMb * 1_024 * 1_024) end(`it took more than ${program.memoryMb} MB`);
        },
        // Without /proc there is only the limit that the program was started with.
        () => undefined,
      );
    }, memoryEveryMs);
    watch.unref();
  }

  const transport: ProgramTransport = {
    async lastWords() {
      // What it has said last may still be on its way; something that it has started may hold the pipe open for ever.
      if (isOver) await Promise.race([silence, sleep(lastWordsMs, undefined, { ref: false })]);
      return words.lines();
    },
    async start() {
      home = await mkdtemp(join(tmpdir(), 'factotum-tool-'));
      const folder = program.folder === undefined ? home : fill(program.folder);
      if (program.folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
      const { command, args } = confined(program, { home, folder, fill });
      child = spawn(command, args, {
        cwd: folder,
        env: {
          ...{ PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', NODE_ENV: 'production' },
          ...Object.fromEntries(Object.entries(program.set).map(([name, value]) => [name, fill(value)])),
          ...env,
          ...{ HOME: home, TMPDIR: home },
        },
        stdio: ['pipe', 'pipe', 'pipe'],
        shell: false,
        detached: true,
        windowsHide: true,
      });
      listen(child);
    },
    async send(message) {
      const input = child?.stdin;
      if (isOver || input === null || input === undefined) throw new BrokenAnswer('The program has ended.');
      if (input.writableLength > unreadBytesMax) {
        end('it does not read');
        throw new BrokenAnswer('The program does not read what it is asked.');
      }
      input.write(`${JSON.stringify(message)}\n`);
    },
    async close() {
      if (isOver || child === undefined) return;
      const running = child;
      running.stdin?.end();
      if (running.exitCode === null && running.signalCode === null)
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, endMs);
          running.once('exit', () => {
            clearTimeout(late);
            resolve();
          });
        });
      end(null);
    },
  };
  return transport;
}
