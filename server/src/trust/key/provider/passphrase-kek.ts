import { createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { FactotumError, isFactotumError } from '#kernel';
import type { KekProvider } from '../kek.ts';
import type { KeyFolder } from '../local-kek.ts';
import { derivePassphraseKey, newPassphraseParameters, type PassphraseParameters, passphraseParametersSchema } from '../passphrase.ts';
import { createFileOnce, readSecretFile } from '../secret-file.ts';
import { kekFault } from './fault.ts';
import { createSecretKek } from './secret-kek.ts';

/** What lies beside the data: how the key is made from the passphrase, and by what a wrong one is noticed. Neither opens anything. */
const fileSchema = z.strictObject({
  format: z.literal('factotum-kek-passphrase-v1'),
  parameters: passphraseParametersSchema,
  /** 16 bytes. */
  check: z.base64().length(24),
});

/**
 * The provider whose key is made from a passphrase (argon2id) at each start; `kek.passphrase` beside the data keeps the salt.
 *
 * @throws FactotumError `key.unavailable`: `refused` when the passphrase is not the one that the file was made with, or when the file is
 * missing although there are tenants.
 */
export async function createPassphraseKek({ folder, tenantsExist }: KeyFolder, passphrase: string): Promise<KekProvider> {
  const path = join(folder, 'kek.passphrase');
  const { parameters, check } = parse(path, (await readSecretFile(path)) ?? (await createFile(path, tenantsExist, passphrase)));
  const secret = await derive(passphrase, parameters);
  if (!timingSafeEqual(checkOf(secret), Buffer.from(check, 'base64')))
    throw kekFault('refused', `The passphrase (FACTOTUM_KEK_PASSPHRASE) is not the one that ${path} was made with. Set the right one.`);
  const key = createHmac('sha256', secret).update('factotum/passphrase-kek/v1').digest();
  const kek = createSecretKek({ provider: 'passphrase', key, wrongKey: `Set its passphrase, and put its file back as ${path}.` });
  for (const bytes of [secret, key]) bytes.fill(0);
  return kek;
}

/** Half a MAC: it tells passphrases apart and nothing about the key that the seeds are wrapped with. */
const checkOf = (secret: Buffer) => createHmac('sha256', secret).update('factotum/passphrase-check/v1').digest().subarray(0, 16);

async function derive(passphrase: string, parameters: PassphraseParameters): Promise<Buffer> {
  try {
    return await derivePassphraseKey(passphrase, parameters);
  } catch (error) {
    if (isFactotumError(error, 'request.invalid'))
      throw new FactotumError('key.provider_invalid', `FACTOTUM_KEK_PASSPHRASE: ${error.message}`);
    throw error;
  }
}

async function createFile(path: string, tenantsExist: () => Promise<boolean>, passphrase: string): Promise<string> {
  if (await tenantsExist())
    throw kekFault(
      'refused',
      `${path} is missing, and without it no passphrase opens anything of the existing tenants. Put it back from your key backup.`,
    );
  const parameters = newPassphraseParameters();
  const secret = await derive(passphrase, parameters);
  const content = { format: 'factotum-kek-passphrase-v1', parameters, check: checkOf(secret).toString('base64') };
  secret.fill(0);
  await createFileOnce(path, `${JSON.stringify(content)}\n`, 0o600);
  // Read back, whoever was faster: two processes that start together must end up with one key.
  const text = await readSecretFile(path);
  if (text === null) throw kekFault('refused', `${path} vanished while it was being made. Start again.`);
  return text;
}

function parse(path: string, text: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw kekFault('refused', `${path} is damaged. Put it back from your key backup.`, cause);
  }
}
