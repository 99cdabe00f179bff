import { createDecipheriv, createECDH, createPublicKey, type ECDH, hkdfSync, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

/** A browser as far as pushes go: its keys, and what it would send us. */
export interface TestBrowser {
  readonly ecdh: ECDH;
  readonly auth: Buffer;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

export function testBrowser(): TestBrowser {
  const ecdh = createECDH('prime256v1');
  const p256dh = ecdh.generateKeys().toString('base64url');
  const auth = randomBytes(16);
  return { ecdh, auth, keys: { p256dh, auth: auth.toString('base64url') } };
}

/** What a browser does with what is pushed to it (RFC 8291, one record of RFC 8188). @throws when it is not for this browser. */
export function openPush({ ecdh, auth }: TestBrowser, body: Buffer): Buffer {
  const salt = body.subarray(0, 16);
  const theirs = body.subarray(21, 21 + body.readUInt8(20));
  const sealed = body.subarray(21 + theirs.byteLength);
  const derive = (key: Buffer, from: Buffer, info: Buffer, bytes: number) => Buffer.from(hkdfSync('sha256', key, from, info, bytes));
  const about = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), theirs]);
  const key = derive(ecdh.computeSecret(theirs), auth, about, 32);
  const cipherKey = derive(key, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(key, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const decipher = createDecipheriv('aes-128-gcm', cipherKey, nonce).setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  const end = padded.lastIndexOf(2);
  return padded.subarray(0, end);
}

export interface Pushed {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the sender is who the key says, for this service, and says so in time. */
  readonly isGenuine: boolean;
}

/** A push service (RFC 8030) on this machine. `answers`: by path, the status instead of 201. */
export async function testPushService() {
  const got: Pushed[] = [];
  const answers = new Map<string, number>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const path = request.url ?? '';
      const headers = request.headers as Record<string, string>; // None of these comes twice.
      got.push({ path, headers, body: Buffer.concat(pieces), isGenuine: isGenuine(headers.authorization ?? '', origin) });
      response.writeHead(answers.get(path) ?? 201).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  after(() => server.close().closeAllConnections());
  return { got, answers, origin, host: `127.0.0.1:${port}` };
}

function isGenuine(authorization: string, origin: string): boolean {
  const [, token = '', key = ''] = /^vapid t=(\S+), k=(\S+)$/.exec(authorization) ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  if (point.byteLength !== 65) return false;
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string; exp: number; sub: string };
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const aheadS = said.exp - Date.now() / 1_000;
  return isSigned && said.aud === origin && aheadS > 0 && aheadS <= 86_400 * 30 && /^(?:mailto|https):/.test(said.sub);
}
