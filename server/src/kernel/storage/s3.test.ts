import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, describe, test } from 'node:test';
import { type ErrorCode, isFactotumError, systemClock } from '#kernel';
import { openStorage } from '#kernel/storage';
import { startStandInS3 } from '../../../test/stand-in/s3.ts';
import { storageConformance } from '../../../test/storage-conformance.ts';
import { parseS3Address } from './s3-address.ts';
import { s3SdkVersion } from './s3-sdk.ts';

const s3 = await startStandInS3(['objects'], new Map([['OURS', { secretAccessKey: 'a secret of ours' }]]));
after(s3.stop);
afterEach(() => {
  s3.mood = {};
  Object.assign(process.env, credentials);
});
const credentials = { AWS_ACCESS_KEY_ID: 'OURS', AWS_SECRET_ACCESS_KEY: 'a secret of ours' };
Object.assign(process.env, credentials);

let opened = 0;
const open = (bucket = 'objects') => {
  opened += 1;
  return openStorage(`s3://${bucket}/p-${opened}?endpoint=${s3.endpoint}&region=${s3.region}`, { clock: systemClock });
};
const is = (code: ErrorCode, message: RegExp) => (error: unknown) => isFactotumError(error, code) && message.test(error.message);
const large = () => Readable.from(Array.from({ length: 20 }, () => randomBytes(1_000_000)));

storageConformance('S3, signed and checked', () => open());

describe('a storage in S3', () => {
  test('an upload in parts that fails is taken back, whoever fails', async () => {
    const storage = await open();
    s3.mood = { fault: { status: 403, code: 'AccessDenied', when: ({ url }) => url.searchParams.get('partNumber') === '2' } };
    await assert.rejects(storage.put('large', large()), is('storage.unavailable', /AccessDenied/));
    s3.mood = {
      fault: { status: 400, code: 'InvalidPart', when: ({ method, url }) => method === 'POST' && url.searchParams.has('uploadId') },
    };
    await assert.rejects(storage.put('large', large()), is('storage.unavailable', /InvalidPart/));
    s3.mood = {};
    async function* breaking() {
      yield randomBytes(20_000_000);
      throw new Error('the sender went away');
    }
    await assert.rejects(storage.put('large', Readable.from(breaking())), /the sender went away/);
    assert.equal(s3.uploads(), 0);
    assert.equal(await storage.stat('large'), null);
  });

  test('a full one says so, in whatever words its maker has', async () => {
    const storage = await open();
    for (const [status, code] of [
      [507, 'InsufficientStorage'],
      [403, 'QuotaExceeded'],
      [507, 'XMinioStorageFull'],
    ] as const) {
      s3.mood = { fault: { status, code, when: ({ method }) => method === 'PUT' } };
      await assert.rejects(storage.put('x', Readable.from([Buffer.of(1)])), is('storage.full', /no room/), code);
    }
  });

  test('what is refused is told by what to do about it', async () => {
    await assert.rejects((await open('no-such-bucket')).health(), is('storage.unavailable', /has no such bucket/));
    process.env.AWS_SECRET_ACCESS_KEY = 'another secret';
    await assert.rejects((await open()).health(), is('storage.unavailable', /SignatureDoesNotMatch.*s3:PutObject|does not let us in/));
    process.env.AWS_ACCESS_KEY_ID = 'SOMEBODY';
    await assert.rejects((await open()).health(), is('storage.unavailable', /InvalidAccessKeyId/));
  });

  test('a fault that passes is tried again, and one that stays is storage.unavailable', async () => {
    const storage = await open();
    let faults = 2;
    s3.mood = { fault: { status: 503, code: 'SlowDown', when: () => faults-- > 0 } };
    await storage.put('again', Readable.from([Buffer.from('there')]));
    s3.mood = { fault: { status: 500, code: 'InternalError' } };
    await assert.rejects(storage.stat('again'), (error) => isFactotumError(error, 'storage.unavailable') && error.retry);
  });

  test('an answer that breaks off in the middle is an error and not a short object', async () => {
    const storage = await open();
    await storage.put('whole', Readable.from([randomBytes(1_000_000)]));
    s3.mood = { cut: true };
    await assert.rejects(storage.get('whole').then(buffer), is('storage.unavailable', /./));
  });

  test('an address has no credentials and no unknown words, and names what it means', () => {
    assert.deepEqual(parseS3Address('s3://bucket/a/b?endpoint=https://s3.example:9000'), {
      bucket: 'bucket',
      prefix: 'a/b/',
      endpoint: 'https://s3.example:9000',
      region: undefined,
      pathStyle: true,
      checksums: true,
    });
    assert.equal(parseS3Address('s3://bucket?region=eu-west-1').pathStyle, false);
    for (const wrong of [
      's3://',
      's3://B',
      's3://key:secret@bucket',
      's3://bucket?key=x',
      's3://bucket?endpoint=ftp://x',
      's3://bucket/../x y',
      'http://bucket',
    ])
      assert.throws(() => parseS3Address(wrong), is('config.invalid', /address/), wrong);
  });

  test('the version that is said to install is the one that is tested', async () => {
    const manifest = JSON.parse(await readFile(join(import.meta.dirname, '../../../package.json'), 'utf8'));
    assert.equal(manifest.peerDependencies['@aws-sdk/client-s3'], s3SdkVersion);
    assert.equal(manifest.devDependencies['@aws-sdk/client-s3'], s3SdkVersion);
  });
});
