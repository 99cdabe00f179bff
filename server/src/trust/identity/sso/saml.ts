import { generateServiceProviderMetadata, type Profile, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { z } from 'zod';
import type { Clock } from '#kernel';
import { textOf } from './claim.ts';
import { refusedAnswer } from './failure.ts';
import { type Claimed, clockSkewSeconds, type Handshake, type IdentityProvider } from './provider-port.ts';
import type { RequestKey } from './saml-key.ts';
import { claimTextMax, type samlSchema } from './schema.ts';

/** Who we are to a SAML provider. */
export interface ServiceProvider {
  readonly entityId: string;
  readonly acsUrl: string;
  /** What our requests are signed with. */
  readonly key: RequestKey;
}

/** The longest answer that is taken, in bytes before base64: assertions are a few kilobytes, with groups some dozens. */
const responseBytesMax = 256 * 1_024;

/** A request that nobody answers in this time is forgotten, in milliseconds. */
const requestLifeMs = 10 * 60_000;

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

/** Names under which providers send an address or a name, in the order of preference. */
const emailAttributes = [
  'email',
  'mail',
  'emailAddress',
  'urn:oid:0.9.2342.19200300.100.1.3',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
];
const nameAttributes = [
  'displayName',
  'name',
  'cn',
  'urn:oid:2.16.840.1.113730.3.1.241',
  'urn:oid:2.5.4.3',
  'http://schemas.microsoft.com/identity/claims/displayname',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
];

/**
 * SAML 2.0 web single sign-on, begun by us: signed request by redirect, answer by post. The assertion itself must be signed, whatever else is;
 * only what the signature covers is read. An answer nobody asked for is refused, so signing in cannot begin at the provider.
 */
export function samlProvider(
  { idpEntityId, ssoUrl, certificates }: z.output<typeof samlSchema>,
  { entityId, acsUrl, key }: ServiceProvider,
  clock: Clock,
): IdentityProvider {
  const client = ({ requestId, startedAtMs, force }: Handshake) => {
    const asked = new Date(startedAtMs).toISOString();
    return new SAML({
      idpCert: certificates,
      idpIssuer: idpEntityId,
      issuer: entityId,
      audience: entityId,
      callbackUrl: acsUrl,
      entryPoint: ssoUrl,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      acceptedClockSkewMs: clockSkewSeconds * 1_000,
      validateInResponseTo: ValidateInResponseTo.always,
      requestIdExpirationPeriodMs: requestLifeMs + clockSkewSeconds * 1_000,
      // The one request that this answer may be for. That it is answered once is decided by the row that it comes from.
      cacheProvider: {
        saveAsync: async () => null,
        getAsync: async (id) => (id === requestId ? asked : null),
        removeAsync: async () => null,
      },
      generateUniqueId: () => requestId,
      // Whatever the provider has: what is asked for here, many refuse altogether.
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      forceAuthn: force,
      privateKey: key.privateKey,
      publicCert: key.certificate,
      signatureAlgorithm: 'sha256',
    });
  };

  return {
    begin: async (handshake) => new URL(await client(handshake).getAuthorizeUrlAsync(handshake.state, undefined, {})),
    finish: async (answer, handshake) => {
      if (answer.kind !== 'post') throw refusedAnswer('unexpected_answer');
      refuseSuspicious(answer.response);
      let profile: Profile | null;
      try {
        ({ profile } = await client(handshake).validatePostResponseAsync({ SAMLResponse: answer.response }));
      } catch (error) {
        throw refusedAnswer('invalid_assertion', error);
      }
      if (profile === null) throw refusedAnswer('no_assertion');
      return claimedBy(profile, { idpEntityId, acsUrl, requestId: handshake.requestId, now: clock.now() });
    },
  };
}

/** Our own metadata, for the provider's administrator. */
export function spMetadata({ entityId, acsUrl, key }: ServiceProvider): string {
  return generateServiceProviderMetadata({
    issuer: entityId,
    callbackUrl: acsUrl,
    wantAssertionsSigned: true,
    privateKey: key.privateKey,
    publicCerts: key.certificate,
    identifierFormat: null,
    // An id of its own each time would make every fetch look like a change.
    generateUniqueId: () => `_${Buffer.from(entityId).toString('hex').slice(-40)}`,
  });
}

/**
 * Refuses before any parser runs what no provider needs and what parsers disagree about: document types and entities, comments (which once
 * cut a name in two), sections, instructions; and signatures or digests with SHA-1 or a shared key.
 */
function refuseSuspicious(response: string): void {
  if (response.length > Math.ceil((responseBytesMax * 4) / 3) + 4_096) throw refusedAnswer('answer_too_large');
  const compact = response.replace(/[\r\n\t ]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw refusedAnswer('not_base64');
  let xml: string;
  try {
    xml = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(compact, 'base64'));
  } catch (error) {
    throw refusedAnswer('not_utf8', error);
  }
  if (xml.includes('<!') || /<\?/.test(xml.replace(/^\s*<\?xml [^?>]*\?>/, ''))) throw refusedAnswer('suspicious_markup');
  if (/xmldsig#(rsa-sha1|dsa-sha1|hmac-sha1|sha1)\b|xmldsig-more#(hmac|md5|rsa-md5)/i.test(xml)) throw refusedAnswer('weak_algorithm');
}

/** Elements as the library parses them: each child in a list, attributes under $, text under _. */
const attributes = z.record(z.string(), z.string()).optional();
const assertionSchema = z.looseObject({
  Assertion: z.looseObject({
    $: z.looseObject({ ID: z.string().min(1) }),
    Issuer: z.tuple([z.looseObject({ _: z.string() })]),
    Subject: z.tuple([
      z.looseObject({
        NameID: z.tuple([z.looseObject({ _: z.string().min(1).max(claimTextMax), $: attributes })]),
        SubjectConfirmation: z
          .array(
            z.looseObject({
              $: z.looseObject({ Method: z.string() }),
              SubjectConfirmationData: z.tuple([z.looseObject({ $: z.record(z.string(), z.string()) })]).optional(),
            }),
          )
          .min(1),
      }),
    ]),
    Conditions: z.tuple([z.looseObject({})]),
    AuthnStatement: z.array(z.looseObject({ $: z.looseObject({ AuthnInstant: z.string() }) })).min(1),
  }),
});

/**
 * What the library leaves open, asked of the signed assertion alone: who issued it, that it is for a bearer at this very address and for
 * this very request (the answer around it, which also names one, need not be signed), and that it says when it ends.
 */
function claimedBy(
  profile: Profile,
  { idpEntityId, acsUrl, requestId, now }: { idpEntityId: string; acsUrl: string; requestId: string; now: Date },
): Claimed {
  const parsed = assertionSchema.safeParse(profile.getAssertion?.());
  if (!parsed.success) throw refusedAnswer('incomplete_assertion', parsed.error);
  const { Issuer, Subject, AuthnStatement } = parsed.data.Assertion;
  if (Issuer[0]._.trim() !== idpEntityId) throw refusedAnswer('wrong_issuer');
  const [{ NameID, SubjectConfirmation }] = Subject;
  const isForUs = SubjectConfirmation.some(({ $, SubjectConfirmationData }) => {
    const data = SubjectConfirmationData?.[0].$;
    return (
      $.Method === bearer &&
      data?.Recipient === acsUrl &&
      data.InResponseTo === requestId &&
      new Date(data.NotOnOrAfter ?? Number.NaN).getTime() + clockSkewSeconds * 1_000 > now.getTime()
    );
  });
  if (!isForUs) throw refusedAnswer('wrong_confirmation');
  const [name] = NameID;
  if (name.$?.Format === transient) throw refusedAnswer('transient_name_id');
  const authenticatedAt = new Date(AuthnStatement[0]?.$.AuthnInstant ?? Number.NaN);
  if (Number.isNaN(authenticatedAt.getTime())) throw refusedAnswer('no_authn_instant');
  // A record of texts and lists of texts: the library's own, of the signed attribute statement.
  const said = (profile.attributes ?? {}) as Readonly<Record<string, unknown>>;
  const firstOf = (names: readonly string[]) => names.map((one) => textOf([said[one]].flat()[0])).find((value) => value !== null) ?? null;
  return {
    subject: name._,
    email: firstOf(emailAttributes) ?? (name.$?.Format === emailFormat ? name._ : null),
    // SAML has no word for it; whether the provider may speak for the address is a matter of proven domains.
    emailVerified: null,
    name: firstOf(nameAttributes),
    authenticatedAt,
    claims: { nameId: name._, ...said },
  };
}
