import assert from 'node:assert/strict';
import { buffer, text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError, newId } from '#kernel';
import { newPassphraseParameters, sealStreamUnder } from '#trust/key';
import { keyFrom, openArchive, sealArchive } from './codec.ts';
import { type ArchiveHeader, encodeHeader, newHeader } from './header.ts';
import { encodeParts, type Part } from './parts.ts';

const tenantId = newId('tenant');
const key = Buffer.alloc(32, 7);
const header = newHeader({ kind: 'copy', tenantId, madeAt: new Date(0), key: newPassphraseParameters() });

async function* partsOf(parts: Readonly<Record<string, string | Uint8Array>>): AsyncGenerator<Part> {
  for (const [name, body] of Object.entries(parts)) yield { name, body: [body] };
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const seal = (parts: Readonly<Record<string, string | Uint8Array>>, of: ArchiveHeader = header) =>
  buffer(sealArchive(of, key, partsOf(parts)));

async function read(bytes: Uint8Array, { pieces = 10_000, by = async () => key as Uint8Array } = {}) {
  const archive = await openArchive(inPieces(bytes, pieces), by);
  const found: Record<string, string> = {};
  for await (const { name, body } of archive.parts) found[name] = await text(body);
  return found;
}

const isInvalid = (about: RegExp) => (error: unknown) => isFactotumError(error, 'archive.invalid') && about.test(error.message);

describe('an archive', () => {
  test('gives back every part as it was put in, whatever its size and however it is cut up on the way', async () => {
    const parts = fc.dictionary(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }), fc.string({ maxLength: 200_000 }), {
      maxKeys: 6,
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 70_000 }), async (given, pieces) => {
        fc.pre(!Object.hasOwn(given, 'manifest') && !Object.hasOwn(given, '__proto__'));
        assert.deepEqual(await read(await seal(given), { pieces: Math.max(pieces, 300) }), given);
      }),
      { numRuns: 30 },
    );
  });

  test('is passed over part by part by who wants only some of it', async () => {
    const bytes = await seal({ first: 'a'.repeat(200_000), second: 'b' });
    const { parts } = await openArchive(inPieces(bytes, 5_000), async () => key);
    const names: string[] = [];
    for await (const { name, body } of parts) {
      names.push(name);
      for await (const _ of body) break;
    }
    assert.deepEqual(names, ['first', 'second']);
  });

  test('is refused when any byte of it is changed', async () => {
    const bytes = await seal({ 'notes/a.md': 'Hello', 'tasks.ndjson': '{}\n' });
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(read(changed), isInvalid(/./), `byte ${at}`);
    }
  });

  test('is refused when it is cut off anywhere, also between two pieces, and when something follows', async () => {
    const bytes = await seal({ one: 'x'.repeat(40_000) });
    const places = [0, 10, encodeHeader(header).length, encodeHeader(header).length + 60, bytes.length - 1];
    const chunk = 16 * 1024 + 16;
    for (const at of [...places, encodeHeader(header).length + 56 + chunk, encodeHeader(header).length + 56 + 2 * chunk])
      await assert.rejects(read(bytes.subarray(0, at)), isInvalid(/./), `cut at ${at}`);
    await assert.rejects(read(Buffer.concat([bytes, Buffer.alloc(1)])), isInvalid(/./));
  });

  test('opens with its passphrase and no other', async () => {
    const passphrase = 'correct horse battery';
    const of = newHeader({ kind: 'copy', tenantId, madeAt: new Date(0), key: newPassphraseParameters() });
    const bytes = await buffer(sealArchive(of, await keyFrom(passphrase)(of), partsOf({ a: 'b' })));
    assert.deepEqual(await read(bytes, { by: () => keyFrom(passphrase)(of) }), { a: 'b' });
    await assert.rejects(read(bytes, { by: () => keyFrom('correct horse batterie')(of) }), isInvalid(/passphrase is another one/));
  });

  test('of another version says so, and one that is none of ours says that', async () => {
    const bytes = await seal({ a: 'b' });
    const newer = Buffer.from(bytes.toString('latin1').replace('"version":1', '"version":2'), 'latin1');
    await assert.rejects(read(newer), isInvalid(/of version 2/));
    await assert.rejects(read(Buffer.from('PK\x03\x04')), isInvalid(/does not begin/));
    await assert.rejects(read(Buffer.alloc(1_000_000)), isInvalid(/does not begin/));
  });

  test('that asks for a gigabyte of memory to be opened is refused before it gets any', async () => {
    const costly = { ...header, key: { ...header.key, memoryKiB: 1_048_576 } };
    let asked = false;
    const by = async () => {
      asked = true;
      return key as Uint8Array;
    };
    await assert.rejects(read(await seal({ a: 'b' }, costly), { by }), isInvalid(/heading/));
    assert.equal(asked, false);
  });
});

describe('the inside of an archive by somebody who knows the passphrase', () => {
  const sealed = async (plain: readonly Uint8Array[]) => read(await sealBytes(plain));
  const framed = (kind: number, length: number, bytes: Uint8Array = Buffer.alloc(0)) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(kind);
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, bytes]);
  };

  test('may not claim lengths beyond its bounds, leave parts out or let something follow', async () => {
    const good = await buffer(encodeParts(partsOf({ a: 'b', c: 'd' })));
    assert.deepEqual(await sealed([good]), { a: 'b', c: 'd' });
    await assert.rejects(sealed([framed(1, 4_000_000_000)]), isInvalid(/out of bounds/));
    await assert.rejects(sealed([framed(1, 1, Buffer.from('a')), framed(2, 0xffff_ffff)]), isInvalid(/out of bounds/));
    await assert.rejects(sealed([framed(2, 1, Buffer.from('a'))]), isInvalid(/does not begin/));
    await assert.rejects(sealed([framed(1, 1, Buffer.of(0xff))]), isInvalid(/not UTF-8/));
    await assert.rejects(sealed([good, Buffer.of(4)]), isInvalid(/behind its end/));
    await assert.rejects(sealed([good.subarray(0, -1)]), isInvalid(/cut off/));
    const onlySecond = good.subarray(good.indexOf(framed(1, 1, Buffer.from('c'))));
    await assert.rejects(sealed([onlySecond]), isInvalid(/manifest/));
  });
});

async function sealBytes(plain: readonly Uint8Array[]): Promise<Buffer> {
  const headerBytes = encodeHeader(header);
  const stream = sealStreamUnder(key, Buffer.concat([Buffer.from('factotum/archive/v1\0'), headerBytes]), headerBytes);
  for (const piece of plain) stream.write(piece);
  stream.end();
  return buffer(stream);
}
