import type { Transform } from 'node:stream';
import type { z } from 'zod';
import { FactotumError, type Id, type Json } from '#kernel';
import { bind } from './binding.ts';
import { BrokenMessage, checkCommitment, commitmentBytes, deriveMessageKeys, openMessage, saltBytes, sealMessage } from './cobblestone.ts';
import { createHmacKey, type HmacKey } from './hmac.ts';
import { createOpening, createRangeOpening, createSealing, headBytes, type RangeOpening } from './stream.ts';

/** What a derived key is for. Nothing sealed for one purpose opens under another. */
export type Purpose = 'content' | 'credential' | 'index' | 'checkpoint' | 'backup' | 'search' | 'webhook';

/** Which object the sealed bytes are: bound into the seal, so that they open as nothing else. Never a path: a rename must not re-seal. */
export interface ObjectRef {
  readonly kind: string;
  readonly id: string;
  readonly version?: number;
}

/**
 * A tenant's keys, ready for synchronous use. Ask the keyring anew for each unit of work: a handle works for at least the
 * keyring's time to live after it was handed out, then every call throws `key.unavailable` (retry).
 *
 * Everything that does not open (changed, cut, lengthened, another tenant's, object's, version's or purpose's bytes, a key that
 * is not here) is the one error `seal.broken`; the reason is in its cause, for the log.
 */
export interface TenantKeys {
  readonly tenantId: Id<'tenant'>;
  /** The generation of the seed that seals now; others still open. It grows while the handle is in use. */
  readonly generation: number;
  /** Costs 78 bytes and 16 more for each 16 KiB. Above a megabyte prefer `sealStream`. */
  seal(purpose: Purpose, ref: ObjectRef, plain: Uint8Array): Buffer;
  open(purpose: Purpose, ref: ObjectRef, sealed: Uint8Array): Buffer;
  sealStream(purpose: Purpose, ref: ObjectRef): Transform;
  /** The bytes that come out are authentic one by one; that the end is missing shows as an error only at the end. */
  openStream(purpose: Purpose, ref: ObjectRef): Transform;
  /**
   * Opens a part of what `sealStream` made, of which only that part is read.
   *
   * @param head - its first `sealedHeadBytes`
   * @param range - plain bytes from `start` to before `end`, not empty, of `plainBytes` in all: a number that is itself sealed
   */
  openRange(
    purpose: Purpose,
    ref: ObjectRef,
    head: Uint8Array,
    range: { readonly start: number; readonly end: number; readonly plainBytes: number },
  ): RangeOpening;
  /** Seals JSON for the purpose `content`. */
  sealJson(ref: ObjectRef, value: Json): Buffer;
  /** Opens what `sealJson` made. A value that does not fit the schema is `seal.broken` as well. */
  openJson<T>(ref: ObjectRef, sealed: Uint8Array, schema: z.ZodType<T>): T;
  /**
   * HMAC-SHA256 for finding things whose text is sealed, 32 bytes: equal input, equal output, of use to this tenant only.
   *
   * @param domain - what is looked up ('note.path'), so that equal texts of different meaning differ
   */
  mac(domain: string, ...parts: readonly (string | Uint8Array)[]): Buffer;
}

/** Hands out tenants' keys, and nothing else: what planning, acting and connectors are given. Ask for each unit of work. */
export type KeysOf = (tenantId: Id<'tenant'>) => Promise<TenantKeys>;

/** What a tenant's keys are made of. The bytes belong to the handle from now on and are zeroed with it. */
export interface KeyMaterial {
  /** 32 bytes by generation. */
  readonly seeds: ReadonlyMap<number, Buffer>;
  /** The generation that seals; the others only open. */
  readonly current: number;
  /** 32 bytes: what MACs are made with. Left out, it follows from the current seed. */
  readonly indexKey?: Buffer | undefined;
}

/** The keys and the means to change and wipe them. */
export interface ClosableTenantKeys extends TenantKeys {
  /** Goes on with these seeds, in place: whoever holds the handle seals under the new generation from the next call on. */
  renew(material: KeyMaterial): void;
  /** Zeroes every key. Later calls throw `key.unavailable`. */
  close(): void;
}

/** Format and suite of the outer header, then the seed's generation as four bytes, big-endian. */
const formatBytes = Buffer.of(1, 1);
const headerBytes = 6;
/** What of a sealed stream stands before its first chunk. */
export const sealedHeadBytes = headBytes(headerBytes);

