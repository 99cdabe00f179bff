import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FactotumError } from '#kernel';
import type { KekProvider } from './kek.ts';
import { createSecretKek } from './provider/secret-kek.ts';
import { createFileOnce, readSecretFile } from './secret-file.ts';

/** Where the keys lie, and whether this installation has any data under them yet. */
export interface KeyFolder {
  readonly folder: string;
  /** Asked only when a key file is missing: a new key beside existing tenants would hide that theirs is lost. */
  readonly tenantsExist: () => Promise<boolean>;
}

/** The marker says what the file is, to people and to us. */
const fileForm = /^factotum-kek-v1:([0-9a-f]{64})\n?$/;

/**
 * The default provider: a random key in `kek.key` (mode 0600), made at the very first start.
 *
 * @throws FactotumError `key.unavailable`, with the fix, when the file may be read by others, is damaged, or is missing although
 * there are tenants.
 */
export async function createLocalKek({ folder, tenantsExist }: KeyFolder): Promise<KekProvider> {
  const path = join(folder, 'kek.key');
  const key = parse(path, (await readSecretFile(path)) ?? (await createFile(path, tenantsExist)));
  const kek = createSecretKek({ provider: 'local', key, wrongKey: `Put the right key file back as ${path}.` });
  key.fill(0);
  return kek;
}

async function createFile(path: string, tenantsExist: () => Promise<boolean>): Promise<string> {
  if (await tenantsExist())
    throw new FactotumError(
      'key.unavailable',
      `${path} is missing, and without it nothing of the existing tenants can be opened. Put it back from your key backup. No new one is made.`,
    );
  await createFileOnce(path, `factotum-kek-v1:${randomBytes(32).toString('hex')}\n`, 0o600);
  // Read back, whoever was faster: two processes that start together must end up with one key.
  const text = await readSecretFile(path);
  if (text === null) throw new FactotumError('key.unavailable', `${path} vanished while it was being made. Start again.`);
  return text;
}

function parse(path: string, text: string): Buffer {
  const hex = fileForm.exec(text)?.[1];
  if (hex === undefined) throw new FactotumError('key.unavailable', `${path} is damaged. Put it back from your key backup.`);
  return Buffer.from(hex, 'hex');
}
