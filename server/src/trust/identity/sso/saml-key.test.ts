import assert from 'node:assert/strict';
import { createPrivateKey, createSign, createVerify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeRequestKey } from './saml-key.ts';

test('a key for requests comes with a certificate that others can read: its name, its years, its own signature', async () => {
  const { privateKey, certificate } = await makeRequestKey('factotum sso_0123', new Date('2026-03-01T12:00:00Z'));
  const read = new X509Certificate(certificate);
  assert.equal(read.subject, 'CN=factotum sso_0123');
  assert.equal(read.issuer, read.subject);
  assert.ok(read.verify(read.publicKey) && read.checkPrivateKey(createPrivateKey(privateKey)));
  assert.deepEqual([read.validFromDate, read.validToDate], [new Date('2026-03-01T12:00:00Z'), new Date('2036-03-01T12:00:00Z')]);
  const signature = createSign('sha256').update('x').sign(privateKey);
  assert.ok(createVerify('sha256').update('x').verify(read.publicKey, signature));
});

test('every key is another one, also beyond 2049', async () => {
  const now = new Date('2045-01-01T00:00:00Z');
  const [one, other] = [await makeRequestKey('x', now), await makeRequestKey('x', now)];
  assert.notEqual(new X509Certificate(one.certificate).serialNumber, new X509Certificate(other.certificate).serialNumber);
  assert.equal(new X509Certificate(one.certificate).validToDate.getUTCFullYear(), 2055);
});
