import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian's software HSM, with a token of its own. */
export interface SoftHsm {
  readonly modulePath: string;
  readonly token: string;
  readonly pin: string;
  readonly pinFile: string;
  /** The folder below which pkcs11js was installed. */
  readonly modulesFrom: string;
  /** `pkcs11:` address of a key of the token. */
  address(key: string): string;
  /** Makes an AES key in another process. */
  makeKey(label: string, options?: { readonly bytes?: number; readonly isExtractable?: boolean }): void;
  deleteKey(label: string): void;
  remove(): Promise<void>;
}

const modulePath = '/usr/lib/softhsm/libsofthsm2.so';
const npmTimeoutMs = 300_000;

/**
 * Sets a token up and compiles pkcs11js in a temporary folder. The library reads its configuration from the environment of this process, once,
 * so a process has one of these.
 */
export async function startSoftHsm(): Promise<SoftHsm> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-softhsm-'));
  const [configuration, pinFile] = [join(folder, 'softhsm2.conf'), join(folder, 'pin')];
  const pin = String(10_000_000 + randomBytes(3).readUIntBE(0, 3));
  await mkdir(join(folder, 'tokens'));
  await writeFile(configuration, `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  await writeFile(pinFile, `${pin}\n`, { mode: 0o600 });
  process.env.SOFTHSM2_CONF = configuration;
  const token = 'factotum test';
  run('softhsm2-util', '--init-token', '--free', '--label', token, '--so-pin', `${pin}0`, '--pin', pin);
  await installPkcs11js(folder);
  const tool = (...args: string[]) => run('pkcs11-tool', '--module', modulePath, '--token-label', token, '--login', '--pin', pin, ...args);
  return {
    ...{ modulePath, token, pin, pinFile, modulesFrom: folder },
    address: (key) => `pkcs11:token=factotum%20test;object=${key}?module-path=${modulePath}&pin-source=file:${pinFile}`,
    makeKey: (label, { bytes = 32, isExtractable = false } = {}) =>
      tool('--keygen', '--key-type', `AES:${bytes}`, '--label', label, ...(isExtractable ? ['--extractable'] : ['--sensitive'])),
    deleteKey: (label) => tool('--delete-object', '--type', 'secrkey', '--label', label),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** It is no dependency of ours, so nobody compiles it who has no HSM. */
async function installPkcs11js(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { pkcs11js: true } }));
  // The interface is the same in every version of Node, so the distribution's headers do where none can be downloaded.
  const headers = existsSync('/usr/include/node/node_api.h') ? { npm_config_nodedir: '/usr' } : {};
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_')));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', 'pkcs11js@2.1.7'], {
    cwd: folder,
    env: { ...environment, ...headers },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: npmTimeoutMs,
  });
}

const run = (command: string, ...args: string[]) => {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: process.env });
};
