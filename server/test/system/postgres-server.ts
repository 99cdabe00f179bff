import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, glob, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);
const startTimeoutMs = 30_000;

/** What a server that speaks TLS shows, and whose client certificates it asks for beside the password; PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * Starts a new server of the newest installed major version on a free loopback port.
 *
 * @param tls - then it speaks TLS alone
 * @returns the URL of its superuser, and its data folder.
 */
export async function startPostgres(t: TestContext, tls?: ServerTls): Promise<{ url: string; data: string }> {
  const binaries = await newestBinaries();
  const folder = await mkdtemp(join(tmpdir(), 'factotum-outside-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const login = unprivileged();
  await chown(folder, login.uid, login.gid);

  const password = randomBytes(18).toString('base64url');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await chown(passwordFile, login.uid, login.gid);
  const data = join(folder, 'data');
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'outside', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'],
    login,
  );

  if (tls !== undefined) {
    for (const [name, text] of [
      ['server.crt', tls.cert],
      ['server.key', tls.key],
      ['root.crt', tls.ca],
    ] as const) {
      await writeFile(join(data, name), text, { mode: 0o600 });
      await chown(join(data, name), login.uid, login.gid);
    }
    await writeFile(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n');
  }

  const port = await freePort();
  const ssl = tls === undefined ? {} : { ssl: 'on', ssl_ca_file: 'root.crt', ssl_min_protocol_version: 'TLSv1.3' };
  const settings = { ...ssl, port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, max_connections: 200 };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...args], { ...login, stdio: 'ignore' });
  t.after(async () => {
    if (server.exitCode !== null) return;
    server.kill('SIGINT'); // the fast shutdown
    await once(server, 'exit');
  });
  const url = `postgres://outside:${password}@127.0.0.1:${port}/postgres`;
  // One that speaks TLS alone refuses, once it is there, whoever comes without a certificate.
  await untilReady(url, tls === undefined);
  return { url, data };
}

async function newestBinaries(): Promise<string> {
  const found = await Array.fromAsync(glob('/usr/lib/postgresql/*/bin/postgres'));
  const majorOf = (path: string) => Number(path.split('/')[4]);
  const newest = found.sort((a, b) => majorOf(a) - majorOf(b)).at(-1);
  assert.ok(newest, 'no PostgreSQL below /usr/lib/postgresql');
  return dirname(newest);
}

/** PostgreSQL refuses to run as root; then it runs as the user its package made. */
function unprivileged(): { uid: number; gid: number; cwd: string } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const idOfPackage = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  // Its working folder as well: the checkout may be closed to that user.
  return uid === 0 ? { uid: idOfPackage('-u'), gid: idOfPackage('-g'), cwd: tmpdir() } : { uid, gid, cwd: tmpdir() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  server.close();
  return address.port;
}

async function untilReady(url: string, isOpen: boolean): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; ; ) {
    try {
      await version(url);
      return;
    } catch (error) {
      if (!isOpen && error instanceof pg.DatabaseError && error.code === '28000') return;
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Name and version of the server. */
export async function version(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>('select version()');
    return rows[0]?.version.split(' ').slice(0, 2).join(' ') ?? '';
  } finally {
    await client.end();
  }
}
