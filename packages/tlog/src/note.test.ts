import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { origin, signer } from '../test/sample-log.ts';
import { createSigner, type Signer, signCheckpoint, signNote } from './note.ts';
import { ed25519, emptyRoot, noteKeyId, openCheckpoint, openNote, parseVerifierKey, type SignatureType } from './verify.ts';

const key = parseVerifierKey(signer.verifierKeyText);
const root = emptyRoot();
const malformed = { code: 'tlog.note_malformed' };

test("a tree head signed by Go's checksum database opens with its published key", () => {
  const goKey = parseVerifierKey('sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8');
  const signature = 'Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=';
  const head = [
    'go.sum database tree',
    '20852163',
    'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
    '',
    `\u2014 sum.golang.org ${signature}`,
    '',
  ];
  const checkpoint = openCheckpoint(head.join('\n'), [goKey]);
  assert.deepEqual([checkpoint.origin, checkpoint.size, checkpoint.signedBy], ['go.sum database tree', 20_852_163, ['sum.golang.org']]);
});

test('a checkpoint opens to what was signed, extension lines included', () => {
  const note = signCheckpoint(signer, { origin, size: 7, root, extensions: ['purpose test'] });
  assert.deepEqual(openCheckpoint(note, [key]), { origin, size: 7, root, extensions: ['purpose test'], signedBy: [origin] });
});

test('a note with one changed character never opens', () => {
  const note = signNote('first line\n\nsecond: ünï\n', [signer]);
  fc.assert(
    fc.property(fc.nat({ max: note.length - 1 }), fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }), (at, other) => {
      fc.pre(note[at] !== other);
      assert.throws(() => openNote(note.slice(0, at) + other + note.slice(at + 1), [key]), { name: 'TlogError' });
    }),
    { numRuns: 2000 },
  );
});

test('signatures of unknown keys are ignored, a wrong one of a known key refuses the note, and none at all is not enough', () => {
  const other = createSigner({ name: 'witness.example', privateKey: generateKeyPairSync('ed25519').privateKey });
  const liar: Signer = { ...signer, sign: () => Buffer.alloc(64) };
  assert.deepEqual(openNote(signNote('text\n', [other, signer]), [key]).signedBy, [origin]);
  assert.deepEqual(openNote(signNote('text\n', [other, signer]), [key, parseVerifierKey(other.verifierKeyText)]).signedBy.length, 2);
  assert.throws(() => openNote(signNote('text\n', [other]), [key]), { code: 'tlog.note_unsigned' });
  assert.throws(() => openNote(signNote('text\n', [signer, liar]), [key]), { code: 'tlog.signature_wrong' });
});

test('a key of the same name, or the same id, as a known key is still an unknown key', () => {
  const twin = createSigner({ name: origin, privateKey: generateKeyPairSync('ed25519').privateKey });
  assert.throws(() => openNote(signNote('text\n', [twin]), [key]), { code: 'tlog.note_unsigned' });
  assert.throws(() => openNote(signNote('text\n', [{ ...signer, name: 'other.example' }]), [key]), { code: 'tlog.note_unsigned' });
});

test('what is no signed note is refused', () => {
  const note = signNote('text\n', [signer]);
  const tooMany = signNote(
    'text\n',
    Array.from({ length: 65 }, () => signer),
  );
  for (const bad of [
    '',
    '\n',
    'text\n',
    'text\n\n',
    note.slice(0, -1),
    note.replace('\u2014', '-'),
    `${note}\n`,
    note.replace('text', 'te\txt'),
    tooMany,
  ]) {
    assert.throws(() => openNote(bad, [key]), malformed);
  }
  for (const text of ['', 'text', 'a\tb\n', 'broken \ud800\n']) assert.throws(() => signNote(text, [signer]), malformed);
});

test('what is no checkpoint is refused, although properly signed', () => {
  const rootText = root.toString('base64');
  const lines = [
    `${origin}\n07\n${rootText}`,
    `${origin}\n-1\n${rootText}`,
    `${origin}\n9007199254740993\n${rootText}`,
    `${origin}\n7\n${rootText.slice(4)}`,
    `${origin}\n7`,
  ];
  for (const text of [...lines, `\n7\n${rootText}`, `${origin}\n7\n${rootText}\n\nextension`]) {
    assert.throws(() => openCheckpoint(signNote(`${text}\n`, [signer]), [key]), { code: 'tlog.checkpoint_malformed' });
  }
  for (const claim of [
    { origin: '', size: 1, root },
    { origin: 'a\nb', size: 1, root },
    { origin, size: -1, root },
    { origin, size: 1, root: root.subarray(1) },
  ]) {
    assert.throws(() => signCheckpoint(signer, claim), { code: 'tlog.checkpoint_malformed' });
  }
});

test('a verifier key whose name, id, type or length was changed is refused', () => {
  const text = signer.verifierKeyText;
  for (const bad of ['', text.slice(1), text.replace('+', '-'), text.slice(0, -4), `${text}=`, ` ${text}`]) {
    assert.throws(() => parseVerifierKey(bad), { code: 'tlog.key_malformed' });
  }
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  assert.throws(() => createSigner({ name: origin, privateKey: ec }), { code: 'tlog.key_malformed' });
  const { privateKey } = generateKeyPairSync('ed25519');
  for (const name of ['', 'a b', 'a+b']) assert.throws(() => createSigner({ name, privateKey }), { code: 'tlog.key_malformed' });
});

test('another signature type works where it is accepted, and is refused where it is not', () => {
  const reversed: SignatureType = {
    byte: 0xff,
    importKey: (publicKey) => (text, signature) => signature.equals(Buffer.concat([text, publicKey])),
  };
  const typeAndKey = Buffer.from([0xff, 1, 2, 3]);
  const id = noteKeyId('other.example', typeAndKey);
  const verifierKeyText = `other.example+${id.toString('hex')}+${typeAndKey.toString('base64')}`;
  const other: Signer = { name: 'other.example', id, verifierKeyText, sign: (text) => Buffer.concat([text, typeAndKey.subarray(1)]) };
  const note = signNote('text\n', [other]);
  assert.deepEqual(openNote(note, [parseVerifierKey(verifierKeyText, [ed25519, reversed])]).signedBy, ['other.example']);
  assert.throws(() => parseVerifierKey(verifierKeyText), { code: 'tlog.key_malformed' });
});
