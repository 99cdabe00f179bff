import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';

/** A key with its certificate, as a SAML provider has them. */
export interface SigningKey {
  readonly privateKey: string;
  readonly certificate: string;
}

export function makeSigningKey(bits = 2_048): SigningKey {
  const folder = mkdtempSync(join(tmpdir(), 'factotum-saml-'));
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', '/CN=idp.example', '-days', '30'];
    execFileSync('openssl', ['req', '-x509', '-newkey', `rsa:${bits}`, '-nodes', '-keyout', key, '-out', certificate, ...subject], {
      stdio: 'ignore',
    });
    return { privateKey: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a provider says about itself. */
export function idpMetadata({ entityId, ssoUrl, keys }: { entityId: string; ssoUrl: string; keys: readonly SigningKey[] }): string {
  const descriptors = keys.map(
    ({ certificate }) =>
      `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${certificate.replace(/-----[^-]+-----|\s/g, '')}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  );
  return `<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${descriptors.join('')}
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${ssoUrl}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`;
}

/** What a request that came by redirect asks for. */
export function readRequest(location: string): { id: string; relayState: string; force: boolean; xml: string } {
  const url = new URL(location);
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString('utf8');
  return {
    id: /\bID="([^"]+)"/.exec(xml)?.[1] ?? '',
    relayState: url.searchParams.get('RelayState') ?? '',
    force: /\bForceAuthn="(true|1)"/.test(xml),
    xml,
  };
}

/** Everything in an answer that a test may want otherwise. */
export interface Saying {
  readonly requestId: string;
  readonly acsUrl: string;
  readonly audience: string;
  readonly issuer: string;
  readonly nameId: string;
  readonly nameIdFormat?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds from now. */
  readonly notBefore?: number;
  readonly notOnOrAfter?: number;
  readonly confirmedUntil?: number;
  readonly authenticatedAt?: number;
  readonly recipient?: string;
  readonly confirmedRequestId?: string | null;
  readonly method?: string;
  /** Instead of the condition about the audience. */
  readonly conditions?: string;
  readonly assertionId?: string;
}

const instant = (fromNowMs: number) => new Date(Date.now() + fromNowMs).toISOString();
const minute = 60_000;

/** An assertion without a signature. */
export function assertionXml(say: Saying): string {
  const { requestId, acsUrl, audience, issuer, nameId, nameIdFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' } = say;
  const inResponseTo = say.confirmedRequestId === null ? '' : ` InResponseTo="${say.confirmedRequestId ?? requestId}"`;
  const attributes = Object.entries(say.attributes ?? {}).map(
    ([name, values]) =>
      `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
  );
  const conditions = say.conditions ?? `<saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction>`;
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${say.assertionId ?? `_${randomBytes(16).toString('hex')}`}" Version="2.0" IssueInstant="${instant(0)}">` +
    `<saml:Issuer>${issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="${nameIdFormat}">${nameId}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="${say.method ?? 'urn:oasis:names:tc:SAML:2.0:cm:bearer'}">` +
    `<saml:SubjectConfirmationData NotOnOrAfter="${instant(say.confirmedUntil ?? 5 * minute)}" Recipient="${say.recipient ?? acsUrl}"${inResponseTo}/>` +
    '</saml:SubjectConfirmation></saml:Subject>' +
    `<saml:Conditions NotBefore="${instant(say.notBefore ?? -minute)}" NotOnOrAfter="${instant(say.notOnOrAfter ?? 5 * minute)}">${conditions}</saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${instant(say.authenticatedAt ?? 0)}" SessionIndex="_s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    (attributes.length === 0 ? '' : `<saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement>`) +
    '</saml:Assertion>'
  );
}

/** An answer around assertions, signed or not. */
export function responseXml(
  { requestId, acsUrl, issuer }: Pick<Saying, 'requestId' | 'acsUrl' | 'issuer'>,
  inner: string,
  extra = '',
): string {
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r${randomBytes(16).toString('hex')}" Version="2.0" IssueInstant="${instant(0)}" Destination="${acsUrl}" InResponseTo="${requestId}">` +
    `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${issuer}</saml:Issuer>${extra}` +
    `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${inner}</samlp:Response>`
  );
}

export interface SigningOptions {
  readonly algorithm?: string;
  readonly digest?: string;
  readonly element?: 'Assertion' | 'Response';
}

/** Signs one element of a document with an enveloped signature, as providers do. */
export function signed(
  xml: string,
  { privateKey, certificate }: SigningKey,
  {
    algorithm = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digest = 'http://www.w3.org/2001/04/xmlenc#sha256',
    element = 'Assertion',
  }: SigningOptions = {},
): string {
  const signer = new SignedXml({
    privateKey,
    publicCert: certificate,
    signatureAlgorithm: algorithm,
    canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  });
  const xpath = `//*[local-name(.)='${element}']`;
  signer.addReference({
    xpath,
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'],
    digestAlgorithm: digest,
  });
  signer.computeSignature(xml, { location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' }, prefix: 'ds' });
  return signer.getSignedXml();
}

export const encode = (xml: string): string => Buffer.from(xml, 'utf8').toString('base64');
