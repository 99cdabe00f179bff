import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { isFactotumError, systemClock } from '#kernel';
import { openStorage } from '#kernel/storage';
import { storageConformance } from '../storage-conformance.ts';
import { startS3Rver } from './s3rver.ts';

const server = await startS3Rver(['objects']);
after(server.stop);

process.env.AWS_ACCESS_KEY_ID = 'S3RVER';
process.env.AWS_SECRET_ACCESS_KEY = 'S3RVER';

const address = (bucket: string, prefix: string) => `s3://${bucket}/${prefix}?endpoint=${server.endpoint}`;
let opened = 0;
const open = (bucket = 'objects') => {
  opened += 1;
  return openStorage(address(bucket, `test-${opened}`), { clock: systemClock });
};

storageConformance('s3rver', () => open());

describe('a storage at an S3 server of somebody else', () => {
  test('two prefixes of one bucket never see each other', async () => {
    const [one, other] = [await open(), await open()];
    await one.put('same', Readable.from([Buffer.from('one')]));
    assert.equal(await other.stat('same'), null);
    assert.deepEqual(await Array.fromAsync(other.list('')), []);
  });

  test('100 MB in parts come back as they were', async () => {
    const storage = await open();
    const piece = randomBytes(1_000_000);
    await storage.put('hundred', Readable.from(Array.from({ length: 100 }, () => piece)));
    assert.equal((await storage.stat('hundred'))?.bytes, 100_000_000);
    assert.ok((await buffer(await storage.get('hundred', { start: 56_000_000, end: 57_000_000 }))).equals(piece));
  });

  test('a bucket that is not there and a key that is not theirs are told apart', async () => {
    const missing = await open('no-such-bucket');
    const refused = (message: RegExp) => (error: unknown) => isFactotumError(error, 'storage.unavailable') && message.test(error.message);
    await assert.rejects(Array.fromAsync(missing.list('')), refused(/has no such bucket/));
    process.env.AWS_ACCESS_KEY_ID = 'SOMEBODY';
    const stranger = await open();
    await assert.rejects(stranger.health(), refused(/does not let us in \(InvalidAccessKeyId\)/));
    process.env.AWS_ACCESS_KEY_ID = 'S3RVER';
  });
});
