import { randomBytes } from 'node:crypto';
import { type Clock, FactotumError, isFactotumError } from '#kernel';
import { bind } from '../binding.ts';
import type { KekProvider, WrappedSeed } from '../kek.ts';
import { readSecretFile } from '../secret-file.ts';
import { type Bound, requireSame, tryKey } from './cloud.ts';
import { kekFault, openedSeed, requireOwnKey, requireSeed, seedBytes } from './fault.ts';
import { codeOf } from './pkcs11-module.ts';
import { createPkcs11Token } from './pkcs11-token.ts';
import { type Pkcs11Key, pkcs11KeyId } from './pkcs11-uri.ts';
import { rewrapOutside } from './rewrap.ts';

export interface Pkcs11Options extends Pkcs11Key {
  readonly clock: Clock;
  /** The folder below which pkcs11js is looked for; ours by default. */
  readonly modulesFrom?: string;
}

const provider = 'pkcs11';
/** A key on a token has no versions; another one has another label. */
const kekVersion = '1';
const nonceBytes = 12;
const tagBytes = 16;
const wrappedBytes = nonceBytes + seedBytes + tagBytes;
/** CKM_AES_GCM and the type of its parameters, as pkcs11js numbers it. */
const aesGcm = 0x1087;
const gcmParameters = 3;
/** What libraries say of a tag that does not fit: data invalid, encrypted data invalid, its length, signature invalid. */
const brokenCodes = [0x20, 0x40, 0x41, 0xc0];
/** The key or the mechanism may not be used for this: function not permitted, inconsistent type, mechanism and its parameter invalid. */
const refusedCodes = [0x63, 0x68, 0x70, 0x71];

/**
 * A key on a PKCS #11 token, by AES-256-GCM inside the token, bound to tenant and generation. A library that hangs holds this process up, as
 * its functions for sessions and logins have no way to be waited for.
 *
 * @throws FactotumError `key.provider_missing` when pkcs11js is not installed, `key.unavailable` when the library cannot be loaded.
 */
export async function createPkcs11Kek({ clock, modulesFrom, ...where }: Pkcs11Options): Promise<KekProvider> {
  const kekId = pkcs11KeyId(where);
  const token = createPkcs11Token(where, () => readPin(where.pinFile), modulesFrom);

  const encrypt = (seed: Buffer, bound: Bound): Promise<Buffer> => {
    const nonce = randomBytes(nonceBytes);
    return named(
      token.use(async ({ pkcs11, session, key }) => {
        pkcs11.C_EncryptInit(session, mechanism(nonce, bound), key);
        const sealed = await pkcs11.C_EncryptAsync(session, Buffer.from(seed), Buffer.alloc(seedBytes + tagBytes));
        return Buffer.concat([nonce, sealed]);
      }),
    );
  };
  const decrypt = (wrapped: Buffer, bound: Bound): Promise<Buffer> =>
    named(
      token.use(async ({ pkcs11, session, key }) => {
        pkcs11.C_DecryptInit(session, mechanism(wrapped.subarray(0, nonceBytes), bound), key);
        return pkcs11.C_DecryptAsync(session, Buffer.from(wrapped.subarray(nonceBytes)), Buffer.alloc(wrappedBytes));
      }),
    );
  const wrap = async (seed: Buffer, bound: Bound): Promise<WrappedSeed> => {
    requireSeed(seed);
    const wrapped = await encrypt(seed, bound);
    // Some tokens choose the nonce themselves: then this does not open, and nothing is stored that would not either.
    requireSame(await decrypt(wrapped, bound), seed, provider);
    return { kekId, kekVersion, wrapped };
  };
  const health = () => tryKey(clock, wrap);
  const kek: KekProvider = {
    provider,
    kekId,
    capabilities: { binds: true, rewrapsInside: false },
    wrap,
    async unwrap(row, binding) {
      requireOwnKey(row, kek);
      if (row.wrapped.length !== wrappedBytes) throw broken();
      try {
        return openedSeed(await decrypt(row.wrapped, binding), provider);
      } catch (error) {
        if (!isFactotumError(error) || !(error.cause instanceof UnclearFailure)) throw error;
        // Libraries say "general error" of a wrong tag as of a broken device. If the key works, it was the row.
        await health();
        throw broken(error);
      }
    },
    rewrap: (row, binding) => rewrapOutside(kek, row, binding),
    health,
    close: () => token.close(),
  };
  return kek;
}

const mechanism = (nonce: Buffer, { tenantId, generation }: Bound) => ({
  mechanism: aesGcm,
  parameter: {
    type: gcmParameters,
    ...{ iv: Buffer.from(nonce), ivBits: nonceBytes * 8, tagBits: tagBytes * 8 },
    aad: bind('factotum/kek/v1', tenantId, String(generation)),
  },
});

/** The library failed and did not say why. */
class UnclearFailure extends Error {}

/** Turns a failed function of the library into the one error of key providers. */
async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isFactotumError(error)) throw error;
    const code = codeOf(error);
    if (code !== undefined && brokenCodes.includes(code)) throw broken(error);
    const name = error instanceof Error ? error.message.split('\n')[0] : String(error);
    if (code !== undefined && refusedCodes.includes(code))
      throw kekFault('refused', `The token does not allow this with the key (${name}).`, error);
    throw kekFault('unreachable', `The token failed (${name}).`, new UnclearFailure(name, { cause: error }));
  }
}

const broken = (cause?: unknown) =>
  kekFault('broken', 'The wrapped key of this tenant was changed or belongs to another. Restore it from your key backup.', cause);

async function readPin(path: string): Promise<string> {
  const text = await readSecretFile(path);
  if (text === null)
    throw new FactotumError('key.provider_invalid', `${path} is missing. Put the token's PIN there, readable by this user alone.`);
  return text;
}
