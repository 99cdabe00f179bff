import { randomBytes } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { FactotumError, idSchema } from '#kernel';
import { bind } from './binding.ts';
import { BrokenMessage, openMessage, sealMessage } from './cobblestone.ts';
import { createHmacKey } from './hmac.ts';
import type { KekProvider, SeedBinding } from './kek.ts';
import { createFileOnce, readSecretFile } from './secret-file.ts';

/** The installation's own key files: what is written and read is text, what lies on the disk may be wrapped. */
export interface KeyFiles {
  /** @returns null when there is none. @throws FactotumError `key.unavailable`, with the fix. */
  read(path: string): Promise<string | null>;
  /** Makes a file that only its owner may read. @returns false when there is one already, which then stays as it is. */
  create(path: string, text: string): Promise<boolean>;
}

const marker = 'factotum-wrapped-v1:';
const wrappedSchema = z.strictObject({
  provider: z.string(),
  kekId: z.string(),
  kekVersion: z.string(),
  wrapped: z.base64(),
  sealed: z.base64(),
});

/** No tenant has this id: it stands for the installation itself. */
const binding: SeedBinding = { tenantId: idSchema('tenant').parse(`ten_${'0'.repeat(24)}`), generation: 0 };

/** Key files as they are, readable by their owner alone: where the key that guards everything else lies beside them anyway. */
export const plainKeyFiles: KeyFiles = {
  async read(path) {
    const text = await readSecretFile(path);
    if (text?.startsWith(marker) !== true) return text;
    const { provider, kekId } = parse(path, text);
    throw new FactotumError(
      'key.unavailable',
      `${path} is wrapped by the key ${kekId} of ${provider}. Name it in FACTOTUM_KEK, or in FACTOTUM_KEK_PREVIOUS.`,
    );
  },
  create: (path, text) => createFileOnce(path, text, 0o600),
};

/**
 * Key files under the installation's KEK, so that nothing in the data folder opens without its provider. Files that lie there in plain, or
 * wrapped by a former provider, are wrapped anew when they are read.
 *
 * @param former - providers that only open what they wrapped
 * @param wraps - false: files that a former provider wrapped are written in plain again, for an installation that goes back to a key in a file
 */
export function createKeyFiles({ kek, former, wraps }: { kek: KekProvider; former: readonly KekProvider[]; wraps: boolean }): KeyFiles {
  const wrap = async (path: string, text: string): Promise<string> => {
    const seed = randomBytes(32);
    const { kekId, kekVersion, wrapped } = await kek.wrap(seed, binding);
    const sealed = sealMessage(createHmacKey('sha512', seed), contextOf(path), Buffer.from(text), new Uint8Array());
    seed.fill(0);
    const content = { provider: kek.provider, kekId, kekVersion, wrapped: wrapped.toString('base64'), sealed: sealed.toString('base64') };
    return `${marker}${JSON.stringify(content)}\n`;
  };
  const unwrap = async (path: string, text: string): Promise<{ plain: string; isCurrent: boolean }> => {
    const { provider, kekId, kekVersion, wrapped, sealed } = parse(path, text);
    const guard = [kek, ...former].find((one) => one.provider === provider && one.kekId === kekId);
    if (guard === undefined)
      throw new FactotumError(
        'key.unavailable',
        `${path} is wrapped by the key ${kekId} of ${provider}. Name it in FACTOTUM_KEK, or in FACTOTUM_KEK_PREVIOUS.`,
      );
    const seed = await guard.unwrap({ kekId, kekVersion, wrapped: Buffer.from(wrapped, 'base64') }, binding);
    try {
      const plain = openMessage(createHmacKey('sha512', seed), contextOf(path), Buffer.from(sealed, 'base64'));
      return { plain: plain.toString('utf8'), isCurrent: guard === kek };
    } catch (cause) {
      if (!(cause instanceof BrokenMessage)) throw cause;
      throw damaged(path, cause);
    } finally {
      seed.fill(0);
    }
  };
  return {
    async read(path) {
      const text = await readSecretFile(path);
      if (text === null) return null;
      const isWrapped = text.startsWith(marker);
      const { plain, isCurrent } = isWrapped ? await unwrap(path, text) : { plain: text, isCurrent: true };
      if (isWrapped !== wraps || !isCurrent) await replaceFile(path, wraps ? await wrap(path, plain) : plain);
      return plain;
    },
    create: async (path, text) => createFileOnce(path, wraps ? await wrap(path, text) : text, 0o600),
  };
}

/** A wrapped file that was renamed to another is not that one. */
const contextOf = (path: string) => bind('factotum/key-file/v1', basename(path));

function parse(path: string, text: string): z.infer<typeof wrappedSchema> {
  try {
    return wrappedSchema.parse(JSON.parse(text.slice(marker.length)));
  } catch (cause) {
    throw damaged(path, cause);
  }
}

const damaged = (path: string, cause: unknown) =>
  new FactotumError('key.unavailable', `${path} is damaged. Put it back from your key backup.`, { cause });

/** Another process that starts at the same time writes the same secret, so it does not matter whose file stays. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
