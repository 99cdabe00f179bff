import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { newId, systemClock } from '#kernel';
import { createAwsKms } from '../../src/trust/key/provider/aws-kms.ts';
import { type AwsKms, startAwsKms } from '../stand-in/aws-kms.ts';

const bytesSchema = z.base64().transform((encoded) => Buffer.from(encoded, 'base64'));
const encryptedSchema = z.object({ CiphertextBlob: bytesSchema, KeyId: z.string() });
const decryptedSchema = z.object({ Plaintext: bytesSchema, KeyId: z.string() });

test("AWS's own command line opens what we wrap, wraps what we open, and is refused what we would be", { timeout: 300_000 }, async (t) => {
  const kms = await startAwsKms(t);
  const arn = kms.createKey();
  const aws = await commandLine(t, kms);
  const kek = await createAwsKms({ arn, endpoint: kms.origin, accessKey: kms.accessKey, fetch, clock: systemClock, timeoutMs: 30_000 });
  const binding = { tenantId: newId('tenant'), generation: 3 };
  const context = `factotum:tenant=${binding.tenantId},factotum:generation=3`;
  const seed = randomBytes(32);

  const ours = await kek.wrap(seed, binding);
  const open = ['kms', 'decrypt', '--ciphertext-blob', await aws.file(ours.wrapped), '--key-id', arn];
  const opened = decryptedSchema.parse(JSON.parse(await aws.run([...open, '--encryption-context', context])));
  assert.deepEqual([opened.Plaintext, opened.KeyId], [seed, arn]);

  const wrap = ['kms', 'encrypt', '--key-id', arn, '--plaintext', await aws.file(seed), '--encryption-context', context];
  const theirs = encryptedSchema.parse(JSON.parse(await aws.run(wrap)));
  assert.deepEqual(await kek.unwrap({ ...ours, wrapped: theirs.CiphertextBlob }, binding), seed);

  kms.rotate(arn);
  const moved = ['kms', 're-encrypt', '--ciphertext-blob', await aws.file(ours.wrapped), '--destination-key-id', arn];
  const contexts = ['--source-encryption-context', context, '--destination-encryption-context', context];
  const fresh = encryptedSchema.parse(JSON.parse(await aws.run([...moved, ...contexts])));
  assert.deepEqual(await kek.unwrap({ ...ours, wrapped: fresh.CiphertextBlob }, binding), seed);

  await assert.rejects(aws.run([...open, '--encryption-context', `factotum:tenant=${newId('tenant')}`]), /InvalidCiphertextException/);
  await assert.rejects(aws.run(wrap, { AWS_SECRET_ACCESS_KEY: 'not the secret' }), /InvalidSignatureException/);
  await assert.rejects(aws.run(wrap, { AWS_ACCESS_KEY_ID: 'AKIASOMEBODYELSE0000' }), /UnrecognizedClientException/);
  kms.setState(arn, 'Disabled');
  await assert.rejects(aws.run(wrap), /DisabledException/);
  kms.aheadMs = 3_600_000;
  await assert.rejects(aws.run(wrap), /Signature expired/);
});

/** Debian's awscli, which knows nothing but what is said here. */
async function commandLine(t: TestContext, kms: AwsKms) {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-awscli-'));
  t.after(() => rm(folder, { recursive: true }));
  let files = 0;
  const settings = {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    AWS_ACCESS_KEY_ID: kms.accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.accessKey.secretAccessKey,
    AWS_DEFAULT_REGION: kms.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  };
  return {
    /** Where the command line reads these bytes from. */
    async file(bytes: Buffer): Promise<string> {
      files += 1;
      const path = join(folder, `bytes-${files}`);
      await writeFile(path, bytes);
      return `fileb://${path}`;
    },
    async run(words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> {
      const child = spawn('/usr/bin/aws', ['--endpoint-url', kms.origin, '--output', 'json', ...words], { env: { ...settings, ...more } });
      const ended = new Promise<number | null>((done, failed) => child.once('close', done).once('error', failed));
      const [said, complained, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
      if (code !== 0) throw new Error(complained);
      return said;
    },
  };
}
