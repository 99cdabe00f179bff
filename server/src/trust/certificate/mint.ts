// Has to come first: what the next line loads needs it at once.
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** How long before its making a certificate is valid, in milliseconds: clocks of machines differ. */
const backdatedMs = 5 * 60_000;

/** Ten years; an operator rotates long before. */
const rootLifeMs = 3_652 * 24 * 3_600_000;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface MintedRoot {
  /** SHA-256 of the DER, hex. */
  readonly id: string;
  readonly pem: string;
  /** PKCS #8. The caller wipes it. */
  readonly privateKey: Buffer;
  readonly expiresAt: Date;
}

/** A root that may sign leaves alone (no further authorities), and no SPIFFE name of another trust domain. */
export async function mintRoot(domain: string, now: Date): Promise<MintedRoot> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const expiresAt = new Date(now.getTime() + rootLifeMs);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // Two roots live side by side during a rotation, so each has a name of its own.
    name: `O=Factotum, CN=${domain} ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(now.getTime() - backdatedMs),
    notAfter: expiresAt,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      new Extension(nameConstraintsOid, true, onlyUrisOf(domain)),
    ],
  });
  const privateKey = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const id = createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex');
  return { id, pem: certificate.toString('pem'), privateKey, expiresAt };
}

/** What signs leaves. The key cannot be taken out of it again. */
export interface Signer {
  readonly root: X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

export async function openSigner(pem: string, privateKey: Uint8Array): Promise<Signer> {
  const key = await webcrypto.subtle.importKey('pkcs8', Buffer.from(privateKey), algorithm, false, ['sign']);
  return { root: new X509Certificate(pem), key };
}

export interface LeafWish {
  /** A SPIFFE name. */
  readonly uri: string;
  readonly dnsNames: readonly string[];
  readonly usage: 'client' | 'server';
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}
export interface MintedLeaf {
  /** 32 hex digits, lower case, without leading zeros. */
  readonly serial: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** A certificate with a new key pair, P-256. 1-2 ms on a quiet core. */
export async function mintLeaf({ root, key }: Signer, { uri, dnsNames, usage, issuedAt, expiresAt }: LeafWish): Promise<MintedLeaf> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const serial = newSerial();
  const names: JsonGeneralName[] = [{ type: 'url', value: uri }, ...dnsNames.map((value) => ({ type: 'dns' as const, value }))];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: 'O=Factotum',
    issuer: root.subject,
    notBefore: new Date(issuedAt.getTime() - backdatedMs),
    notAfter: expiresAt,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: key,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  der.fill(0);
  return { serial, certPem: `${certificate.toString('pem')}\n`, keyPem };
}

/** 126 random bits; the first digit is 4-7, so that it is positive and always as long (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40);
  return bytes.toString('hex');
}

const nameConstraintsOid = '2.5.29.30';

/** `SEQUENCE { [0] { SEQUENCE { [6] host } } }` of RFC 5280, 4.2.1.10: of all URIs those with this host alone. */
function onlyUrisOf(host: string): Buffer {
  const wrap = (tag: number, content: Buffer) => {
    if (content.length > 127) throw new RangeError('the short form of a length ends at 127');
    return Buffer.concat([Buffer.of(tag, content.length), content]);
  };
  return wrap(0x30, wrap(0xa0, wrap(0x30, wrap(0x86, Buffer.from(host, 'ascii')))));
}
