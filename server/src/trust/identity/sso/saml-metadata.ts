import { X509Certificate } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';
import type { z } from 'zod';
import { FactotumError } from '#kernel';
import type { samlSchema } from './schema.ts';

const redirectBinding = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol';

/** The parsed element; attributes are named with an @. */
type Element = Readonly<Record<string, unknown>>;

const invalid = (what: string) => new FactotumError('request.invalid', `The provider's metadata cannot be used: ${what}`);

/**
 * Takes from a SAML identity provider's metadata what is needed of it. Where it describes several parties, exactly one must be a provider.
 *
 * @throws FactotumError `request.invalid` saying what is wrong.
 */
export function readIdpMetadata(xml: string, now: Date): z.output<typeof samlSchema> {
  if (/<!(DOCTYPE|ENTITY)/i.test(xml)) throw invalid('it has a document type declaration, which metadata never needs.');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    removeNSPrefix: true,
    parseTagValue: false,
    parseAttributeValue: false,
    htmlEntities: false,
  });
  let document: Element;
  try {
    document = elementOf(parser.parse(xml, true));
  } catch (cause) {
    throw new FactotumError('request.invalid', "The provider's metadata is not well-formed XML.", { cause });
  }
  const entities = [
    ...children(document, 'EntityDescriptor'),
    ...children(document, 'EntitiesDescriptor').flatMap((list) => children(list, 'EntityDescriptor')),
  ];
  const providers = entities.filter((entity) =>
    children(entity, 'IDPSSODescriptor').some((one) => text(one, '@protocolSupportEnumeration').split(/\s+/).includes(protocol)),
  );
  const [entity, ...others] = providers;
  if (entity === undefined) throw invalid('it describes no SAML 2.0 identity provider.');
  if (others.length > 0) throw invalid('it describes several identity providers. Send the part of one.');
  const validUntil = text(entity, '@validUntil');
  if (validUntil !== '' && new Date(validUntil) <= now) throw invalid(`it was valid until ${validUntil}. Fetch it anew.`);
  const idpEntityId = text(entity, '@entityID');
  if (idpEntityId === '' || idpEntityId.length > 1_024) throw invalid('it has no entityID.');
  const roles = children(entity, 'IDPSSODescriptor');
  const ssoUrl = roles
    .flatMap((role) => children(role, 'SingleSignOnService'))
    .filter((service) => text(service, '@Binding') === redirectBinding)
    .map((service) => text(service, '@Location'))
    .find((location) => URL.canParse(location));
  if (ssoUrl === undefined) throw invalid('it has no single sign-on address with the HTTP-Redirect binding.');
  const certificates = roles
    .flatMap((role) => children(role, 'KeyDescriptor'))
    .filter((key) => text(key, '@use') !== 'encryption')
    .flatMap((key) => children(key, 'KeyInfo'))
    .flatMap((info) => children(info, 'X509Data'))
    .flatMap((data) => texts(data, 'X509Certificate'))
    .map(readCertificate);
  const distinct = [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
  if (distinct.length === 0) throw invalid('it has no certificate for signatures.');
  if (distinct.length > 10) throw invalid('it has more than ten certificates for signatures.');
  return { idpEntityId, ssoUrl, certificates: distinct.map(String) };
}

function readCertificate(base64: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from(base64.replace(/\s+/g, ''), 'base64'));
  } catch (cause) {
    throw new FactotumError('request.invalid', "The provider's metadata holds something that is no X.509 certificate.", { cause });
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < 2_048)
    throw invalid('its signatures must be made with an RSA key of at least 2048 bits.');
  return certificate;
}

const elementOf = (value: unknown): Element => (typeof value === 'object' && value !== null ? { ...value } : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const children = (element: Element, name: string): readonly Element[] => listOf(element[name]).map(elementOf);
const text = (element: Element, name: string): string => (typeof element[name] === 'string' ? element[name].trim() : '');
/** The text of elements, with or without attributes of their own. */
const texts = (element: Element, name: string): readonly string[] =>
  listOf(element[name]).map((one) => (typeof one === 'string' ? one : text(elementOf(one), '#text')));
