import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FarRequest } from './far-side.ts';

/** What a signature is checked against. */
export interface SigningKey {
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SigV4Rules {
  readonly region: string;
  readonly service: string;
  /** Access key id -> its secret. */
  readonly keys: ReadonlyMap<string, SigningKey>;
  readonly now: () => Date;
  /** Headers that must be signed besides `host` and those of `x-amz-`. */
  readonly mustSign?: readonly string[];
}

export type SigV4Verdict =
  | { readonly ok: true; readonly accessKeyId: string }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** AWS takes a request within this long of its own clock. */
const skewMs = 5 * 60_000;
const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=(?<id>[^/]+)\/(?<day>\d{8})\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request, *SignedHeaders=(?<signed>[a-z0-9;-]+), *Signature=(?<signature>[0-9a-f]{64})$/;

/**
 * Checks a request as AWS does, computed anew from the description of Signature Version 4, not by any code of AWS's.
 */
export function verifySigV4(request: FarRequest, rules: SigV4Rules): SigV4Verdict {
  const fault = (code: string, message: string): SigV4Verdict => ({ ok: false, code, message });
  const { authorization } = request.headers;
  if (authorization === undefined) return fault('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
  const { id = '', day = '', region, service, signed = '', signature = '' } = authorizationForm.exec(authorization)?.groups ?? {};
  if (signature === '') return fault('IncompleteSignatureException', 'The Authorization header is not of its form');
  if (region !== rules.region || service !== rules.service)
    return fault('InvalidSignatureException', `Credential should be scoped to ${rules.region}/${rules.service}`);
  const time = header(request, 'x-amz-date');
  if (!/^\d{8}T\d{6}Z$/.test(time) || !time.startsWith(day))
    return fault('IncompleteSignatureException', 'x-amz-date does not fit the credential');
  const key = rules.keys.get(id);
  if (key === undefined) return fault('UnrecognizedClientException', 'The security token included in the request is invalid.');
  if ((key.sessionToken ?? '') !== header(request, 'x-amz-security-token'))
    return fault('UnrecognizedClientException', 'The security token included in the request is invalid.');
  const names = signed.split(';');
  const needed = ['host', ...(rules.mustSign ?? []), ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  const unsigned = needed.find((name) => !names.includes(name));
  if (unsigned !== undefined) return fault('InvalidSignatureException', `${unsigned} must be a signed header`);
  const expected = signatureOf(request, {
    names,
    time,
    region: rules.region,
    service: rules.service,
    secretAccessKey: key.secretAccessKey,
  });
  if (!timingSafeEqual(Buffer.from(signature, 'hex'), expected))
    return fault('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided.');
  const away = Math.abs(timeOf(time) - rules.now().getTime());
  if (away > skewMs)
    return fault('InvalidSignatureException', `Signature expired: ${time} is ${away / 1000} s away from the service's time`);
  return { ok: true, accessKeyId: id };
}

/** The signature of a request, from the four steps of the description: canonical request, text to sign, key of the day, HMAC. */
export function signatureOf(
  request: FarRequest,
  by: {
    readonly names: readonly string[];
    readonly time: string;
    readonly region: string;
    readonly service: string;
    readonly secretAccessKey: string;
  },
): Buffer {
  const day = by.time.slice(0, 8);
  const canonical = [
    request.method,
    // Encoded once more than it came: so do all services but S3.
    request.url.pathname.split('/').map(encode).join('/'),
    [...request.url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...by.names.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}`),
    '',
    by.names.join(';'),
    sha256(request.body),
  ].join('\n');
  const scope = `${day}/${by.region}/${by.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', by.time, scope, sha256(Buffer.from(canonical))].join('\n');
  const key = [day, by.region, by.service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${by.secretAccessKey}`));
  return hmac(key, toSign);
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const header = (request: FarRequest, name: string) => [request.headers[name] ?? ''].flat().join(',');
/** RFC 3986: everything but letters, digits and -._~ is written as %XX. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const timeOf = (time: string) => Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
