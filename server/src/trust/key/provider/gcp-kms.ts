import { z } from 'zod';
import { createGoogleTokens, createRest, faultOfStatus, type GoogleTokenOptions, type RestAnswer } from '#kernel/cloud';
import { bind } from '../binding.ts';
import type { KekProvider, WrappedSeed } from '../kek.ts';
import { asking, type Bound, type CloudKekOptions, invalidAddress, openUntilClosed, parseEndpoint, requireSame, tryKey } from './cloud.ts';
import { crc32c } from './crc32c.ts';
import { kekFault, openedSeed, requireOwnKey, requireSeed } from './fault.ts';
import { rewrapOutside } from './rewrap.ts';

/** Where a key of Google Cloud KMS is. */
export interface GcpKmsKey {
  /** `projects/../locations/../keyRings/../cryptoKeys/..`, of the purpose ENCRYPT_DECRYPT, without a version: its primary one wraps. */
  readonly name: string;
  /** Instead of the public address: a regional or private one. */
  readonly endpoint?: string;
}

export interface GcpKmsOptions extends GcpKmsKey, CloudKekOptions {
  /** A tenant's own. Without it Google's application default credentials. */
  readonly serviceAccount?: NonNullable<GoogleTokenOptions['serviceAccount']>;
}

const provider = 'gcp-kms';
const service = 'Google Cloud KMS';
const publicEndpoint = 'https://cloudkms.googleapis.com';
const part = '[A-Za-z0-9_.:-]{1,128}';
const nameForm = new RegExp(`^projects/${part}/locations/${part}/keyRings/${part}/cryptoKeys/${part}$`);

/** Google writes 64-bit numbers as text. */
const checksumSchema = z.coerce.number().int().nonnegative();
const bytesSchema = z.base64().transform((text) => Buffer.from(text, 'base64'));
const encryptedSchema = z.object({
  name: z.string(),
  ciphertext: bytesSchema,
  ciphertextCrc32c: checksumSchema,
  verifiedPlaintextCrc32c: z.literal(true),
  verifiedAdditionalAuthenticatedDataCrc32c: z.literal(true),
});
const decryptedSchema = z.object({ plaintext: bytesSchema, plaintextCrc32c: checksumSchema });

/** Reads `projects/..` or `projects/..?endpoint=<url>`. @throws FactotumError `key.provider_invalid`. */
export function parseGcpKmsKey(text: string): GcpKmsKey {
  const [name = '', query = ''] = text.split('?', 2);
  if (!nameForm.test(name))
    throw invalidAddress('After gcp-kms: comes the name of a key: projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/NAME.');
  const parameters = new URLSearchParams(query);
  const endpoint = parameters.get('endpoint');
  if ([...parameters.keys()].some((known) => known !== 'endpoint'))
    throw invalidAddress('A gcp-kms address takes only the parameter endpoint.');
  return endpoint === null ? { name } : { name, endpoint: parseEndpoint(endpoint) };
}

/**
 * A key in Google Cloud KMS. Each wrap is bound to tenant and generation by KMS itself (additional authenticated data), is opened once before it
 * is handed out, and carries checksums both ways.
 *
 * @throws FactotumError `key.provider_missing` when Google's sign-in library is not installed.
 */
export async function createGcpKms({
  name,
  endpoint = publicEndpoint,
  serviceAccount,
  fetch,
  clock,
  ...limit
}: GcpKmsOptions): Promise<KekProvider> {
  const tokens = await createGoogleTokens({
    fetch,
    ...limit,
    missing: { code: 'key.provider_missing', purpose: 'A key in Google Cloud KMS' },
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
  });
  const rest = createRest({ service, fetch, ...limit });
  const life = openUntilClosed(provider);
  const post = async (operation: 'encrypt' | 'decrypt', json: unknown): Promise<RestAnswer> => {
    const url = `${endpoint}/v1/${name}:${operation}`;
    const answer = await rest.send({ method: 'POST', url, json, headers: await tokens.headers() });
    if (answer.status !== 401) return answer;
    // Taken back before its time: asked for anew, once.
    tokens.forget();
    return rest.send({ method: 'POST', url, json, headers: await tokens.headers() });
  };
  /** Google asks that an answer whose checksum is wrong be thrown away and asked for again, a limited number of times. */
  const call = <T>(operation: 'encrypt' | 'decrypt', json: unknown, schema: z.ZodType<T>, isWhole: (answer: T) => boolean): Promise<T> =>
    asking(async () => {
      for (let attempt = 1; ; attempt += 1) {
        life.require();
        const answer = await post(operation, json);
        if (answer.status !== 200) throw gcpFault(answer);
        const parsed = schema.safeParse(answer.json);
        if (parsed.success && isWhole(parsed.data)) return parsed.data;
        if (attempt === 2) throw kekFault('broken', `What ${service} received or answered was changed on the way.`, parsed.error);
      }
    });

  const open = async (wrapped: Buffer, bound: Bound): Promise<Buffer> => {
    const json = {
      ciphertext: wrapped.toString('base64'),
      ciphertextCrc32c: String(crc32c(wrapped)),
      ...authenticated(bound),
    };
    const { plaintext } = await call('decrypt', json, decryptedSchema, (answer) => crc32c(answer.plaintext) === answer.plaintextCrc32c);
    return openedSeed(plaintext, provider);
  };
  const wrap = async (seed: Buffer, bound: Bound): Promise<WrappedSeed> => {
    requireSeed(seed);
    const json = { plaintext: seed.toString('base64'), plaintextCrc32c: String(crc32c(seed)), ...authenticated(bound) };
    const answer = await call('encrypt', json, encryptedSchema, (whole) => crc32c(whole.ciphertext) === whole.ciphertextCrc32c);
    const kekVersion = answer.name.startsWith(`${name}/cryptoKeyVersions/`) ? (answer.name.split('/').at(-1) ?? '') : '';
    if (!/^\d{1,18}$/.test(kekVersion)) throw kekFault('broken', `${service} answered for another key than the one that was asked for.`);
    requireSame(await open(answer.ciphertext, bound), seed, provider);
    return { kekId: name, kekVersion, wrapped: answer.ciphertext };
  };
  const kek: KekProvider = {
    provider,
    kekId: name,
    capabilities: { binds: true, rewrapsInside: false },
    wrap,
    async unwrap(row, binding) {
      requireOwnKey(row, kek);
      return open(row.wrapped, binding);
    },
    rewrap: (row, binding) => rewrapOutside(kek, row, binding),
    health: () => tryKey(clock, wrap),
    async close() {
      life.close();
    },
  };
  return kek;
}

function authenticated({ tenantId, generation }: Bound) {
  const data = bind('factotum/kek/v1', tenantId, String(generation));
  return { additionalAuthenticatedData: data.toString('base64'), additionalAuthenticatedDataCrc32c: String(crc32c(data)) };
}

const errorSchema = z.object({ error: z.object({ status: z.string().max(50) }) });

/** FAILED_PRECONDITION comes with HTTP 400 and means a key or version that is disabled or destroyed. */
function gcpFault({ status, json }: RestAnswer) {
  const code = errorSchema.safeParse(json).data?.error.status;
  return faultOfStatus(service, code === 'FAILED_PRECONDITION' ? 403 : status, code ?? String(status), json);
}
