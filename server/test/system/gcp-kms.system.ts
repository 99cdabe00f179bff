import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { JWT, OAuth2Client } from 'google-auth-library';
import { newId, systemClock } from '#kernel';
import { bind } from '../../src/trust/key/binding.ts';
import { crc32c } from '../../src/trust/key/provider/crc32c.ts';
import { createGcpKms } from '../../src/trust/key/provider/gcp-kms.ts';
import { fetchTo } from '../stand-in/far-side.ts';
import { startGcpKms } from '../stand-in/gcp-kms.ts';
import { vendorPackage } from './vendor-package.ts';

/** As far as we use it. */
interface CloudKms {
  readonly KeyManagementServiceClient: new (
    options: object,
  ) => {
    encrypt(request: object): Promise<[{ name: string; ciphertext: Uint8Array; verifiedPlaintextCrc32c: boolean }]>;
    decrypt(request: object): Promise<[{ plaintext: Uint8Array; plaintextCrc32c: { value: unknown } }]>;
    close(): Promise<void>;
  };
}

test("Google's own client opens what we wrap, and is refused what we would be", { timeout: 300_000 }, async (t) => {
  // As declared above; the package has its own types, which nobody here has installed.
  const sdk = (await vendorPackage(t, '@google-cloud/kms@6.3.0'))('@google-cloud/kms') as CloudKms;
  const kms = await startGcpKms(t);
  const name = kms.createKey('factotum');
  const routed = fetchTo(t, { 'cloudkms.googleapis.com': kms, 'oauth2.googleapis.com': kms });
  const kek = await createGcpKms({ name, serviceAccount: kms.serviceAccount, fetch: routed, clock: systemClock, timeoutMs: 30_000 });
  const transporterOptions = { fetchImplementation: routed };
  const { client_email: email, private_key: key } = kms.serviceAccount;
  const { access_token } = await new JWT({
    email,
    key,
    scopes: ['https://www.googleapis.com/auth/cloudkms'],
    transporterOptions,
  }).authorize();
  assert.ok(access_token);
  // What it signs in with is also what it calls by.
  const authClient = new OAuth2Client({ credentials: { access_token }, transporterOptions });
  const client = new sdk.KeyManagementServiceClient({ fallback: 'rest', authClient });
  t.after(() => client.close());
  const binding = { tenantId: newId('tenant'), generation: 2 };
  const additionalAuthenticatedData = bind('factotum/kek/v1', binding.tenantId, '2');
  const checked = { additionalAuthenticatedData, additionalAuthenticatedDataCrc32c: { value: crc32c(additionalAuthenticatedData) } };
  const seed = randomBytes(32);

  const row = await kek.wrap(seed, binding);
  const opening = { name, ciphertext: row.wrapped, ciphertextCrc32c: { value: crc32c(row.wrapped) }, ...checked };
  const [opened] = await client.decrypt(opening);
  assert.deepEqual(Buffer.from(opened.plaintext), seed);
  assert.equal(Number(opened.plaintextCrc32c.value), crc32c(seed));

  const [theirs] = await client.encrypt({ name, plaintext: seed, plaintextCrc32c: { value: crc32c(seed) }, ...checked });
  assert.deepEqual([theirs.name, theirs.verifiedPlaintextCrc32c], [`${name}/cryptoKeyVersions/${row.kekVersion}`, true]);
  assert.deepEqual(await kek.unwrap({ ...row, wrapped: Buffer.from(theirs.ciphertext) }, binding), seed);

  await assert.rejects(client.decrypt({ ...opening, ciphertextCrc32c: { value: 1 } }), /checksum/);
  const elsewhere = bind('factotum/kek/v1', newId('tenant'), '2');
  const moved = { additionalAuthenticatedData: elsewhere, additionalAuthenticatedDataCrc32c: { value: crc32c(elsewhere) } };
  await assert.rejects(client.decrypt({ ...opening, ...moved }), /ciphertext is invalid/);
  await assert.rejects(client.decrypt({ ...opening, name: `${name}-gone` }), /not found/);
  kms.setState(name, 'DISABLED');
  await assert.rejects(client.decrypt(opening), /not enabled/);
});
