import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Config, FactotumError, isFactotumError } from '#kernel';
import { azureCredentialFrom } from '#kernel/cloud';
import type { Database } from '#kernel/database';
import { registerSecret } from '#kernel/redact';
import {
  type AuditorKey,
  createAuditorKey,
  createGuardedKek,
  createInstallationKey,
  createKekDirectory,
  createKeyFiles,
  type InstallationKey,
  type KekProvider,
  type KeyFiles,
  type KeyObserver,
  openInstallationKek,
  parseKekUri,
  type TenantKeks,
} from '#trust/key';
import { vaultLogin } from './vault-login.ts';

/** Who guards keys, and the installation's own. */
export interface OpenedKeys {
  readonly folder: string;
  readonly keks: TenantKeks;
  readonly files: KeyFiles;
  readonly installation: InstallationKey;
  readonly auditor: AuditorKey;
}

export interface KeysOptions {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly observer: KeyObserver;
}

/** How often the installation's provider is asked whether it is there. */
const healthEveryMs = 30_000;

/**
 * Opens the installation's key provider and, with it, the installation's own key files. Its credentials are settings and files of this machine
 * alone: everything else opens only after it.
 *
 * @throws FactotumError `config.invalid` when an address is wrong, `key.unavailable` when the provider cannot be used.
 */
export async function openKeys({ config, database, clock, observer }: KeysOptions): Promise<OpenedKeys> {
  const folder = join(config.dataFolder, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tenantsExist = async () => (await database.engine.pool.query(anyTenant)).rows.length > 0;
  const { kek: uri, previous } = config.keys;
  const open = (setting: string, address: string, isMissed: () => Promise<boolean>): Promise<KekProvider> =>
    named(setting, () =>
      openInstallationKek(parseKekUri(address), {
        ...{ keyFolder: { folder, tenantsExist: isMissed }, clock, vault: vaultLogin(config.vault) },
        ...{ azure: azureCredentialFrom(config.secrets.azure), passphrase: () => readPassphrase(config.keys.passphrase) },
      }),
    );
  const opened: KekProvider[] = [];
  try {
    // A former key that is missing is never made anew.
    for (const address of previous)
      opened.push(createGuardedKek(await open('FACTOTUM_KEK_PREVIOUS', address, async () => true), { clock, observer }));
    // Whoever moves to another provider makes a new key beside existing tenants, whose keys the former one opens.
    const isMissed = async () => previous.length === 0 && (await tenantsExist());
    const installationKek = createGuardedKek(await open('FACTOTUM_KEK', uri, isMissed), { clock, observer, healthEveryMs });
    opened.push(installationKek);
    const files = createKeyFiles({ kek: installationKek, former: opened.slice(0, -1), wraps: installationKek.provider !== 'local' });
    const auditor = await createAuditorKey({ folder, tenantsExist, files });
    const installation = await createInstallationKey({ folder, files });
    const keks = createKekDirectory({
      ...{ db: database.app.db, installation: installationKek, previous: opened.slice(0, -1), installationKey: installation },
      ...{ allowHosts: config.keys.allowHosts, clock, observer },
    });
    return { folder, keks, files, installation, auditor };
  } catch (error) {
    await Promise.allSettled(opened.map((kek) => kek.close()));
    throw error;
  }
}

const anyTenant = "select 1 from app.tenant where state not in ('erased', 'moved') limit 1";

/** A fault in an address is one in the configuration. */
async function named<T>(setting: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isFactotumError(cause, 'key.provider_invalid') || isFactotumError(cause, 'key.provider_missing'))
      throw new FactotumError('config.invalid', `${setting}: ${cause.message}`, { cause });
    throw cause;
  }
}

async function readPassphrase(from: Config['keys']['passphrase']): Promise<string> {
  if (from === undefined) throw new FactotumError('config.invalid', 'FACTOTUM_KEK_PASSPHRASE_FILE: name the file with the passphrase.');
  if ('value' in from) return from.value;
  const text = await readFile(from.file, 'utf8').catch((cause: unknown) => {
    throw new FactotumError('config.invalid', `FACTOTUM_KEK_PASSPHRASE_FILE: ${from.file} cannot be read.`, { cause });
  });
  const value = text.replace(/\r?\n$/, '');
  registerSecret(value);
  return value;
}

/** Seals the key for pushing under the installation's: whoever pushes knows no other use of it. */
export const pushKeySeal = ({ seal, open }: InstallationKey) => ({
  seal: (plain: Uint8Array) => seal('push-key/vapid', plain),
  open: (sealed: Uint8Array) => open('push-key/vapid', sealed),
});
