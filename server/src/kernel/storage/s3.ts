import { PassThrough, Readable } from 'node:stream';
import type { _Object } from '@aws-sdk/client-s3';
import type { Clock } from '#kernel';
import { parseS3Address } from './s3-address.ts';
import { isBehindEnd, isMissing, s3Fault } from './s3-fault.ts';
import { loadS3Sdk } from './s3-sdk.ts';
import { uploadWhole } from './s3-upload.ts';
import { type ByteRange, checkName, checkPrefix, checkRange, notFound, type ObjectStorage, unavailable } from './storage.ts';

const connectTimeoutMs = 5_000;
/** How long nothing at all may come or go, in milliseconds: a server that thinks about a part of 8 MiB is slow, not gone. */
const silenceMs = 60_000;
/** Connections at once; more would only wait for one another. */
const socketsMax = 64;
const attemptsMax = 4;

/**
 * Objects in an S3 bucket, at AWS or any server that speaks its protocol. Credentials come from where the SDK looks for them:
 * environment, profile, or the role of the machine.
 *
 * @throws FactotumError `config.invalid`, `storage.unavailable` when the SDK is not installed.
 */
export async function openS3Storage(text: string, { clock }: { clock: Clock }): Promise<ObjectStorage> {
  const at = parseS3Address(text);
  const sdk = await loadS3Sdk();
  // Servers of one's own have one region, and most of them call it like the first of AWS.
  const region = at.region ?? (at.endpoint === undefined ? undefined : 'us-east-1');
  const client = new sdk.S3Client({
    ...(at.endpoint === undefined ? {} : { endpoint: at.endpoint }),
    ...(region === undefined ? {} : { region }),
    forcePathStyle: at.pathStyle,
    requestChecksumCalculation: at.checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    responseChecksumValidation: at.checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: silenceMs,
      throwOnRequestTimeout: true,
      socketTimeout: silenceMs,
      httpAgent: { keepAlive: true, maxSockets: socketsMax },
      httpsAgent: { keepAlive: true, maxSockets: socketsMax },
    },
  });
  const address = `s3://${at.bucket}/${at.prefix}`;
  const objectAt = (name: string) => ({ Bucket: at.bucket, Key: `${at.prefix}${name}` });
  const ours = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw s3Fault(address, cause);
    });

  async function put(name: string, body: Readable): Promise<{ bytes: number }> {
    checkName(name);
    return uploadWhole({ sdk, client, object: objectAt(name), ours }, body);
  }

  async function stat(name: string) {
    checkName(name);
    try {
      const found = await client.send(new sdk.HeadObjectCommand(objectAt(name)));
      return { bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0) };
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw s3Fault(address, cause);
    }
  }

  async function get(name: string, range: ByteRange = {}): Promise<Readable> {
    checkName(name);
    checkRange(range);
    const { start = 0, end } = range;
    const empty = () => Readable.from([], { objectMode: false });
    // HTTP has no way to ask for nothing.
    if (start === end) {
      if ((await stat(name)) === null) throw notFound(name);
      return empty();
    }
    const whole = start === 0 && end === undefined;
    try {
      const Range = whole ? undefined : `bytes=${start}-${end === undefined ? '' : end - 1}`;
      const { Body } = await client.send(new sdk.GetObjectCommand({ ...objectAt(name), Range }));
      // Under Node, the body is the response's own stream.
      return Body instanceof Readable ? withFaults(Body, address) : empty();
    } catch (cause) {
      if (isBehindEnd(cause)) return empty();
      throw isMissing(cause) ? notFound(name, cause) : s3Fault(address, cause);
    }
  }

  async function remove(name: string): Promise<void> {
    checkName(name);
    await client.send(new sdk.DeleteObjectCommand(objectAt(name))).catch((cause: unknown) => {
      if (!isMissing(cause)) throw s3Fault(address, cause);
    });
  }

  async function* list(prefix: string) {
    checkPrefix(prefix);
    const asked = { Bucket: at.bucket, Prefix: `${at.prefix}${prefix}` };
    for (let token: string | undefined; ; ) {
      const page = await ours(client.send(new sdk.ListObjectsV2Command({ ...asked, ContinuationToken: token })));
      for (const object of page.Contents ?? []) yield listed(object, at.prefix);
      token = page.NextContinuationToken;
      if (page.IsTruncated !== true || token === undefined) return;
    }
  }

  return {
    address,
    put,
    get,
    stat,
    remove,
    list,
    async health() {
      const startedMs = clock.monotonicMs();
      await put(probe, Readable.from([Buffer.from('factotum')]));
      await remove(probe);
      return { latencyMs: clock.monotonicMs() - startedMs };
    },
    close: async () => client.destroy(),
  };
}

/** Written and removed to see whether the storage is well. Two at once do each other no harm. */
const probe = 'health-probe';

const listed = ({ Key = '', Size = 0, LastModified = new Date(0) }: _Object, prefix: string) => ({
  name: Key.slice(prefix.length),
  bytes: Size,
  modifiedAt: LastModified,
});

/** The same bytes; when the connection breaks in the middle, our error for it. Whoever stops reading lets go of the connection. */
function withFaults(body: Readable, address: string): Readable {
  const out = new PassThrough({ highWaterMark: 256 * 1024 });
  body.once('error', (cause) => out.destroy(s3Fault(address, cause)));
  body.once('aborted', () => out.destroy(unavailable(`The storage ${address} broke off in the middle. Try again.`)));
  out.once('close', () => body.destroy());
  return body.pipe(out);
}
