import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';
import type { Clock, Logger } from '#kernel';
import type { AuthDb } from '../store.ts';
import { createSeal } from './seal.ts';
import { listSigningKeys, lockSigningKeys, replaceSigningKey } from './signing-key-store.ts';

/** How long a key signs, and how long its tokens are accepted after that, in milliseconds. The design asks for 30 days of each. */
const signsMs = 30 * 24 * 3_600_000;
const overlapMs = 30 * 24 * 3_600_000;

/** A key that ends sooner than this does not sign any more, in milliseconds: what it signs has to outlive its five minutes. */
const signsOnMs = 10 * 60_000;

/** How long what was read is believed, in milliseconds: the longest that a key which was ended goes on elsewhere. */
const believedMs = 5_000;

/** How soon the set is read again for a kid that is not in it, in milliseconds: whoever invents kids asks the database once a second. */
const askAgainMs = 1_000;

/** RFC 7517, as relying parties expect it. */
export interface PublicJwk extends JsonWebKey {
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'ES256';
}

export interface SigningKeys {
  /** The key that signs now; made, or replaced when it is a month old, as needed. */
  current(): Promise<{ readonly kid: string; readonly privateKey: KeyObject }>;
  /** The public key of that kid, of our own set alone; undefined when there is none. */
  find(kid: string): Promise<KeyObject | undefined>;
  /** All whose tokens are accepted. */
  publicKeys(): Promise<readonly PublicJwk[]>;
  /** Another key signs from now on. `endOld`: tokens of all earlier ones are refused, at once here and within five seconds elsewhere. */
  rotate(options: { readonly endOld: boolean }): Promise<{ readonly kid: string; readonly oldEndsAt: Date }>;
  /** What has been read may not be true any more. */
  forget(): void;
}

interface KnownKey {
  readonly jwk: PublicJwk;
  readonly publicKey: KeyObject;
  readonly sealed: Buffer;
  readonly createdAt: Date;
  readonly endsAt: Date | null;
}

const jwkSchema = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });

/** The keys of tokens: ES256 (P-256), private ones sealed with a key that only processes with the session secret can derive. */
export function createSigningKeys({ db, clock, log }: { db: AuthDb; clock: Clock; log: Logger }, secret: string): SigningKeys {
  const seal = createSeal(secret, 'factotum/token-signing-keys/v1');
  let known: { readonly keys: ReadonlyMap<string, KnownKey>; readonly readAtMs: number } | undefined;
  let reading: Promise<ReadonlyMap<string, KnownKey>> | undefined;
  let signer: { readonly kid: string; readonly privateKey: KeyObject } | undefined;
  // Counts what was forgotten: what was being read meanwhile may be from before, and is not kept.
  let forgotten = 0;

  async function read(): Promise<ReadonlyMap<string, KnownKey>> {
    const before = forgotten;
    const readAtMs = clock.monotonicMs();
    const keys = new Map<string, KnownKey>();
    for (const { id, publicJwk, sealedPrivateKey: sealed, createdAt, endsAt } of await listSigningKeys(db, clock.now())) {
      const key = jwkSchema.parse(publicJwk);
      const jwk = { ...key, kid: id, use: 'sig', alg: 'ES256' } as const;
      keys.set(id, { jwk, publicKey: createPublicKey({ key, format: 'jwk' }), sealed, createdAt, endsAt });
    }
    if (before === forgotten) known = { keys, readAtMs };
    return keys;
  }

  const readOnce = () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  const keysWithin = (ageMs: number) =>
    known !== undefined && clock.monotonicMs() - known.readAtMs < ageMs ? Promise.resolve(known.keys) : readOnce();

  /** @param isStill - asked with the newest key's id once nobody else can replace it; where it says no, that key is as good as a new one. */
  async function replace(isStill: (kid: string | undefined) => boolean, oldEndsAt: Date): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicJwk = publicKey.export({ format: 'jwk' });
    const id = await calculateJwkThumbprint(jwkSchema.parse(publicJwk), 'sha256');
    const sealedPrivateKey = seal.seal(id, Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))));
    await db.transaction().execute(async (tx) => {
      await lockSigningKeys(tx);
      const now = clock.now();
      const newest = (await listSigningKeys(tx, now)).find(({ endsAt }) => endsAt === null);
      if (isStill(newest?.id)) await replaceSigningKey(tx, { id, publicJwk, sealedPrivateKey, createdAt: now }, { oldEndsAt });
    });
    forget();
  }

  async function sign(): Promise<{ kid: string; privateKey: KeyObject }> {
    const keys = [...(await keysWithin(believedMs)).values()];
    const now = clock.now().getTime();
    // The newest, but for a process with another session secret, whose own is as good: they would replace each other's without end.
    const able = keys.filter(
      ({ createdAt, endsAt }) => now - createdAt.getTime() < signsMs && (endsAt?.getTime() ?? now + overlapMs) - now >= signsOnMs,
    );
    for (const { jwk, sealed } of able) {
      if (signer?.kid === jwk.kid) return signer;
      const opened = seal.open(jwk.kid, sealed);
      if (opened === undefined) {
        log.warn({ kid: jwk.kid }, 'identity: a key of tokens was sealed with another session secret; it is not used here');
        continue;
      }
      signer = { kid: jwk.kid, privateKey: createPrivateKey({ key: JSON.parse(opened.toString()), format: 'jwk' }) };
      return signer;
    }
    const newest = keys.find(({ endsAt }) => endsAt === null)?.jwk.kid;
    await replace((kid) => kid === newest, new Date(now + overlapMs));
    return sign();
  }

  function forget(): void {
    forgotten++;
    known = undefined;
    reading = undefined;
  }

  const usable = (key: KnownKey | undefined) => (key !== undefined && (key.endsAt === null || key.endsAt > clock.now()) ? key : undefined);

  return {
    current: sign,
    find: async (kid) => {
      const key = (await keysWithin(believedMs)).get(kid) ?? (await keysWithin(askAgainMs)).get(kid);
      return usable(key)?.publicKey;
    },
    publicKeys: async () => {
      // There is one to publish from the beginning, before anybody asks for a token.
      await sign();
      return [...(await keysWithin(believedMs)).values()].filter((key) => usable(key) !== undefined).map(({ jwk }) => jwk);
    },
    rotate: async ({ endOld }) => {
      const now = clock.now();
      const oldEndsAt = endOld ? now : new Date(now.getTime() + overlapMs);
      await replace(() => true, oldEndsAt);
      return { kid: (await sign()).kid, oldEndsAt };
    },
    forget,
  };
}
