import { createHash, randomBytes } from 'node:crypto';
import type { BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthEndpoint, formCsrfMiddleware } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { z } from 'zod';
import { type Clock, idSchema } from '#kernel';

/** How long a sign-in link waits to be used, in milliseconds. */
const linkLifeMs = 15 * 60_000;

/** Exchanges per minute and client address. The token cannot be guessed; this is about load. */
const exchangesPerMinute = 10;

/** Where a link is taken, below better-auth's base path. Not on the list of open paths: our own route leads here. */
export const exchangePath = '/sign-in/link';

const tokenSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/**
 * Who a link signs in, and where to: the tenant it was made for; null when the person's own choice counts.
 * `mailed`: whoever has it can read the person's mail. Otherwise the operator has vouched for them.
 */
export const linkSchema = z.strictObject({
  userId: idSchema('user'),
  tenantId: idSchema('tenant').nullable(),
  mailed: z.boolean().default(false),
});
export type Link = z.infer<typeof linkSchema>;

/** A new link's token and what is kept of it: the SHA-256 alone, so that who reads the table cannot sign in. */
export function newLink(link: Link, clock: Clock) {
  const token = randomBytes(32).toString('base64url');
  return {
    token,
    kept: { identifier: identifierOf(token), value: JSON.stringify(link), expiresAt: new Date(clock.now().getTime() + linkLifeMs) },
  };
}

const identifierOf = (token: string) => `sign-in-link:${createHash('sha256').update(token).digest('hex')}`;

const newSessionSchema = z.object({
  userId: z.string(),
  tenantId: z.string().nullable(),
  method: z.string(),
  secondFactor: z.string().nullable(),
  address: z.string(),
  userAgent: z.string(),
});

/** Our plug-in for better-auth: taking sign-in links, and the sessions and signed cookies that it keeps for us. */
export const signIn = (clock: Clock) =>
  ({
    id: 'factotum-sign-in',
    rateLimit: [{ pathMatcher: (path) => path === exchangePath, window: 60, max: exchangesPerMinute }],
    endpoints: {
      /** Uses a link up and says whose it was. Opens nothing. */
      takeLink: createAuthEndpoint(
        exchangePath,
        { method: 'POST', body: z.object({ token: z.string() }), use: [formCsrfMiddleware] },
        async (ctx) => {
          const refused = () =>
            new APIError('UNAUTHORIZED', { code: 'LINK_INVALID', message: 'This sign-in link is used, expired or unknown.' });
          const token = tokenSchema.safeParse(ctx.body.token);
          if (!token.success) throw refused();
          // Deletes and returns in one statement: of any number of exchanges at once, in any number of processes, one gets the row.
          const kept = await ctx.context.internalAdapter.consumeVerificationValue(identifierOf(token.data));
          if (!kept || kept.expiresAt <= clock.now()) throw refused();
          return ctx.json(linkSchema.parse(JSON.parse(kept.value)));
        },
      ),
      /** Begins a session of somebody who has proved who they are, and sets its cookie. */
      openSession: createAuthEndpoint.serverOnly({ method: 'POST', body: newSessionSchema, requireHeaders: true }, async (ctx) => {
        const { internalAdapter, authCookies, secret } = ctx.context;
        const { userId, tenantId, method, secondFactor, address, userAgent } = ctx.body;
        const user = await internalAdapter.findUserById(userId);
        if (!user) throw new APIError('UNAUTHORIZED');
        // Whatever session this browser had, its own or one that was planted, ends here; the new one has a new token.
        const earlier = await ctx.getSignedCookie(authCookies.sessionToken.name, secret);
        if (earlier) await internalAdapter.deleteSession(earlier);
        const its = { activeOrganizationId: tenantId, method, secondFactor, ipAddress: address, userAgent };
        const session = await internalAdapter.createSession(userId, false, its, true);
        await setSessionCookie(ctx, { session, user }, false);
        return { sessionId: session.id };
      }),
      /** Sets the cookie of a session that has got a new token. */
      showSession: createAuthEndpoint.serverOnly(
        { method: 'POST', body: z.object({ token: z.string() }), requireHeaders: true },
        async (ctx) => {
          const found = await ctx.context.internalAdapter.findSession(ctx.body.token);
          if (!found) throw new APIError('UNAUTHORIZED');
          await setSessionCookie(ctx, found, false);
          return {};
        },
      ),
      /** The token inside the session cookie when its signature is ours, else null. Nothing is looked up. */
      readSessionToken: createAuthEndpoint.serverOnly({ method: 'GET', requireHeaders: true }, async (ctx) => {
        const token = await ctx.getSignedCookie(ctx.context.authCookies.sessionToken.name, ctx.context.secret);
        return token ? token : null;
      }),
    },
  }) satisfies BetterAuthPlugin;
