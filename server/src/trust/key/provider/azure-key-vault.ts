import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type AzureCredential, azureFault, createAzureTokens, createAzureVault, type RestAnswer } from '#kernel/cloud';
import { bind } from '../binding.ts';
import type { KekProvider, WrappedSeed } from '../kek.ts';
import { asking, type Bound, type CloudKekOptions, invalidAddress, openUntilClosed, parseEndpoint, requireSame, tryKey } from './cloud.ts';
import { kekFault, requireOwnKey, requireSeed, seedBytes } from './fault.ts';
import { rewrapOutside } from './rewrap.ts';

/** Where a key of Azure Key Vault is. */
export interface AzureKeyVaultKey {
  /** `https://<vault>/keys/<name>`: no version, since the newest wraps and each row names its own. */
  readonly keyUrl: string;
}

export interface AzureKeyVaultOptions extends AzureKeyVaultKey, CloudKekOptions {
  readonly credential: AzureCredential;
}

const provider = 'azure-key-vault';
const service = 'Azure Key Vault';
const nameForm = /^\/keys\/[0-9A-Za-z-]{1,127}$/;

/** How a key of a type wraps. The number is the first byte of a wrap, so that a row opens without asking what type its key has. */
const wrappings = [
  { mark: 1, algorithm: 'RSA-OAEP-256', types: ['RSA', 'RSA-HSM'] },
  { mark: 2, algorithm: 'A256KW', types: ['oct', 'oct-HSM'] },
] as const;

const keySchema = z.object({ key: z.object({ kid: z.string(), kty: z.string() }) });
const resultSchema = z.object({ kid: z.string(), value: z.base64url() });

/** Reads the address of a key. @throws FactotumError `key.provider_invalid`. */
export function parseAzureKeyVaultKey(text: string): AzureKeyVaultKey {
  const keyUrl = parseEndpoint(text);
  if (!nameForm.test(new URL(keyUrl).pathname))
    throw invalidAddress('After azure-key-vault: comes the address of a key without its version: https://VAULT.vault.azure.net/keys/NAME.');
  return { keyUrl };
}

/**
 * A key in Azure Key Vault (RSA) or a Managed HSM (RSA, AES). Neither binds a wrap to anything, so what is wrapped is the seed with a digest of
 * tenant and generation, which has to be the right one when it is opened. Whoever knows an RSA key's public half can make wraps that open; an
 * AES key of a Managed HSM has no such half.
 */
export async function createAzureKeyVault({ keyUrl, credential, fetch, clock, ...limit }: AzureKeyVaultOptions): Promise<KekProvider> {
  const { origin, pathname } = new URL(keyUrl);
  const vault = createAzureVault({ url: origin, fetch, ...limit, tokens: createAzureTokens({ credential, fetch, clock, ...limit }) });
  const life = openUntilClosed(provider);
  const call = async <T>(schema: z.ZodType<T>, request: Parameters<typeof vault.send>[0]): Promise<T> =>
    asking(async () => {
      life.require();
      return read(schema, await vault.send(request));
    });

  /** The version in an identifier of this key. Names of keys are the same in capitals and in small letters. */
  const versionOf = (kid: string): string => {
    const named = URL.canParse(kid) ? new URL(kid) : undefined;
    const [name = '', version = ''] = [named?.pathname.slice(0, pathname.length), named?.pathname.slice(pathname.length + 1)];
    if (named?.origin !== origin || name.toLowerCase() !== pathname.toLowerCase() || !versionForm.test(version)) throw otherKey();
    return version;
  };
  /** The newest version, which is the one that wraps. */
  const newest = async (): Promise<{ version: string; wrapping: (typeof wrappings)[number] }> => {
    const { key } = await call(keySchema, { method: 'GET', path: pathname });
    const wrapping = wrappings.find(({ types }) => types.some((type) => type === key.kty));
    if (wrapping === undefined)
      throw kekFault(
        'refused',
        `The key in ${service} is of type ${key.kty.slice(0, 20)}, which cannot wrap. Make an RSA key, or an AES key in a Managed HSM.`,
      );
    return { version: versionOf(key.kid), wrapping };
  };
  const operate = async (operation: 'wrapkey' | 'unwrapkey', version: string, alg: string, bytes: Buffer): Promise<Buffer> => {
    const json = { alg, value: bytes.toString('base64url') };
    const { kid, value } = await call(resultSchema, { method: 'POST', path: `${pathname}/${version}/${operation}`, json });
    if (versionOf(kid) !== version) throw otherKey();
    return Buffer.from(value, 'base64url');
  };
  const open = async ({ kekVersion, wrapped }: WrappedSeed, bound: Bound): Promise<Buffer> => {
    const wrapping = wrappings.find(({ mark }) => mark === wrapped[0]);
    if (wrapping === undefined || wrapped.length < 2 || !versionForm.test(kekVersion)) throw changed();
    const plain = await operate('unwrapkey', kekVersion, wrapping.algorithm, wrapped.subarray(1));
    const secret = plain.subarray(0, seedBytes + saltBytes);
    const isBound = plain.length === envelopeBytes && timingSafeEqual(plain.subarray(secret.length), digestOf(secret, bound));
    const seed = Buffer.from(plain.subarray(0, seedBytes));
    plain.fill(0);
    if (isBound) return seed;
    seed.fill(0);
    throw changed();
  };
  const wrap = async (seed: Buffer, bound: Bound): Promise<WrappedSeed> => {
    requireSeed(seed);
    const { version, wrapping } = await newest();
    const secret = Buffer.concat([seed, randomBytes(saltBytes)]);
    const plain = Buffer.concat([secret, digestOf(secret, bound)]);
    secret.fill(0);
    const sealed = await operate('wrapkey', version, wrapping.algorithm, plain);
    plain.fill(0);
    const row = { kekId: keyUrl, kekVersion: version, wrapped: Buffer.concat([Buffer.of(wrapping.mark), sealed]) };
    requireSame(await open(row, bound), seed, provider);
    return row;
  };
  const kek: KekProvider = {
    provider,
    kekId: keyUrl,
    capabilities: { binds: true, rewrapsInside: false },
    wrap,
    async unwrap(row, binding) {
      requireOwnKey(row, kek);
      return open(row, binding);
    },
    rewrap: (row, binding) => rewrapOutside(kek, row, binding),
    health: () => tryKey(clock, wrap),
    async close() {
      life.close();
    },
  };
  return kek;
}

const versionForm = /^[0-9A-Za-z]{1,64}$/;
/** What is wrapped: the seed, random bytes (AES key wrap alone makes equal wraps of equal seeds), SHA-256 of both and of what they are bound to. */
const saltBytes = 16;
const envelopeBytes = seedBytes + saltBytes + 32;
const digestOf = (secret: Buffer, { tenantId, generation }: Bound) =>
  createHash('sha256')
    .update(bind('factotum/kek/v1', tenantId, String(generation), secret))
    .digest();

function read<T>(schema: z.ZodType<T>, answer: RestAnswer): T {
  if (answer.status !== 200) throw azureFault(answer);
  const parsed = schema.safeParse(answer.json);
  if (parsed.success) return parsed.data;
  throw kekFault('broken', `${service} answered something that is no answer.`, parsed.error);
}

const otherKey = () => kekFault('broken', `${service} answered for another key than the one that was asked for.`);
const changed = () =>
  kekFault('broken', 'The wrapped key of this tenant was changed or belongs to another. Restore it from your key backup.');
