import { createSign, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** What requests to a SAML provider are signed with, and what it checks them by. PEM. */
export interface RequestKey {
  readonly privateKey: string;
  readonly certificate: string;
}

/** How long the certificate says it is valid, in years. Providers pin it and seldom look; changing it means telling them. */
const validYears = 10;

/** Makes an RSA key with a certificate that it has signed itself: SAML wants its keys in certificates, whoever vouches for them. */
export async function makeRequestKey(commonName: string, now: Date): Promise<RequestKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + validYears);
  const name = sequence(set(sequence(commonNameOid, der(0x0c, Buffer.from(commonName, 'utf8')))));
  // TBSCertificate of RFC 5280, version 3 without extensions. A serial number is positive.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const unsigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    sha256WithRsa,
    name,
    sequence(time(now), time(until)),
    name,
    publicKey,
  );
  const signature = createSign('sha256').update(unsigned).sign(privateKey);
  const certificate = sequence(unsigned, sha256WithRsa, der(0x03, Buffer.of(0), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return { privateKey, certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n` };
}

/** A tag, the length and the parts, as DER (X.690) writes them. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => der(0x31, ...parts);
/** YYYYMMDDHHMMSSZ; RFC 5280 wants the shorter form until 2049. */
const time = (at: Date) => {
  const digits = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
};
/** 2.5.4.3 */
const commonNameOid = Buffer.from('0603550403', 'hex');
/** 1.2.840.113549.1.1.11, with its NULL. */
const sha256WithRsa = Buffer.from('300d06092a864886f70d01010b0500', 'hex');
