import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError } from '#kernel';
import { newRecoveryKey, parseRecoveryKey, sealToRecovery, signerHashOf } from './recovery-key.ts';

const signer = 'factotum/installation+a1b2c3d4+AQ==';
const isInvalid = (error: unknown) => isFactotumError(error, 'backup.invalid');

test('what is sealed for a recovery key opens with its text, however it was typed, and with no other', async () => {
  const text = newRecoveryKey(signer);
  const key = parseRecoveryKey(text);
  assert.ok(key.signerHash.equals(signerHashOf(signer)));
  const sealed = await sealToRecovery(key.publicKey, 'a', Buffer.from('the keys'));
  for (const typed of [
    text,
    text.toLowerCase(),
    text.replaceAll('-', ''),
    ` ${text.replaceAll('-', ' ')}\n`,
    text.replaceAll('0', 'O').replaceAll('1', 'l'),
  ])
    assert.equal((await parseRecoveryKey(typed).open('a', sealed)).toString(), 'the keys');
  await assert.rejects(key.open('b', sealed), isInvalid, 'in another context');
  await assert.rejects(parseRecoveryKey(newRecoveryKey(signer)).open('a', sealed), isInvalid, 'with another key');
  for (let at = 0; at < sealed.length; at += 7) {
    const flipped = Buffer.from(sealed);
    flipped[at] = (flipped[at] ?? 0) ^ 4;
    await assert.rejects(key.open('a', flipped), isInvalid, `byte ${at}`);
  }
  await assert.rejects(key.open('a', sealed.subarray(0, 20)), isInvalid);
});

test('a recovery key with one wrong, missing or doubled letter is refused, and two that are exchanged', () => {
  const letters = newRecoveryKey(signer).replaceAll('-', '');
  fc.assert(
    fc.property(fc.nat(letters.length - 1), fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'), fc.nat(2), (at, letter, how) => {
      const [before, behind] = [letters.slice(0, at), letters.slice(at + 1)];
      const typed = [before + letter + behind, before + behind, before + letter + letters.slice(at)][how] ?? '';
      if (typed !== letters) assert.throws(() => parseRecoveryKey(typed), isInvalid, typed);
    }),
  );
  for (let at = 1; at < letters.length; at += 1) {
    const [one, other] = [letters[at - 1], letters[at]];
    if (one !== other) assert.throws(() => parseRecoveryKey(letters.slice(0, at - 1) + other + one + letters.slice(at + 1)), isInvalid);
  }
  for (const nothing of ['', 'hello', '-'.repeat(50), `${letters}Ä`]) assert.throws(() => parseRecoveryKey(nothing), isInvalid);
});
