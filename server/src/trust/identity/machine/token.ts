import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Clock, FactotumError, idSchema } from '#kernel';
import type { KeyCheck } from '../key-check.ts';
import { allPermissions, type Permission, parsePermissions } from '../permissions.ts';
import type { Principal } from '../principal.ts';
import { refuseBeyond } from './permission-text.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Who may read a token as one for them. */
const tokenAudience = 'factotum-api';

/** How long a token is good, in milliseconds. It cannot be called back by who only checks its signature, so it is short. */
const tokenLifeMs = 5 * 60_000;

/** How far clocks of two processes may be apart, in seconds. */
const skewSeconds = 5;

/** RFC 9068: what says that this is an access token and no other kind of JWT. */
const tokenType = 'at+jwt';

/** Three parts in base64url: worth looking at. The longest that we make has about 2 KB. */
const tokenForm = /^[\w-]{1,1000}\.[\w-]{1,6000}\.[\w-]{86}$/;
const kidForm = /^[\w-]{43}$/;

const permission = z.enum(allPermissions);
const claimsSchema = z.object({
  sub: z.string(),
  tid: idSchema('tenant'),
  permissions: z.array(permission),
  /** What it was made with, and ends with: a key, or a person's session. */
  key: idSchema('apiKey').optional(),
  sid: idSchema('session').optional(),
});

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
  readonly permissions: readonly Permission[];
}

export interface Tokens {
  /**
   * A short-lived token for somebody who has just been let in.
   *
   * @param wanted - names as they came from outside; undefined: all that they may do.
   * @throws FactotumError `request.invalid` (unknown permission), `auth.forbidden` (more than they may, nothing at all, or made with a token).
   */
  issue(principal: Principal, wanted: readonly string[] | undefined): Promise<IssuedToken>;
  /**
   * Who sends a token, looked up at this moment: what it was made with must still be good, and the permissions are those that both have.
   * Null for everything else: malformed, wrongly signed, expired, for others, of somebody who is not here any more.
   */
  principalOf(text: string): Promise<Principal | null>;
}

interface TokenDeps {
  readonly clock: Clock;
  readonly signingKeys: Pick<SigningKeys, 'current' | 'find'>;
  /** Our address: who reads elsewhere what we signed sees that it is ours. */
  readonly issuer: () => string;
  readonly keyOf: KeyCheck['checkId'];
  readonly keyPrincipal: (key: NonNullable<Awaited<ReturnType<KeyCheck['checkId']>>>) => Principal;
  /** The person of a session, as they are in its tenant now; null when either is no more. */
  readonly personOf: (sessionId: z.infer<ReturnType<typeof idSchema<'session'>>>) => Promise<Principal | null>;
}

export function createTokens({ clock, signingKeys, issuer, keyOf, keyPrincipal, personOf }: TokenDeps): Tokens {
  /** The claims of a token that we signed, for us, and that is good now; null for any other text. */
  async function verify(text: string): Promise<z.infer<typeof claimsSchema> | null> {
    if (!tokenForm.test(text)) return null;
    try {
      // The key comes from our own set by its thumbprint, and from nowhere that the token names.
      const { payload } = await jwtVerify(text, ({ kid }) => requireKey(kid), {
        algorithms: ['ES256'],
        typ: tokenType,
        issuer: issuer(),
        audience: tokenAudience,
        requiredClaims: ['sub', 'iat', 'nbf', 'exp', 'jti'],
        maxTokenAge: tokenLifeMs / 1_000,
        clockTolerance: skewSeconds,
        currentDate: clock.now(),
      });
      return claimsSchema.safeParse(payload).data ?? null;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  async function requireKey(kid: string | undefined) {
    const key = kid !== undefined && kidForm.test(kid) ? await signingKeys.find(kid) : undefined;
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }

  return {
    issue: async (principal, wanted) => {
      if (principal.viaToken === true) throw new FactotumError('auth.forbidden', 'A token makes no other token. Send the key, or sign in.');
      const permissions = wanted === undefined ? principal.permissions : parsePermissions(wanted);
      refuseBeyond(permissions, principal.permissions);
      const origin = principal.keyId !== undefined ? { key: principal.keyId } : principal.session && { sid: principal.session.id };
      if (origin === undefined || permissions.size === 0)
        throw new FactotumError('auth.forbidden', 'A token is for keys and for people who may do something here.');
      const { kid, privateKey } = await signingKeys.current();
      const issuedAt = Math.floor(clock.now().getTime() / 1_000);
      const expiresAt = issuedAt + tokenLifeMs / 1_000;
      const token = await new SignJWT({ tid: principal.tenantId, permissions: [...permissions].sort(), ...origin })
        .setProtectedHeader({ alg: 'ES256', kid, typ: tokenType })
        .setIssuer(issuer())
        .setAudience(tokenAudience)
        .setSubject(principal.actor)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(privateKey);
      return { token, expiresAt: new Date(expiresAt * 1_000), permissions: [...permissions].sort() };
    },
    principalOf: async (text) => {
      const claims = await verify(text);
      if (claims === null) return null;
      const key = claims.key === undefined ? null : await keyOf(claims.key);
      const maker = key !== null ? keyPrincipal(key) : claims.sid === undefined ? null : await personOf(claims.sid);
      if (maker === null || maker.tenantId !== claims.tid || maker.actor !== claims.sub) return null;
      // Without the session: a token says nothing about whether the person is there.
      const { session, ...principal } = maker;
      return { ...principal, permissions: maker.permissions.intersection(new Set(claims.permissions)), viaToken: true };
    },
  };
}
