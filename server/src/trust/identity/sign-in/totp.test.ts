import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRecoveryCodes, plainRecoveryCode } from './recovery-code.ts';
import { base32, findTotpStep, newTotpSecret, totpCode, totpStep, totpUri } from './totp.ts';

const secret = Buffer.from('12345678901234567890');

test('codes are those of RFC 6238, appendix B', () => {
  const vectors: [seconds: number, code: string][] = [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ];
  // The RFC shows eight digits; six are the last six of them.
  for (const [seconds, code] of vectors) assert.equal(totpCode(secret, totpStep(new Date(seconds * 1_000))), code.slice(2));
});

test('a code fits in its half minute and in the two beside it, and nowhere else', () => {
  const now = new Date('2026-05-04T10:00:00Z');
  const code = totpCode(secret, totpStep(now));
  const at = (seconds: number) => findTotpStep(secret, code, new Date(now.getTime() + seconds * 1_000));
  for (const seconds of [0, 29, 59, -1, -30]) assert.equal(at(seconds), totpStep(now), `${seconds} s`);
  for (const seconds of [60, -31, 3_600]) assert.equal(at(seconds), null, `${seconds} s`);
  for (const wrong of ['', '12345', '1234567', 'abcdef', '１２３４５６']) assert.equal(findTotpStep(secret, wrong, now), null);
});

test('secrets are written in the base 32 of RFC 4648, and apps are told everything that they have to know', () => {
  const vectors = { '': '', f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' };
  for (const [text, written] of Object.entries(vectors)) assert.equal(base32(Buffer.from(text)), written);
  assert.equal(newTotpSecret().length, 20);
  const uri = new URL(totpUri(secret, 'ada@example.com'));
  assert.equal(decodeURIComponent(uri.pathname), '/Factotum:ada@example.com');
  assert.equal(uri.searchParams.get('secret'), 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
});

test('recovery codes are ten different ones of 80 bits, and may be typed as people type', () => {
  const codes = newRecoveryCodes();
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) {
    assert.match(code, /^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/);
    const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('o', '0')}\n`;
    assert.equal(plainRecoveryCode(typed), plainRecoveryCode(code));
  }
});
