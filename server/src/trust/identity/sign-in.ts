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

/** Where a link is exchanged, below better-auth's base path. Not on the list of open paths: our own route leads here. */
export const exchangePath = '/sign-in/link';

const tokenSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const linkSchema = z.strictObject({ userId: idSchema('user'), tenantId: idSchema('tenant') });

/** Who a link signs in, and to which tenant. */
type Link = z.infer<typeof linkSchema>;

/** A new link's token and what is kept of it: the SHA-256 alone, so that who reads the table cannot sign in. */
export function newLink(link: Link, clock: Clock) {
  const token = randomBytes(32).toString('base64url');
  return {
    token,
    kept: { identifier: identifierOf(token), value: JSON.stringify(link), expiresAt: new Date(clock.now().getTime() + linkLifeMs) },
  };
}

const identifierOf = (token: string) => `sign-in-link:${createHash('sha256').update(token).digest('hex')}`;

/** Our plug-in for better-auth: the exchange of a sign-in link for a session, and reading the session's token from a cookie. */
export const signIn = (clock: Clock) =>
  ({
    id: 'factotum-sign-in',
    rateLimit: [{ pathMatcher: (path) => path === exchangePath, window: 60, max: exchangesPerMinute }],
    endpoints: {
      exchangeLink: createAuthEndpoint(
        exchangePath,
        { method: 'POST', body: z.object({ token: z.string() }), use: [formCsrfMiddleware] },
        async (ctx) => {
          const refused = () =>
            new APIError('UNAUTHORIZED', { code: 'LINK_INVALID', message: 'This sign-in link is used, expired or unknown.' });
          const token = tokenSchema.safeParse(ctx.body.token);
          if (!token.success) throw refused();
          const { internalAdapter, adapter, authCookies, secret } = ctx.context;
          // Deletes and returns in one statement: of any number of exchanges at once, in any number of processes, one gets the row.
          const kept = await internalAdapter.consumeVerificationValue(identifierOf(token.data));
          if (!kept || kept.expiresAt <= clock.now()) throw refused();
          const link = linkSchema.parse(JSON.parse(kept.value));
          const user = await internalAdapter.findUserById(link.userId);
          const member = await adapter.findOne({
            model: 'member',
            where: [
              { field: 'userId', value: link.userId },
              { field: 'organizationId', value: link.tenantId },
            ],
          });
          if (!user || !member) throw refused();
          // Whatever session this browser had, its own or one that was planted, ends here; the new one has a new token.
          const earlier = await ctx.getSignedCookie(authCookies.sessionToken.name, secret);
          if (earlier) await internalAdapter.deleteSession(earlier);
          const session = await internalAdapter.createSession(link.userId, false, { activeOrganizationId: link.tenantId });
          await setSessionCookie(ctx, { session, user }, false);
          return ctx.json({ sessionId: session.id });
        },
      ),
      /** The token inside the session cookie when its signature is ours, else null. Nothing is looked up. */
      readSessionToken: createAuthEndpoint.serverOnly({ method: 'GET', requireHeaders: true }, async (ctx) => {
        const token = await ctx.getSignedCookie(ctx.context.authCookies.sessionToken.name, ctx.context.secret);
        return token ? token : null;
      }),
    },
  }) satisfies BetterAuthPlugin;
