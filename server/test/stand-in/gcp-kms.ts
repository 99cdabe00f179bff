import { createCipheriv, createDecipheriv, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { jwtVerify } from 'jose';
import { z } from 'zod';
import { type FarAnswer, type FarRequest, type FarSide, startFarSide } from './far-side.ts';

export interface GcpKms extends FarSide {
  /** The key file of a service account that may sign in. */
  readonly serviceAccount: { readonly type: 'service_account'; readonly client_email: string; readonly private_key: string };
  /** Makes a key and returns its name. */
  createKey(name: string): string;
  /** A new primary version; returns its number. */
  rotate(key: string): string;
  /** Disables or destroys every version of the key. */
  setState(key: string, state: 'DISABLED' | 'DESTROYED'): void;
  deny(permission: 'useToEncrypt' | 'useToDecrypt'): void;
  /** Takes back every token that was handed out. */
  revokeTokens(): void;
  /** Spoils this many answers on their way: the checksums are those of what was meant. */
  spoils: number;
  tokensAsked: number;
}

interface Version {
  state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
  readonly bytes: Buffer;
}

const ring = 'projects/factotum-test/locations/europe-west3/keyRings/main';
const scope = 'https://www.googleapis.com/auth/cloudkms';
const path = /^\/v1\/(?<name>projects\/[^:]+?\/cryptoKeys\/[^/:]+):(?<operation>encrypt|decrypt)$/;
const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const checksum = z.string().regex(/^\d{1,10}$/);
const bound = { additionalAuthenticatedData: bytes, additionalAuthenticatedDataCrc32c: checksum };
const encryptSchema = z.strictObject({ plaintext: bytes, plaintextCrc32c: checksum, ...bound });
const decryptSchema = z.strictObject({ ciphertext: bytes, ciphertextCrc32c: checksum, ...bound });
/** Making an RSA key takes long, so all stand-ins of a test process share the service account's. */
let pair: { publicKey: string; privateKey: string } | undefined;

/** Google Cloud KMS for symmetric keys, with Google's token service in front: assertions, scopes, checksums, AAD, key states, permissions. */
export async function startGcpKms(t: TestContext): Promise<GcpKms> {
  pair ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { publicKey, privateKey } = pair;
  const serviceAccount = {
    type: 'service_account' as const,
    client_email: 'factotum@factotum-test.iam.gserviceaccount.com',
    private_key: privateKey,
  };
  const keys = new Map<string, Version[]>();
  const tokens = new Set<string>();
  const denied = new Set<string>();
  const refuse = (status: number, code: string, message = code): FarAnswer => ({
    status,
    json: { error: { code: status, message, status: code } },
  });

  const signIn = async ({ method, body }: FarRequest): Promise<FarAnswer> => {
    const form = new URLSearchParams(body.toString('utf8'));
    const denial = { status: 400, json: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
    if (method !== 'POST' || form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return denial;
    try {
      const { payload } = await jwtVerify(form.get('assertion') ?? '', createPublicKey(publicKey), {
        algorithms: ['RS256'],
        issuer: serviceAccount.client_email,
        audience: 'https://oauth2.googleapis.com/token',
        maxTokenAge: '1h',
      });
      if (payload.scope !== scope) return denial;
    } catch {
      return denial;
    }
    const token = `ya29.${randomBytes(24).toString('base64url')}`;
    tokens.add(token);
    kms.tokensAsked += 1;
    return { status: 200, json: { access_token: token, expires_in: 3599, token_type: 'Bearer' } };
  };
  const atService = ({ method, url, headers, body }: FarRequest, isLying: boolean): FarAnswer => {
    if (!tokens.has(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '')) return refuse(401, 'UNAUTHENTICATED');
    const { name = '', operation } = path.exec(decodeURIComponent(url.pathname))?.groups ?? {};
    const versions = keys.get(name);
    if (method !== 'POST' || operation === undefined) return refuse(404, 'NOT_FOUND');
    if (denied.has(operation)) return refuse(403, 'PERMISSION_DENIED');
    if (versions === undefined) return refuse(404, 'NOT_FOUND', `CryptoKey ${name} not found.`);
    const isSpoilt = kms.spoils > 0;
    if (isSpoilt) kms.spoils -= 1;
    const passed = (meant: Buffer) => (isSpoilt ? flip(meant) : meant).toString('base64');
    const input = JSON.parse(body.toString('utf8'));
    if (operation === 'encrypt') {
      const asked = encryptSchema.safeParse(input);
      if (!asked.success) return refuse(400, 'INVALID_ARGUMENT', z.prettifyError(asked.error));
      const { plaintext, plaintextCrc32c, additionalAuthenticatedData: aad, additionalAuthenticatedDataCrc32c } = asked.data;
      if (crcBitwise(plaintext) !== Number(plaintextCrc32c) || crcBitwise(aad) !== Number(additionalAuthenticatedDataCrc32c))
        return refuse(400, 'INVALID_ARGUMENT', 'The checksum in field plaintext_crc32c did not match');
      const primary = versions.at(-1);
      if (primary?.state !== 'ENABLED')
        return refuse(400, 'FAILED_PRECONDITION', `${name} is not enabled, current state is: ${primary?.state}.`);
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', primary.bytes, nonce).setAAD(aad);
      const number = Buffer.alloc(4);
      number.writeUInt32BE(versions.length);
      const sealed = Buffer.concat([
        number,
        nonce,
        cipher.update(isLying ? flip(plaintext) : plaintext),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return {
        status: 200,
        json: {
          name: `${name}/cryptoKeyVersions/${versions.length}`,
          ciphertext: passed(sealed),
          ciphertextCrc32c: String(crcBitwise(sealed)),
          verifiedPlaintextCrc32c: true,
          verifiedAdditionalAuthenticatedDataCrc32c: true,
          protectionLevel: 'SOFTWARE',
        },
      };
    }
    const asked = decryptSchema.safeParse(input);
    if (!asked.success) return refuse(400, 'INVALID_ARGUMENT', z.prettifyError(asked.error));
    const { ciphertext, ciphertextCrc32c, additionalAuthenticatedData: aad, additionalAuthenticatedDataCrc32c } = asked.data;
    if (crcBitwise(ciphertext) !== Number(ciphertextCrc32c) || crcBitwise(aad) !== Number(additionalAuthenticatedDataCrc32c))
      return refuse(400, 'INVALID_ARGUMENT', 'The checksum in field ciphertext_crc32c did not match');
    const invalid = refuse(400, 'INVALID_ARGUMENT', 'Decryption failed: the ciphertext is invalid.');
    if (ciphertext.length < 32) return invalid;
    const version = versions[ciphertext.readUInt32BE() - 1];
    if (version === undefined) return invalid;
    if (version.state !== 'ENABLED')
      return refuse(400, 'FAILED_PRECONDITION', `${name} is not enabled, current state is: ${version.state}.`);
    try {
      const decipher = createDecipheriv('aes-256-gcm', version.bytes, ciphertext.subarray(4, 16)).setAAD(aad);
      decipher.setAuthTag(ciphertext.subarray(-16));
      const plain = Buffer.concat([decipher.update(ciphertext.subarray(16, -16)), decipher.final()]);
      const told = isLying ? plain.subarray(0, 31) : plain;
      return {
        status: 200,
        json: { plaintext: passed(told), plaintextCrc32c: String(crcBitwise(told)), usedPrimary: version === versions.at(-1) },
      };
    } catch {
      return invalid;
    }
  };
  const far = await startFarSide(t, {
    answer: (request, isLying) => (request.url.pathname === '/token' ? signIn(request) : atService(request, isLying)),
    throttled: refuse(429, 'RESOURCE_EXHAUSTED'),
    failed: refuse(500, 'INTERNAL'),
  });
  const find = (name: string) => {
    const versions = keys.get(name);
    if (versions === undefined) throw new Error(`no key ${name}`);
    return versions;
  };
  const kms: GcpKms = Object.assign(far, {
    serviceAccount,
    spoils: 0,
    tokensAsked: 0,
    createKey(name: string) {
      keys.set(`${ring}/cryptoKeys/${name}`, [newVersion()]);
      return `${ring}/cryptoKeys/${name}`;
    },
    rotate: (name: string) => String(find(name).push(newVersion())),
    setState(name: string, state: 'DISABLED' | 'DESTROYED') {
      for (const version of find(name)) version.state = state;
    },
    deny: (permission: 'useToEncrypt' | 'useToDecrypt') => void denied.add(permission === 'useToEncrypt' ? 'encrypt' : 'decrypt'),
    revokeTokens: () => tokens.clear(),
  });
  return kms;
}

const newVersion = (): Version => ({ state: 'ENABLED', bytes: randomBytes(32) });

function flip(meant: Buffer): Buffer {
  const changed = Buffer.from(meant);
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  return changed;
}

/** CRC-32C bit by bit, straight from the polynomial: not the table of the code under test. */
function crcBitwise(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data)
    for (let bit = 0; bit < 8; bit += 1) {
      const mixed = (crc ^ (byte >>> bit)) & 1;
      crc = (crc >>> 1) ^ (mixed === 1 ? 0x82f63b78 : 0);
    }
  return (crc ^ 0xffffffff) >>> 0;
}
