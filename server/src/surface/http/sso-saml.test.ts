import assert from 'node:assert/strict';
import { createVerify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { testOrigin } from '../../../test/identity.ts';
import { type TestBrowser, testBrowser } from '../../../test/sso/browser.ts';
import { type SsoCustomer, ssoHttp } from '../../../test/sso/customer.ts';
import {
  assertionXml,
  encode,
  idpMetadata,
  makeSigningKey,
  readRequest,
  responseXml,
  type Saying,
  type SigningKey,
  signed,
} from '../../../test/sso/saml-idp.ts';

const sso = await ssoHttp([]);
const { send, buildSso } = sso;
const [key, nextKey, foreignKey] = [makeSigningKey(), makeSigningKey(), makeSigningKey()];
const entityId = 'https://idp.example/metadata';
const ssoUrl = 'https://idp.example/sso';
const metadataOf = (...keys: SigningKey[]) => idpMetadata({ entityId, ssoUrl, keys });

const customer = await buildSso(() => ({ kind: 'saml', saml: { metadataXml: metadataOf(key, nextKey) } }));
const own = customer.provider.own as { acsUrl: string; entityId: string; metadataUrl: string }; // a SAML provider's

interface Round {
  readonly browser: TestBrowser;
  readonly relayState: string;
  readonly say: Saying;
}

/** A browser that has been sent to the provider, and what the provider would say. */
async function begin(person = 'alice', query = '', browser = testBrowser(sso)): Promise<Round & { force: boolean }> {
  const { location, status } = await browser.open(`/api/v1/sso/start?provider=${customer.provider.id}${query}`);
  assert.equal(status, 302);
  assert.ok(location?.startsWith(`${ssoUrl}?`), location ?? '');
  const { id, relayState, force } = readRequest(location ?? '');
  const say: Saying = {
    requestId: id,
    acsUrl: own.acsUrl,
    audience: own.entityId,
    issuer: entityId,
    nameId: `${person}-at-idp`,
    attributes: { email: [`${person}@${customer.domain}`], displayName: ['Alice Archer'] },
  };
  return { browser, relayState, say, force };
}

/** What the provider has the browser post, and where that leads. */
async function answer({ browser, relayState }: Pick<Round, 'browser' | 'relayState'>, xml: string): Promise<string | null> {
  const posted = await browser.open(own.acsUrl, { SAMLResponse: encode(xml), RelayState: relayState });
  assert.equal(posted.status, 303, posted.body);
  if (posted.location?.startsWith('/sign-in?') !== false) return posted.location;
  return (await browser.open(posted.location)).location;
}

const good = (say: Saying, by = key) => signed(responseXml(say, assertionXml(say)), by);
const me = async (browser: TestBrowser) => (await send('GET /api/v1/me', { cookie: browser.cookie() })).status;
const failed = '/sign-in?error=sso.failed';

test('a person signs in by SAML: the browser posts the answer without its cookies, and fetches the session with them', async () => {
  const round = await begin('alice', '&to=/tasks');
  assert.equal(await answer(round, good(round.say)), '/tasks');
  const who = (await (await send('GET /api/v1/me', { cookie: round.browser.cookie() })).json()) as {
    principal: { email: string; name: string };
  }; // as declared
  assert.deepEqual([who.principal.email, who.principal.name], [`alice@${customer.domain}`, 'Alice Archer']);
});

test('any of the provider’s certificates may have signed, while it changes from one to the next, and the whole answer may be signed too', async () => {
  const second = await begin();
  assert.equal(await answer(second, good(second.say, nextKey)), '/');
  const both = await begin();
  assert.equal(await answer(both, signed(good(both.say), key, { element: 'Response' })), '/');
});

test('an answer counts once, whichever process and whichever browser brings it', async () => {
  const round = await begin();
  const xml = good(round.say);
  assert.equal(await answer(round, xml), '/');
  assert.equal(await answer(round, xml), '/sign-in?error=sso.expired');
  // In a round of its own, where the address would fit but not the request.
  const later = await begin('alice', '', round.browser);
  assert.equal(await answer(later, xml), failed);
  const many = await begin();
  const body = { SAMLResponse: encode(good(many.say)), RelayState: many.relayState };
  const posts = await Promise.all([1, 2, 3].map(() => many.browser.open(own.acsUrl, body)));
  assert.equal(posts.filter(({ location }) => location?.startsWith('/api/v1/sso/finish')).length, 1);
});

test('an answer that nobody asked for is refused: signing in does not begin at the provider', async () => {
  const browser = testBrowser(sso);
  const { say } = await begin();
  for (const relayState of ['', 'A'.repeat(43), '/tasks'])
    assert.equal(await answer({ browser, relayState }, good(say)), '/sign-in?error=sso.expired');
});

test('an answer that somebody else began does not sign this browser in', async () => {
  const attacker = await begin('mallory');
  const victim = testBrowser(sso);
  const posted = await victim.open(own.acsUrl, { SAMLResponse: encode(good(attacker.say)), RelayState: attacker.relayState });
  assert.equal((await victim.open(posted.location!)).location, '/sign-in?error=sso.expired');
  assert.equal(await me(victim), 401);
});

test('what is refused below is refused for what is said of it: unaltered, the same answer signs in', async () => {
  const round = await begin('eve');
  assert.equal(await answer(round, good(round.say)), '/');
  assert.equal(await me(round.browser), 200);
});

/** Every way of saying something that must not count, as the provider's key signs it. */
const sayings: Record<string, (say: Saying) => Saying> = {
  'for another audience': (say) => ({ ...say, audience: 'https://elsewhere.example' }),
  'without an audience': (say) => ({ ...say, conditions: '' }),
  'for another request': (say) => ({ ...say, requestId: '_another' }),
  'whose signed part names another request': (say) => ({ ...say, confirmedRequestId: '_another' }),
  'whose signed part names no request': (say) => ({ ...say, confirmedRequestId: null }),
  'for another recipient': (say) => ({ ...say, recipient: 'https://elsewhere.example/acs' }),
  'of another issuer': (say) => ({ ...say, issuer: 'https://other.example' }),
  'that has expired': (say) => ({ ...say, notBefore: -600_000, notOnOrAfter: -61_000 }),
  'whose confirmation has expired': (say) => ({ ...say, confirmedUntil: -61_000 }),
  'from the future': (say) => ({ ...say, notBefore: 120_000 }),
  'that is not for a bearer': (say) => ({ ...say, method: 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches' }),
  'with a name that is new each time': (say) => ({ ...say, nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' }),
  'without a name': (say) => ({ ...say, nameId: '' }),
};
for (const [what, change] of Object.entries(sayings))
  test(`an assertion ${what} is refused, although it is signed`, async () => {
    const round = await begin('eve');
    assert.equal(await answer(round, good(change(round.say))), failed);
    assert.equal(await me(round.browser), 401);
  });

test('clocks may differ by a minute', async () => {
  for (const skew of [{ notBefore: 50_000 }, { notOnOrAfter: -50_000, confirmedUntil: -50_000 }]) {
    const round = await begin();
    assert.equal(await answer(round, good({ ...round.say, ...skew })), '/');
  }
});

/** Every way of bringing something that the provider's key has not signed as it stands. */
const forgeries: Record<string, (say: Saying) => string> = {
  'is not signed': (say) => responseXml(say, assertionXml(say)),
  'is signed by somebody else, with their certificate inside': (say) => good(say, foreignKey),
  'has another name than was signed': (say) => good(say).replace('eve-at-idp', 'alice-at-idp'),
  'has another address than was signed': (say) => good(say).replace(`eve@${customer.domain}`, `alice@${customer.domain}`),
  'has another audience than was signed': (say) =>
    good({ ...say, audience: 'https://x.example' }).replace('https://x.example', say.audience),
  'is signed around, but the assertion itself is not': (say) => signed(responseXml(say, assertionXml(say)), key, { element: 'Response' }),
  'is signed with SHA-1': (say) =>
    signed(responseXml(say, assertionXml(say)), key, {
      algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
      digest: 'http://www.w3.org/2000/09/xmldsig#sha1',
    }),
  'has its signature removed': (say) => good(say).replace(/<ds:Signature[\s\S]*<\/ds:Signature>/, ''),
  'has an empty signature': (say) =>
    good(say).replace(/<ds:SignatureValue>[^<]*<\/ds:SignatureValue>/, '<ds:SignatureValue></ds:SignatureValue>'),
  'cuts the name in two by a comment': (say) =>
    good({ ...say, nameId: 'alice-at-idp.evil' }).replace('alice-at-idp.evil', 'alice-at-idp<!-- -->.evil'),
  'cuts the address in two by a comment': (say) =>
    good(say).replace(`eve@${customer.domain}`, `eve@${customer.domain}<!---->.evil.example`),
  'has a processing instruction': (say) => good(say).replace('<samlp:Status>', '<?x y?><samlp:Status>'),
  'has a document type with entities': (say) => `<!DOCTYPE r [<!ENTITY a "alice-at-idp">]>${good(say).replace('eve-at-idp', '&a;')}`,
  'has an outside entity': (say) => `<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>${good(say).replace('Alice Archer', '&a;')}`,
  'has a section of character data': (say) => good(say).replace('eve-at-idp', '<![CDATA[alice-at-idp]]>'),
  'is no XML': () => 'not xml',
  'is empty': () => '',
};
for (const [what, forge] of Object.entries(forgeries))
  test(`an answer that ${what} is refused`, async () => {
    const round = await begin('eve');
    assert.equal(await answer(round, forge(round.say)), failed);
    assert.equal(await me(round.browser), 401);
  });

/**
 * Signature wrapping (Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be", 2012): an answer that was signed for eve is kept somewhere in the
 * document, so that its signature holds, while another assertion is offered for reading.
 */
const wrappings: Record<
  string,
  (parts: {
    response: string;
    original: string;
    bare: string;
    signature: string;
    evil: string;
    evilWith: (inner: string) => string;
  }) => string
> = {
  'XSW1: the evil answer around, the signed one inside the signature': ({ response, signature }) => {
    const evil = response.replaceAll('eve', 'alice').replace(/ID="_r/, 'ID="_e');
    const inner = response.replace(signature, '');
    return evil.replace(signature, signature.replace('</ds:Signature>', `<ds:Object>${inner}</ds:Object></ds:Signature>`));
  },
  'XSW2: the evil answer around, the signed one before the signature': ({ response, signature }) => {
    const evil = response.replaceAll('eve', 'alice').replace(/ID="_r/, 'ID="_e');
    return evil.replace(signature, `${response.replace(signature, '')}${signature}`);
  },
  'XSW3: the evil assertion before the signed one': ({ response, original, evil }) => response.replace(original, `${evil}${original}`),
  'XSW4: the evil assertion around the signed one': ({ response, original, evilWith }) => response.replace(original, evilWith(original)),
  'XSW5: the evil assertion with the signature, the signed one behind it': ({ response, original, bare, signature, evilWith }) =>
    response.replace(original, `${evilWith(signature)}${bare}`),
  'XSW6: the evil assertion with the signature, the signed one inside that': ({ response, original, bare, signature, evilWith }) =>
    response.replace(original, evilWith(signature.replace('</ds:Signature>', `${bare}</ds:Signature>`))),
  'XSW7: the evil assertion in an extension, the signed one behind': ({ response, original, evil }) =>
    response.replace(original, `<samlp:Extensions>${evil}</samlp:Extensions>${original}`),
  'XSW8: the signed one in an object of the evil one’s signature': ({ response, original, bare, signature, evilWith }) =>
    response.replace(original, evilWith(signature.replace('</ds:Signature>', `<ds:Object>${bare}</ds:Object></ds:Signature>`))),
  'XSW9: both of one id, the evil one first': ({ response, original, evil }) =>
    response.replace(original, `${evil.replace(/ID="[^"]+"/, /ID="[^"]+"/.exec(original)![0])}${original}`),
  'XSW10: the evil one first, the signed one in the status': ({ response, original, evil }) =>
    response.replace(original, evil).replace('</samlp:Status>', `<samlp:StatusDetail>${original}</samlp:StatusDetail></samlp:Status>`),
  'XSW11: the signed one under a root of its own': ({ response, original, evil }) =>
    response.replace(original, `${evil}<samlp:Response>${original}</samlp:Response>`),
};
for (const [what, wrap] of Object.entries(wrappings))
  test(`signature wrapping is refused, or reads what was signed: ${what}`, async () => {
    const round = await begin('eve');
    const response = good(round.say);
    const original = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(response)![0];
    const signature = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(original)![0];
    const bare = original.replace(signature, '');
    const evilWith = (inner: string) =>
      bare
        .replaceAll('eve', 'alice')
        .replace(/ID="[^"]+"/, 'ID="_evil"')
        .replace('</saml:Issuer>', `</saml:Issuer>${inner}`);
    const wrapped = wrap({ response, original, bare, signature, evil: evilWith(''), evilWith });
    assert.ok(wrapped.includes('alice-at-idp') && wrapped.includes('eve-at-idp'));
    const location = await answer(round, wrapped);
    if (location === failed) return assert.equal(await me(round.browser), 401);
    const who = (await (await send('GET /api/v1/me', { cookie: round.browser.cookie() })).json()) as { principal: { email: string } }; // as declared
    assert.equal(who.principal.email, `eve@${customer.domain}`, `${location}: only what was signed may be read`);
  });

test('to confirm a session the provider is told to ask anew, and an older sign-in there does not count', async () => {
  const { browser, ...first } = await begin();
  assert.equal(first.force, false);
  await answer({ browser, ...first }, good(first.say));
  const stale = await begin('alice', '&purpose=step-up', browser);
  assert.equal(stale.force, true);
  assert.equal(await answer(stale, good({ ...stale.say, authenticatedAt: -120_000 })), failed);
  const other = await begin('mallory', '&purpose=step-up', browser);
  assert.equal(await answer(other, good(other.say)), failed);
  const fresh = await begin('alice', '&purpose=step-up&to=/settings', browser);
  assert.equal(await answer(fresh, good(fresh.say)), '/settings');
});

test('our own metadata say who we are, where to answer, what signs our requests, and that assertions must be signed', async () => {
  const response = await send(`GET ${new URL(own.metadataUrl).pathname as `/${string}`}`);
  const xml = await response.text();
  assert.equal(response.headers.get('content-type'), 'application/samlmetadata+xml; charset=utf-8');
  const certificate = /<ds:X509Certificate>([^<]+)</.exec(xml)?.[1]?.replace(/\s/g, '') ?? '';
  const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
  const { location } = await testBrowser(sso).open(`/api/v1/sso/start?provider=${customer.provider.id}`);
  const [query = '', signature = ''] = (location ?? '').slice(location!.indexOf('?') + 1).split('&Signature=');
  assert.ok(
    createVerify('sha256').update(query).verify(publicKey, decodeURIComponent(signature), 'base64'),
    'our requests are signed with that key',
  );
  for (const part of [`entityID="${own.entityId}"`, `Location="${own.acsUrl}"`, 'WantAssertionsSigned="true"'])
    assert.ok(xml.includes(part), part);
  assert.ok(own.acsUrl.startsWith(`${testOrigin}/`));
  const shown = await (await send(`GET /api/v1/sso/providers/${customer.provider.id}`, { key: customer.apiKey })).text();
  assert.ok(!`${xml}${shown}`.includes('PRIVATE KEY'));
  assert.equal((await send('GET /api/v1/sso/metadata/sso_000000000000000000000000')).status, 404);
});

test('metadata that a provider could not have meant are refused with what is wrong', async () => {
  const faults: Record<string, string> = {
    'not XML': '<a',
    'a document type': `<!DOCTYPE a [<!ENTITY x "y">]>${metadataOf(key)}`,
    'no provider': metadataOf(key).replaceAll('IDPSSODescriptor', 'SPSSODescriptor'),
    'two providers': `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${metadataOf(key)
      .replace(/<\?.*\?>/, '')
      .repeat(2)}</md:EntitiesDescriptor>`,
    'no certificate': metadataOf(),
    'no certificate in it': metadataOf(key).replace(/<ds:X509Certificate>[^<]*/, '<ds:X509Certificate>bm90aGluZw=='),
    'a weak key': metadataOf(makeSigningKey(1_024)),
    'long ago': metadataOf(key).replace('entityID=', 'validUntil="2020-01-01T00:00:00Z" entityID='),
    'no redirect': metadataOf(key).replace('HTTP-Redirect', 'HTTP-POST'),
    'no TLS': metadataOf(key).replace(ssoUrl, 'http://idp.example/sso'),
  };
  for (const [what, metadataXml] of Object.entries(faults))
    assert.equal((await customer.change({ saml: { metadataXml } })).status, 400, what);
});

test('certificates that are no longer in the metadata sign nobody in', async () => {
  const other = await buildSso(() => ({ kind: 'saml', saml: { metadataXml: metadataOf(key, nextKey) } }));
  assert.equal((await other.change({ saml: { metadataXml: metadataOf(nextKey) } })).status, 200);
  const browser = testBrowser(sso);
  const { location } = await browser.open(`/api/v1/sso/start?provider=${other.provider.id}`);
  const { id, relayState } = readRequest(location!);
  const theirs = other.provider.own as { acsUrl: string; entityId: string }; // a SAML provider's
  const say: Saying = {
    requestId: id,
    acsUrl: theirs.acsUrl,
    audience: theirs.entityId,
    issuer: entityId,
    nameId: 'x',
    attributes: { email: [`x@${other.domain}`] },
  };
  const posted = await browser.open(theirs.acsUrl, { SAMLResponse: encode(good(say)), RelayState: relayState });
  assert.equal((await browser.open(posted.location!)).location, failed);
});

test('what is posted is bounded, and of one type', async () => {
  const path = new URL(own.acsUrl).pathname as `/${string}`; // a path
  assert.equal(
    (await send(`POST ${path}`, { body: 'x'.repeat(1_100_000), headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status,
    413,
  );
  assert.equal((await send(`POST ${path}`, { json: {} })).status, 415);
  const round = await begin();
  assert.equal(
    await answer(
      round,
      good(round.say).replace('</samlp:Response>', `<samlp:Extensions>${'x'.repeat(300_000)}</samlp:Extensions></samlp:Response>`),
    ),
    failed,
  );
});

test('a SAML round that was not begun for this provider is not taken', async () => {
  const other: SsoCustomer = await buildSso(() => ({ kind: 'saml', saml: { metadataXml: metadataOf(key) } }));
  const round = await begin();
  const theirs = other.provider.own as { acsUrl: string }; // a SAML provider's
  const posted = await round.browser.open(theirs.acsUrl, { SAMLResponse: encode(good(round.say)), RelayState: round.relayState });
  assert.equal(posted.location, '/sign-in?error=sso.expired');
});
