import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Needs nothing of ours and is old: it is installed where nothing else is, by its exact version. */
const version = '3.7.1';
const startTimeoutMs = 60_000;

export interface S3Rver {
  readonly endpoint: string;
  /** What its log says so far. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * The S3 server of npm's s3rver, with these buckets. Its only key is `S3RVER` / `S3RVER`, of which it checks the name: signatures of
 * version 4 it does not recompute, unlike our own stand-in.
 */
export async function startS3Rver(buckets: readonly string[]): Promise<S3Rver> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-s3rver-'));
  let server: ChildProcess | undefined;
  const stop = async () => {
    if (server !== undefined && server.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `s3rver@${version}`], { cwd: folder });
    const port = await freePort();
    const program = join(folder, 'node_modules', 's3rver', 'bin', 's3rver.js');
    const flags = ['--directory', join(folder, 'data'), '--address', '127.0.0.1', '--port', String(port), '--no-vhost-buckets'];
    // It seals the tokens of its lists with DES, which today's OpenSSL has to be asked for.
    server = spawn(process.execPath, [
      '--openssl-legacy-provider',
      program,
      ...flags,
      ...buckets.flatMap((bucket) => ['--configure-bucket', bucket]),
    ]);
    let output = '';
    for (const stream of [server.stdout, server.stderr]) stream?.on('data', (bytes) => (output += String(bytes)));
    const endpoint = `http://127.0.0.1:${port}`;
    await answering(endpoint, server, () => output);
    return { endpoint, output: () => output, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function answering(endpoint: string, server: ChildProcess, output: () => string): Promise<void> {
  const until = performance.now() + startTimeoutMs;
  for (;;) {
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return;
    if (server.exitCode !== null || performance.now() > until) throw new Error(`s3rver did not start: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
