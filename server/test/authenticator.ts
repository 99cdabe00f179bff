import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

interface Options {
  /** What the page says it is; browsers write it, and pages cannot choose. */
  readonly origin: string;
  /** Whether it asks its owner for a finger or a PIN. */
  readonly verifiesUser?: boolean;
  /** How often it says it has been used; without it, it does not count, like those that are synchronised. */
  readonly counter?: number;
}

const flag = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };

/** An authenticator with one discoverable ES256 key, in memory: what a browser and its platform answer (WebAuthn Level 3). */
export function createAuthenticator() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = randomBytes(16);
  let userHandle = '';

  const authData = (rpId: string, { verifiesUser = true, counter }: Options, attested = Buffer.alloc(0)) => {
    const synchronised = counter === undefined ? flag.backupEligible | flag.backedUp : 0;
    const flags = flag.userPresent | (verifiesUser ? flag.userVerified : 0) | synchronised | (attested.length > 0 ? flag.attested : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter ?? 0);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, attested]);
  };
  const clientData = (type: string, challenge: string, origin: string) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  const credential = <R extends object>(response: R) => ({
    id: credentialId.toString('base64url'),
    rawId: credentialId.toString('base64url'),
    type: 'public-key' as const,
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
    response,
  });

  return {
    id: credentialId.toString('base64url'),
    /** `navigator.credentials.create`. */
    create(options: { challenge: string; rp: { id: string }; user: { id: string } }, given: Options) {
      userHandle = options.user.id;
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const cose = cbor(
        new Map<number, unknown>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, Buffer.from(x, 'base64url')],
          [-3, Buffer.from(y, 'base64url')],
        ]),
      );
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, credentialId.length]), credentialId, cose]);
      const attestationObject = cbor(
        new Map<string, unknown>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', authData(options.rp.id, given, attested)],
        ]),
      );
      return credential({
        clientDataJSON: clientData('webauthn.create', options.challenge, given.origin).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      });
    },
    /** `navigator.credentials.get`. */
    get(options: { challenge: string; rpId: string }, given: Options) {
      const data = authData(options.rpId, given);
      const client = clientData('webauthn.get', options.challenge, given.origin);
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey);
      return credential({
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle,
      });
    },
  };
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();

/** As much of RFC 8949 as keys and attestations need. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
  throw new TypeError('not in what this writes');
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  return size < 256 ? Buffer.from([(major << 5) | 24, size]) : Buffer.from([(major << 5) | 25, size >> 8, size & 0xff]);
}

/** The code that an authenticator app shows at that moment, for a secret in base 32 (RFC 6238, written anew). */
export function appCode(secret: string, at: Date): string {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.from(
    Math.floor(at.getTime() / 30_000)
      .toString(16)
      .padStart(16, '0'),
    'hex',
  );
  const mac = createHmac('sha1', key).update(step).digest();
  const from = mac.readUInt8(19) % 16;
  return ((mac.readUInt32BE(from) % 2 ** 31) % 1_000_000).toString().padStart(6, '0');
}
