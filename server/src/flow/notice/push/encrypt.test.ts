import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPush, testBrowser } from '../../../../test/push.ts';
import { arePushKeys, encryptPush, plainBytesMax } from './encrypt.ts';

test('the example of RFC 8291 comes out byte for byte', () => {
  const keys = {
    p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  };
  const fixed = {
    privateKey: Buffer.from('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw', 'base64url'),
    salt: Buffer.from('DGv6ra1nlYgDCS1FRnbzlw', 'base64url'),
  };
  assert.equal(
    encryptPush(Buffer.from('When I grow up, I want to be a watermelon'), keys, fixed).toString('base64url'),
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
});

test('a browser reads what was encrypted for it, up to a whole record, and another one does not', () => {
  const [one, other] = [testBrowser(), testBrowser()];
  for (const text of ['', 'x', 'x'.repeat(plainBytesMax)])
    assert.equal(openPush(one, encryptPush(Buffer.from(text), one.keys)).toString(), text);
  assert.equal(encryptPush(Buffer.alloc(plainBytesMax), one.keys).byteLength, 4_096);
  assert.throws(() => openPush(other, encryptPush(Buffer.from('x'), one.keys)));
  assert.throws(() => encryptPush(Buffer.alloc(plainBytesMax + 1), one.keys), RangeError);
});

test('keys that are no point of the curve, or of another length, are none', () => {
  const { p256dh, auth } = testBrowser().keys;
  assert.ok(arePushKeys({ p256dh, auth }));
  assert.ok(!arePushKeys({ p256dh: Buffer.alloc(65, 4).toString('base64url'), auth }));
  assert.ok(!arePushKeys({ p256dh: '', auth }));
  assert.ok(!arePushKeys({ p256dh, auth: 'c2hvcnQ' }));
});
