import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import type { FarRequest } from './far-side.ts';
import { type SigningKey, verifySigV4 } from './sigv4.ts';

/** How the service behaves to the requests that come next: `fault` answers them with an error, `cut` breaks off answers in the middle. */
export interface S3Mood {
  readonly fault?: { readonly status: number; readonly code: string; readonly when?: (request: FarRequest) => boolean } | undefined;
  readonly cut?: boolean | undefined;
}

export interface StandInS3 {
  readonly endpoint: string;
  readonly region: string;
  mood: S3Mood;
  /** Multipart uploads that were begun and neither completed nor aborted. */
  uploads(): number;
  stop(): Promise<void>;
}

interface Upload {
  readonly place: string;
  readonly parts: Map<number, Buffer>;
}

const region = 'eu-central-1';
const partBytesMin = 5 * 1024 * 1024;
const keysMax = 1_000;
const etagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;
const escaped = (text: string) => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);

class S3Fault extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/**
 * What we use of S3, as strict as the real one: signatures and hashes of bodies computed anew, checksums checked, parts that are too
 * small refused, no bucket made by using it.
 */
export async function startStandInS3(buckets: readonly string[], keys: ReadonlyMap<string, SigningKey>): Promise<StandInS3> {
  const objects = new Map<string, { bytes: Buffer; modifiedAt: Date }>();
  const uploads = new Map<string, Upload>();
  const sockets = new Set<Socket>();

  function store(place: string, bytes: Buffer): void {
    objects.set(place, { bytes, modifiedAt: new Date() });
  }

  function answer(request: FarRequest, response: ServerResponse): ServerResponse {
    const { method, url, headers, body } = request;
    authenticate(request);
    const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? [];
    if (!buckets.includes(bucket)) throw new S3Fault(404, 'NoSuchBucket');
    checkSum(request);
    const place = `${bucket}/${key}`;
    const query = url.searchParams;
    if (key === '' && method === 'GET') return xml(response, list(bucket, query));
    if (method === 'POST' && query.has('uploads')) {
      const id = `upload-${uploads.size + 1}-${Math.random()}`;
      uploads.set(id, { place, parts: new Map() });
      return xml(response, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const upload = query.has('uploadId') ? uploads.get(query.get('uploadId') ?? '') : undefined;
    if (query.has('uploadId') && upload === undefined) throw new S3Fault(404, 'NoSuchUpload');
    if (upload !== undefined && method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return response.writeHead(200, { etag: etagOf(body), 'x-amz-checksum-crc32': crcOf(body) }).end();
    }
    if (upload !== undefined && method === 'POST') return xml(response, complete(query.get('uploadId') ?? '', upload, String(body)));
    if (upload !== undefined && method === 'DELETE') {
      uploads.delete(query.get('uploadId') ?? '');
      return response.writeHead(204).end();
    }
    if (method === 'PUT') {
      store(place, body);
      return response.writeHead(200, { etag: etagOf(body) }).end();
    }
    if (method === 'DELETE') {
      objects.delete(place);
      return response.writeHead(204).end();
    }
    const found = objects.get(place);
    if (found === undefined) throw new S3Fault(404, 'NoSuchKey');
    return send(response, method, found, headers.range);
  }

  function authenticate(request: FarRequest): void {
    const verdict = verifySigV4(request, { region, service: 's3', keys, now: () => new Date(), mustSign: ['x-amz-content-sha256'] });
    if (verdict.ok && request.headers['x-amz-content-sha256'] === createHash('sha256').update(request.body).digest('hex')) return;
    const isKnown = verdict.ok || verdict.code !== 'UnrecognizedClientException';
    throw new S3Fault(403, isKnown ? 'SignatureDoesNotMatch' : 'InvalidAccessKeyId');
  }

  function complete(id: string, { place, parts }: Upload, wish: string): string {
    const wanted = [...wish.matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) => Number(number));
    const etags = [...wish.matchAll(/<ETag>([^<]+)<\/ETag>/g)].map(([, etag = '']) => etag.replaceAll('&quot;', '"'));
    const bodies = wanted.map((number, index) => {
      const part = parts.get(number);
      if (part === undefined || etagOf(part) !== etags[index]) throw new S3Fault(400, 'InvalidPart');
      if (index > 0 && number <= (wanted[index - 1] ?? 0)) throw new S3Fault(400, 'InvalidPartOrder');
      if (index < wanted.length - 1 && part.length < partBytesMin) throw new S3Fault(400, 'EntityTooSmall');
      return part;
    });
    if (bodies.length === 0) throw new S3Fault(400, 'MalformedXML');
    store(place, Buffer.concat(bodies));
    uploads.delete(id);
    return '<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>';
  }

  function list(bucket: string, query: URLSearchParams): string {
    if (query.get('list-type') !== '2') throw new S3Fault(400, 'InvalidArgument');
    const start = `${bucket}/${query.get('prefix') ?? ''}`;
    const after = query.get('continuation-token') ?? '';
    const names = [...objects.keys()].filter((name) => name.startsWith(start) && name > after).sort();
    const page = names.slice(0, keysMax);
    const more = names.length > keysMax ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    const contents = page.map((name) => {
      const found = objects.get(name);
      return `<Contents><Key>${escaped(name.slice(bucket.length + 1))}</Key><Size>${found?.bytes.length}</Size><LastModified>${found?.modifiedAt.toISOString()}</LastModified></Contents>`;
    });
    return `<ListBucketResult><IsTruncated>${more !== ''}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`;
  }

  function send(
    response: ServerResponse,
    method: string,
    { bytes, modifiedAt }: { bytes: Buffer; modifiedAt: Date },
    range?: string,
  ): ServerResponse {
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const start = Number(from);
    if (range !== undefined && start >= bytes.length) throw new S3Fault(416, 'InvalidRange');
    const part = range === undefined ? bytes : bytes.subarray(start, to === '' ? undefined : Number(to) + 1);
    const length = { 'content-length': part.length, 'last-modified': modifiedAt.toUTCString() };
    response.writeHead(range === undefined ? 200 : 206, length);
    if (method === 'HEAD') return response.end();
    if (server.mood.cut !== true) return response.end(part);
    response.write(part.subarray(0, part.length / 2), () => response.destroy());
    return response;
  }

  const http = createServer(async (incoming, response) => {
    const request: FarRequest = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '', `http://${incoming.headers.host}`),
      headers: incoming.headers,
      body: await buffer(incoming),
    };
    try {
      const { fault } = server.mood;
      if (fault !== undefined && fault.when?.(request) !== false) throw new S3Fault(fault.status, fault.code);
      answer(request, response);
    } catch (cause) {
      const { status, code } = cause instanceof S3Fault ? cause : new S3Fault(500, 'InternalError');
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
    }
  });
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const server: StandInS3 = {
    endpoint: `http://127.0.0.1:${address.port}`,
    region,
    mood: {},
    uploads: () => uploads.size,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => http.close(closed));
    },
  };
  return server;
}

function xml(response: ServerResponse, body: string): ServerResponse {
  response.writeHead(200, { 'content-type': 'application/xml' });
  return response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
}

function crcOf(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

/** A body that was changed on its way is refused: without a checksum nobody would know. */
function checkSum({ method, headers, body, url }: FarRequest): void {
  const isUpload = method === 'PUT' && (url.searchParams.has('partNumber') || !url.searchParams.has('uploadId'));
  if (isUpload && headers['x-amz-checksum-crc32'] !== crcOf(body)) throw new S3Fault(400, 'BadDigest');
}