/** Derives a tenant's keys from its seeds, each only when it is first used. */
export function createTenantKeys(tenantId: Id<'tenant'>, material: KeyMaterial): ClosableTenantKeys {
  const generations = new Map<number, Generation>();
  let current: Generation;
  let index: HmacKey | undefined;
  let closed = false;
  const take = ({ seeds, current: number, indexKey }: KeyMaterial): void => {
    for (const [known, generation] of generations) {
      if (seeds.has(known)) continue;
      generation.erase();
      generations.delete(known);
    }
    for (const [given, seed] of seeds) {
      if (generations.has(given)) seed.fill(0);
      else generations.set(given, createGeneration(tenantId, given, seed));
    }
    const inForce = generations.get(number);
    if (inForce === undefined) throw new RangeError('a tenant has a seed in force');
    current = inForce;
    // It is the same for as long as the tenant is there: whoever has it keeps it.
    if (index === undefined && indexKey !== undefined) index = createHmacKey('sha256', indexKey);
    indexKey?.fill(0);
  };
  take(material);
  const active = (): Generation => {
    if (closed) throw new FactotumError('key.unavailable', 'The keys of this tenant were put away in the meantime. Try again.');
    return current;
  };
  const indexKeyOf = (generation: Generation): HmacKey => {
    index ??= generation.indexKey();
    return index;
  };
  const unlock = (purpose: Purpose, ref: ObjectRef, header: Uint8Array) => {
    const generation = generations.get(readGeneration(header));
    if (generation === undefined) throw new BrokenMessage('sealed under a key generation that is not here');
    return { inputKey: generation.purposeKey(purpose), context: generation.context(ref) };
  };
  const keys: ClosableTenantKeys = {
    tenantId,
    get generation() {
      return current.number;
    },
    seal(purpose, ref, plain) {
      const generation = active();
      return sealMessage(generation.purposeKey(purpose), generation.context(ref), plain, generation.header);
    },
    open(purpose, ref, sealed) {
      active();
      try {
        const { inputKey, context } = unlock(purpose, ref, sealed.subarray(0, headerBytes));
        return openMessage(inputKey, context, sealed.subarray(headerBytes));
      } catch (cause) {
        throw sealBroken(cause);
      }
    },
    sealStream(purpose, ref) {
      const generation = active();
      return createSealing(generation.purposeKey(purpose), generation.context(ref), generation.header);
    },
    openStream(purpose, ref) {
      active();
      return createOpening(headerBytes, (header) => unlock(purpose, ref, header), sealBroken);
    },
    openRange(purpose, ref, head, range) {
      active();
      let message: ReturnType<typeof deriveMessageKeys>;
      try {
        const { inputKey, context } = unlock(purpose, ref, head);
        const commitmentAt = headerBytes + saltBytes;
        message = deriveMessageKeys(inputKey, head.subarray(headerBytes, commitmentAt), context);
        checkCommitment(message, head.subarray(commitmentAt, commitmentAt + commitmentBytes));
      } catch (cause) {
        throw sealBroken(cause);
      }
      return createRangeOpening(message, headerBytes, range, sealBroken);
    },
    sealJson: (ref, value) => keys.seal('content', ref, Buffer.from(JSON.stringify(value), 'utf8')),
    openJson(ref, sealed, schema) {
      const plain = keys.open('content', ref, sealed);
      try {
        return schema.parse(JSON.parse(plain.toString('utf8')));
      } catch (cause) {
        throw sealBroken(cause);
      }
    },
    mac: (domain, ...parts) => indexKeyOf(active()).digest(bind(domain, ...parts)),
    renew(next) {
      // The derived key of the seed that is in force now is that of all later ones.
      if (!closed) {
        if (next.indexKey === undefined) indexKeyOf(current);
        return take(next);
      }
      for (const seed of next.seeds.values()) seed.fill(0);
      next.indexKey?.fill(0);
    },
    close() {
      closed = true;
      index?.erase();
      for (const generation of generations.values()) generation.erase();
    },
  };
  return keys;
}

interface Generation {
  readonly number: number;
  readonly header: Buffer;
  purposeKey(purpose: Purpose): HmacKey;
  indexKey(): HmacKey;
  context(ref: ObjectRef): Buffer;
  erase(): void;
}

function createGeneration(tenantId: Id<'tenant'>, number: number, seed: Buffer): Generation {
  const header = Buffer.alloc(headerBytes);
  header.set(formatBytes);
  header.writeUInt32BE(number, formatBytes.length);
  const contextStart = bind('factotum/obj/v1', header, tenantId);
  const sealing = new Map<Purpose, HmacKey>();
  const derive = (algorithm: 'sha256' | 'sha512', purpose: Purpose) => {
    const key = derivePurposeKey(seed, tenantId, number, purpose);
    const ready = createHmacKey(algorithm, key);
    key.fill(0);
    return ready;
  };
  return {
    number,
    header,
    purposeKey(purpose) {
      let key = sealing.get(purpose);
      if (key === undefined) {
        key = derive('sha512', purpose);
        sealing.set(purpose, key);
      }
      return key;
    },
    indexKey: () => derive('sha256', 'index'),
    context: ({ kind, id, version }) => Buffer.concat([contextStart, bind(kind, id, version === undefined ? '' : String(version))]),
    erase() {
      seed.fill(0);
      for (const key of sealing.values()) key.erase();
    },
  };
}

/** HKDF-Expand (RFC 5869) with SHA-512, first 32 bytes of its only block. The seed is uniformly random: nothing to extract. */
export function derivePurposeKey(seed: Buffer, tenantId: string, generation: number, purpose: Purpose): Buffer {
  const seedKey = createHmacKey('sha512', seed);
  const block = seedKey.digest(Buffer.from('factotum/key/v1'), bind(tenantId, String(generation), purpose), Buffer.of(1));
  seedKey.erase();
  return block.subarray(0, 32);
}

function readGeneration(header: Uint8Array): number {
  if (header.length < headerBytes) throw new BrokenMessage('shorter than the header');
  if (header[0] !== formatBytes[0] || header[1] !== formatBytes[1]) throw new BrokenMessage('another format or suite');
  return new DataView(header.buffer, header.byteOffset).getUint32(formatBytes.length);
}

function sealBroken(cause: unknown): FactotumError {
  return new FactotumError('seal.broken', 'Stored data cannot be opened. The log says more; restore it from a backup if it stays so.', {
    cause,
  });
}
