import type { webcrypto } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Site } from './oidc-idp.ts';

/** What a provider of OpenID Connect would do; each part may be done otherwise. */
export interface Forgery {
  readonly discovery?: (document: Record<string, unknown>) => Record<string, unknown>;
  readonly claims?: (claims: Record<string, unknown>) => Record<string, unknown>;
  /** Makes the ID token by other means. */
  readonly idToken?: (claims: Record<string, unknown>, keys: ForgerKeys) => Promise<string>;
  readonly userInfo?: Record<string, unknown>;
  /** Answers a path by other means: the status and body, or never. */
  readonly answers?: Readonly<
    Record<string, { status: number; body?: string; headers?: Record<string, string> } | 'silence' | 'trickle' | 'endless'>
  >;
}
export interface ForgerKeys {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicPem: string;
  readonly clientSecret: string;
}

export const forgerClient = { clientId: 'factotum', clientSecret: 'a secret that is long enough for HS256 to sign with it' };

/** A provider that says whatever a test wants it to. The browser is played by the test: it takes `nonce` from where it was sent. */
export async function startForger(site: Site): Promise<{ set(forgery: Forgery, nonce: string): void }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const publicPem = Buffer.from(await crypto.subtle.exportKey('spki', publicKey)).toString('base64');
  let current: Forgery = {};
  let nonce = '';
  site.answer((request, response) => {
    const path = new URL(request.url ?? '/', site.origin).pathname;
    const other = current.answers?.[path];
    if (other === 'silence') return;
    if (other === 'trickle' || other === 'endless') {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = () => response.write(other === 'endless' ? ' '.repeat(65_536) : ' ');
      const timer = setInterval(write, other === 'endless' ? 1 : 500);
      return response.on('close', () => clearInterval(timer));
    }
    if (other !== undefined) return response.writeHead(other.status, other.headers).end(other.body);
    const json = (body: unknown) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const discovery = {
      issuer: site.origin,
      authorization_endpoint: `${site.origin}/authorize`,
      token_endpoint: `${site.origin}/token`,
      userinfo_endpoint: `${site.origin}/userinfo`,
      jwks_uri: `${site.origin}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    };
    switch (path) {
      case '/.well-known/openid-configuration':
        return json(current.discovery?.(discovery) ?? discovery);
      case '/jwks':
        return json({ keys: [jwk] });
      case '/userinfo':
        return json(current.userInfo ?? { sub: 'eve' });
      case '/token':
        return void token().then((idToken) => json({ access_token: 'a', token_type: 'Bearer', id_token: idToken }));
      default:
        return response.writeHead(404).end();
    }
  });

  async function token(): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const usual = { iss: site.origin, aud: forgerClient.clientId, sub: 'eve', iat: now, exp: now + 300, auth_time: now, nonce };
    const claims = current.claims?.(usual) ?? usual;
    if (current.idToken !== undefined) return current.idToken(claims, { privateKey, publicPem, clientSecret: forgerClient.clientSecret });
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey);
  }

  return {
    set: (forgery, given) => {
      current = forgery;
      nonce = given;
    },
  };
}
