import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const configs = join(import.meta.dirname, 'server-config', 'mail');
const startTimeoutMs = 60_000;
const stopMsMax = 10_000;

/** Dovecot and Exim of the distribution on loopback: SMTP submission in, LMTP between them, IMAP out. Accounts of alice and bob. */
export interface MailServers {
  readonly imapPort: number;
  /** TLS from the first byte. */
  readonly imapsPort: number;
  readonly smtpPort: number;
  /** Of both servers, in PEM, for localhost. */
  readonly certificate: string;
  /** Delivers messages straight into a folder, much faster than over any protocol. The server must not have opened it before. */
  fill(user: string, messages: Iterable<string | Buffer>): Promise<void>;
  /** Ends the IMAP server as a crash would. */
  killImap(): Promise<void>;
  startImap(): Promise<void>;
  /** Makes all numbers of a folder mean something else, as after a restore. The IMAP server must not be running. */
  changeUidValidity(user: string): Promise<void>;
  log(): Promise<string>;
}

export async function startMailServers(t: TestContext): Promise<MailServers> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-mail-'));
  // The servers drop to users of their own.
  await chmod(folder, 0o755);
  const mailUser = userIds('mail');
  const ports = { imap: await freePort(), imaps: await freePort(), lmtp: await freePort(), smtp: await freePort() };
  const values: Readonly<Record<string, string>> = {
    DIR: folder,
    MAIL_USER: 'mail',
    IMAP_PORT: String(ports.imap),
    IMAPS_PORT: String(ports.imaps),
    LMTP_PORT: String(ports.lmtp),
    SMTP_PORT: String(ports.smtp),
  };
  for (const name of await readdir(configs)) {
    const text = await readFile(join(configs, name), 'utf8');
    await writeFile(
      join(folder, name),
      text.replace(/@([A-Z_]+)@/g, (_match, value: string) => values[value] ?? ''),
    );
  }
  for (const name of ['run', 'lib', 'log', 'home', 'exim']) await mkdir(join(folder, name));
  makeCertificate(folder);
  await chown(join(folder, 'home'), mailUser.uid, mailUser.gid);
  const exim = userIds('Debian-exim');
  await chown(join(folder, 'exim'), exim.uid, exim.gid);
  await chown(join(folder, 'exim-key.pem'), exim.uid, exim.gid);
  let dovecot: ChildProcess | null = null;
  const startImap = async () => {
    dovecot = spawn('dovecot', ['-c', join(folder, 'dovecot.conf'), '-F'], { stdio: 'ignore' });
    await untilOpen(ports.imap);
    await untilOpen(ports.lmtp);
  };
  const smtp = spawn('exim4', ['-C', join(folder, 'exim.conf'), '-bdf', '-q1s'], { stdio: 'ignore' });
  t.after(async () => {
    await Promise.all([stop(dovecot), stop(smtp)]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  await startImap();
  await untilOpen(ports.smtp);
  const maildir = (user: string) => join(folder, 'home', user, 'Maildir');
  let files = 0;
  return {
    imapPort: ports.imap,
    imapsPort: ports.imaps,
    smtpPort: ports.smtp,
    certificate: await readFile(join(folder, 'cert.pem'), 'utf8'),
    async fill(user, messages) {
      for (const path of [join(folder, 'home', user), maildir(user), ...['cur', 'new', 'tmp'].map((part) => join(maildir(user), part))]) {
        await mkdir(path, { recursive: true });
        await chown(path, mailUser.uid, mailUser.gid);
      }
      for (const message of messages) {
        files += 1;
        const path = join(maildir(user), 'cur', `${1_700_000_000 + files}.M${files}P1.localhost:2,S`);
        await writeFile(path, message);
        await chown(path, mailUser.uid, mailUser.gid);
      }
    },
    async killImap() {
      await stop(dovecot, 'SIGKILL', folder);
      dovecot = null;
    },
    startImap,
    async changeUidValidity(user) {
      const list = join(maildir(user), 'dovecot-uidlist');
      const text = await readFile(list, 'utf8');
      // Its first line is `3 V<uidvalidity> N<next uid> G<guid>`; what follows are the numbers that then no longer hold.
      await writeFile(
        list,
        text.replace(/^3 V(\d+)/, (_match, value: string) => `3 V${Number(value) + 1_000}`),
      );
      for (const name of await readdir(maildir(user))) if (name.startsWith('dovecot.index')) await rm(join(maildir(user), name));
    },
    log: () => readFile(join(folder, 'log', 'dovecot.log'), 'utf8').catch(() => ''),
  };
}

function makeCertificate(folder: string): void {
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', join(folder, 'exim-key.pem'), '-out', join(folder, 'cert.pem')],
    ],
    { stdio: 'ignore' },
  );
  if (made.status !== 0) throw new Error('openssl made no certificate');
  spawnSync('cp', [join(folder, 'exim-key.pem'), join(folder, 'dovecot-key.pem')]);
  spawnSync('chmod', ['600', join(folder, 'exim-key.pem'), join(folder, 'dovecot-key.pem')]);
}

function userIds(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim());
  const ids = { uid: id('-u'), gid: id('-g') };
  if (!(ids.uid > 0)) throw new Error(`there is no user ${name}`);
  return ids;
}

/** A killed Dovecot leaves its children behind; each goes by its own id, which it wrote down. */
async function stop(server: ChildProcess | null, signal: NodeJS.Signals = 'SIGTERM', folder?: string): Promise<void> {
  if (server === null || server.exitCode !== null || server.signalCode !== null) return;
  const children = folder === undefined ? [] : childrenOf(server.pid);
  server.kill(signal);
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has gone with its parent.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
  // Whatever keeps it, nobody waits for it longer than this.
  const cut = setTimeout(() => server.kill('SIGKILL'), stopMsMax);
  await once(server, 'exit');
  clearTimeout(cut);
}

function childrenOf(pid: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map(Number)
    .filter((child) => child > 1)
    .flatMap((child) => [child, ...childrenOf(child)]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port;
}

async function untilOpen(port: number): Promise<void> {
  const end = Date.now() + startTimeoutMs;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    if (Date.now() > end) throw new Error(`nothing listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
