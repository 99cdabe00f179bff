import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, hkdfSync, randomBytes, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkBytes, commitmentBytes, deriveMessageKeys, openMessage, saltBytes, sealChunk, sealMessage } from './cobblestone.ts';
import vectors from './cobblestone.vectors.json' with { type: 'json' };
import { createHmacKey } from './hmac.ts';

const noHeader = Buffer.alloc(0);
const boundaries = [0, 1, 15, 16, 17, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes, 100_000];

test('HMAC over one-shot hashes gives what createHmac gives', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('sha256' as const, 'sha512' as const),
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array(),
      fc.uint8Array(),
      (name, key, a, b) => {
        assert.deepEqual(createHmacKey(name, key).digest(a, b), createHmac(name, key).update(a).update(b).digest());
      },
    ),
  );
});

test('HMAC-SHA256 and HMAC-SHA512 meet test case 2 of RFC 4231', () => {
  const digest = (name: 'sha256' | 'sha512') =>
    createHmacKey(name, Buffer.from('Jefe')).digest(Buffer.from('what do ya want for nothing?')).toString('hex');
  assert.equal(digest('sha256'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  assert.match(digest('sha512'), /^164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554/);
});

test("message keys are RFC 5869's expand step, as node's own HKDF computes it", () => {
  // node offers extract and expand only together, so the input key here is what its extract step would hand on.
  const [secret, extractSalt, salt, context] = [randomBytes(40), randomBytes(20), randomBytes(saltBytes), randomBytes(50)];
  const inputKey = createHmac('sha512', extractSalt).update(secret).digest();
  const info = Buffer.concat([Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0'), salt, context]);
  const expected = Buffer.from(hkdfSync('sha512', secret, extractSalt, info, 76));
  const keys = deriveMessageKeys(createHmacKey('sha512', inputKey), salt, context);
  assert.deepEqual(Buffer.concat([keys.aesKey.export(), keys.baseNonce, keys.commitment]), expected);
});

for (const vector of vectors.messages)
  test(`a message of ${vector.plainBytes} bytes sealed by another implementation has the same bytes here`, () => {
    const inputKey = createHmacKey('sha512', Buffer.from(vector.key, 'hex'));
    const [context, salt, plain] = [Buffer.from(vector.context, 'hex'), Buffer.from(vector.salt, 'hex'), patternOf(vector.plainBytes)];
    const keys = deriveMessageKeys(inputKey, salt, context);
    const chunks = Array.from({ length: Math.floor(plain.length / chunkBytes) + 1 }, (_, index) =>
      Buffer.concat(sealChunk(keys, index, plain.subarray(index * chunkBytes, (index + 1) * chunkBytes))),
    );
    const sealed = Buffer.concat([salt, keys.commitment, ...chunks]);
    assert.equal(keys.commitment.toString('hex'), vector.commitment);
    assert.equal(sealed.length, vector.sealedBytes);
    assert.equal(createHash('sha256').update(sealed).digest('hex'), vector.sealedSha256);
    if (vector.sealed !== undefined) assert.equal(sealed.toString('hex'), vector.sealed);
    assert.deepEqual(openMessage(inputKey, context, sealed), plain);
  });

test('WebCrypto opens what we seal and we open what WebCrypto seals, at every chunk boundary', async () => {
  for (const size of boundaries) {
    const [key, context, plain] = [randomBytes(32), randomBytes(60), randomBytes(size)];
    const inputKey = createHmacKey('sha512', key);
    assert.deepEqual(await openWithWebCrypto(key, context, sealMessage(inputKey, context, plain, noHeader)), plain);
    assert.deepEqual(openMessage(inputKey, context, await sealWithWebCrypto(key, context, plain)), plain);
  }
});

test('Python opens what we seal and we open what Python seals', (t) => {
  const [key, context] = [randomBytes(32), randomBytes(60)];
  const inputKey = createHmacKey('sha512', key);
  const plains = boundaries.map((size) => randomBytes(size));
  const asks = plains.flatMap((plain) => [
    { do: 'seal', key: key.toString('hex'), context: context.toString('hex'), plain: plain.toString('hex') },
    {
      do: 'open',
      key: key.toString('hex'),
      context: context.toString('hex'),
      sealed: sealMessage(inputKey, context, plain, noHeader).toString('hex'),
    },
  ]);
  const ran = spawnSync('python3', [join(import.meta.dirname, 'cobblestone-oracle.py')], {
    input: JSON.stringify(asks),
    maxBuffer: 1e8,
    timeout: 60_000,
  });
  if (ran.status !== 0) return t.skip('python3 with the package cryptography is not here; WebCrypto is the second implementation');
  // The oracle prints one hex text for each ask, in order.
  const answers = JSON.parse(ran.stdout.toString()) as string[];
  for (const [index, plain] of plains.entries()) {
    assert.deepEqual(openMessage(inputKey, context, Buffer.from(answers[2 * index]!, 'hex')), plain);
    assert.equal(answers[2 * index + 1], plain.toString('hex'));
  }
});

test('the same plaintext sealed twice has nothing in common, across a whole pool of salts', () => {
  const inputKey = createHmacKey('sha512', randomBytes(32));
  const starts = Array.from({ length: 1_500 }, () => sealMessage(inputKey, noHeader, noHeader, noHeader).toString('hex', 0, saltBytes));
  assert.equal(new Set(starts).size, starts.length);
});

function patternOf(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => (7 * index + Math.floor(index / 251)) % 256));
}

async function expandWithWebCrypto(key: Buffer, salt: Uint8Array, context: Uint8Array) {
  const mac = await webcrypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-512' }, false, ['sign']);
  const info = Buffer.concat([Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0'), salt, context]);
  const one = Buffer.from(await webcrypto.subtle.sign('HMAC', mac, Buffer.concat([info, Buffer.of(1)])));
  const two = Buffer.from(await webcrypto.subtle.sign('HMAC', mac, Buffer.concat([one, info, Buffer.of(2)])));
  const okm = Buffer.concat([one, two]).subarray(0, 76);
  const aes = await webcrypto.subtle.importKey('raw', okm.subarray(0, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const nonceAt = (index: number) => {
    const nonce = BigInt(`0x${okm.toString('hex', 32, 44)}`) ^ BigInt(index);
    return { name: 'AES-GCM', iv: Buffer.from(nonce.toString(16).padStart(24, '0'), 'hex') };
  };
  return { aes, nonceAt, commitment: okm.subarray(44) };
}

async function sealWithWebCrypto(key: Buffer, context: Buffer, plain: Buffer): Promise<Buffer> {
  const salt = randomBytes(saltBytes);
  const { aes, nonceAt, commitment } = await expandWithWebCrypto(key, salt, context);
  const parts: Uint8Array[] = [salt, commitment];
  for (let index = 0; index * chunkBytes <= plain.length; index += 1)
    parts.push(
      new Uint8Array(await webcrypto.subtle.encrypt(nonceAt(index), aes, plain.subarray(index * chunkBytes, (index + 1) * chunkBytes))),
    );
  return Buffer.concat(parts);
}

async function openWithWebCrypto(key: Buffer, context: Buffer, sealed: Buffer): Promise<Buffer> {
  const { aes, nonceAt, commitment } = await expandWithWebCrypto(key, sealed.subarray(0, saltBytes), context);
  assert.deepEqual(sealed.subarray(saltBytes, saltBytes + commitmentBytes), commitment);
  const [body, size] = [sealed.subarray(saltBytes + commitmentBytes), chunkBytes + 16];
  const parts: Uint8Array[] = [];
  for (let index = 0; index * size < body.length; index += 1)
    parts.push(new Uint8Array(await webcrypto.subtle.decrypt(nonceAt(index), aes, body.subarray(index * size, (index + 1) * size))));
  return Buffer.concat(parts);
}
