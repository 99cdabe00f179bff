import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { S3Sdk } from './s3-sdk.ts';

/** Bytes of a part: 10,000 of them are allowed, so an object may have 80 GB. Two are in memory at once. */
const partBytes = 8 * 1024 * 1024;

interface Target {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  readonly object: { readonly Bucket: string; readonly Key: string };
  /** Makes an error of the SDK one of ours; errors of the body stay what they are. */
  ours<T>(work: Promise<T>): Promise<T>;
}

/**
 * Uploads a body of unknown length: in one request if it is short, else in parts, of which one is on its way while the next is gathered.
 * What has begun and fails is taken back, so that no part lies there, unseen and paid for.
 */
export async function uploadWhole(target: Target, body: Readable): Promise<{ bytes: number }> {
  const { sdk, client, object, ours } = target;
  const parts = partsOf(body);
  try {
    const first = await parts.next();
    const second = first.done === true ? first : await parts.next();
    if (first.done === true || second.done === true) {
      const bytes = first.done === true ? Buffer.alloc(0) : first.value;
      await ours(client.send(new sdk.PutObjectCommand({ ...object, Body: bytes })));
      return { bytes: bytes.length };
    }
    return await uploadParts(target, first.value, second.value, parts);
  } finally {
    body.destroy();
  }
}

async function uploadParts(
  { sdk, client, object, ours }: Target,
  first: Buffer,
  second: Buffer,
  rest: AsyncIterator<Buffer>,
): Promise<{ bytes: number }> {
  const { UploadId } = await ours(client.send(new sdk.CreateMultipartUploadCommand(object)));
  const done: { PartNumber: number; ETag: string | undefined }[] = [];
  let bytes = 0;
  let onItsWay: Promise<void> = Promise.resolve();
  const send = async (part: Buffer, PartNumber: number) => {
    const { $metadata, ...sent } = await ours(client.send(new sdk.UploadPartCommand({ ...object, UploadId, PartNumber, Body: part })));
    const { ChecksumCRC32, ETag } = sent;
    done.push({ PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) });
    bytes += part.length;
  };
  try {
    let number = 1;
    for (const part of [first, second]) {
      await onItsWay;
      onItsWay = send(part, number++);
      onItsWay.catch(() => undefined); // looked at below, but perhaps not before it fails
    }
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      await onItsWay;
      onItsWay = send(next.value, number++);
      onItsWay.catch(() => undefined); // as above
    }
    await onItsWay;
    const upload = { ...object, UploadId, MultipartUpload: { Parts: done } };
    await ours(client.send(new sdk.CompleteMultipartUploadCommand(upload)));
    return { bytes };
  } catch (cause) {
    // A part that arrives after the abort would stay: so first let it arrive.
    await onItsWay.catch(() => undefined);
    // If even this fails, the bucket's rule about unfinished uploads is left; what is told is why it failed in the first place.
    await client.send(new sdk.AbortMultipartUploadCommand({ ...object, UploadId })).catch(() => undefined);
    throw cause;
  }
}

async function* partsOf(body: Readable): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    gathered.push(chunk);
    bytes += chunk.length;
    if (bytes < partBytes) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(gathered);
}
