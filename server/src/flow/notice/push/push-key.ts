import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Clock, FactotumError, isFactotumError } from '#kernel';
import type { RoleDatabase } from '#kernel/database';

/** How this installation is known to services that push (RFC 8292). */
export interface PushKey {
  /** What a browser subscribes with: an uncompressed point of P-256, base64url. */
  publicKey(): Promise<string>;
  /** The header that goes with a push to that address. */
  authorization(endpoint: string): Promise<string>;
}

/** Seals the private half, and opens it; handed in by who holds the installation's key. */
export interface PushKeySeal {
  seal(plain: Uint8Array): Buffer;
  /** @throws FactotumError `seal.broken`. */
  open(sealed: Uint8Array): Buffer;
}

export interface PushKeyOptions {
  readonly auth: RoleDatabase;
  readonly sealed: PushKeySeal;
  readonly clock: Clock;
  /** Where whoever runs a push service reaches those who run this: an https or mailto address. */
  readonly contact: () => string;
}

/** A token is good for a day at most (RFC 8292, 2); half of it leaves room for clocks. */
const tokenLifeS = 12 * 3_600;

/**
 * The installation's key for pushing: made by whoever asks first, over all processes one. Losing it means that browsers have to be added
 * again, which they do by themselves the next time that somebody opens the dashboard.
 */
export function createPushKey({ auth, sealed, clock, contact }: PushKeyOptions): PushKey {
  let known: Promise<{ publicKey: string; privateKey: KeyObject }> | undefined;
  const key = () => {
    known ??= readOrMake().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };

  const read = () =>
    auth.pool
      .query<{ publicKey: string; sealedKey: Buffer }>(`select "publicKey", "sealedKey" from "pushKey"`)
      .then(({ rows: [row] }) => (row === undefined ? null : { publicKey: row.publicKey, der: openKey(row.sealedKey) }));

  /** Null for one that another installation key has sealed: it is lost with that. */
  function openKey(bytes: Buffer): Buffer | null {
    try {
      return sealed.open(bytes);
    } catch (error) {
      if (isFactotumError(error, 'seal.broken')) return null;
      throw error;
    }
  }

  async function readOrMake(): Promise<{ publicKey: string; privateKey: KeyObject }> {
    let found = await read();
    if (found?.der === null) await auth.pool.query(`delete from "pushKey" where "publicKey" = $1`, [found.publicKey]);
    if (found === null || found.der === null) {
      await make();
      found = await read();
    }
    if (found === null || found.der === null) throw new FactotumError('key.unavailable', 'The key for pushing could not be kept.');
    return { publicKey: found.publicKey, privateKey: createPrivateKey({ key: found.der, format: 'der', type: 'pkcs8' }) };
  }

  async function make(): Promise<void> {
    const made = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const { x = '', y = '' } = made.publicKey.export({ format: 'jwk' });
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('base64url');
    const kept = sealed.seal(made.privateKey.export({ format: 'der', type: 'pkcs8' }));
    await auth.pool.query(
      `insert into "pushKey" ("id", "publicKey", "sealedKey", "createdAt") values ('vapid', $1, $2, $3) on conflict do nothing`,
      [point, kept, clock.now()],
    );
  }

  return {
    publicKey: async () => (await key()).publicKey,
    authorization: async (endpoint) => {
      const { publicKey, privateKey } = await key();
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const exp = Math.floor(clock.now().getTime() / 1_000) + tokenLifeS;
      const signed = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({ aud: new URL(endpoint).origin, exp, sub: contact() })}`;
      // JWS takes the two numbers as they are, not as DER (RFC 7518, 3.4).
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
      return `vapid t=${signed}.${signature}, k=${publicKey}`;
    },
  };
}
