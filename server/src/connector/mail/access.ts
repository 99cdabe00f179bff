import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ConnectorFault, isConnectorFault } from '@factotum/connector-sdk';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { withinBounds } from '#flow/connection';
import type { MailContext } from './settings.ts';

/** How both clients sign in: by password, or by token as XOAUTH2 (or OAUTHBEARER, where the server knows it). */
export type Access = { readonly user: string; readonly password: string } | { readonly user: string; readonly accessToken: string };

/** As much of a token endpoint's answer as counts (RFC 6749, section 5.1). */
const tokenSchema = z.object({
  access_token: z.string().min(1).max(16_384),
  expires_in: z.coerce.number().positive().optional(),
  // The old one may have ended with this answer: what is odd in it is no reason to lose the new one.
  refresh_token: z.string().min(1).max(16_384).optional().catch(undefined),
});
/** A token is used until a minute before it ends; one that does not say when, for five. */
const marginMs = 60_000;
const unsaidMs = 5 * 60_000;
const answerCharsMax = 100_000;

/** Access tokens of this process, by a hash of what they were fetched for: a poll a minute must not fetch a token a minute. */
const tokens = new LRUCache<string, string>({ max: 10_000, ttl: unsaidMs });

/**
 * The means to sign in, fetching an access token where there is only a refresh token.
 * @throws ConnectorFault `auth` when there are none or the endpoint refuses them; `transient` when it does not answer.
 */
export async function accessOf(context: MailContext, fresh = false): Promise<Access> {
  const { settings, credentials } = context;
  const { user } = settings;
  const { password, accessToken, refreshToken } = credentials;
  if (refreshToken !== undefined && refreshToken !== '') return { user, accessToken: await refreshed(context, refreshToken, fresh) };
  if (accessToken !== undefined && accessToken !== '') return { user, accessToken };
  if (password !== undefined && password !== '') return { user, password };
  throw new ConnectorFault('auth', 'There is no password and no token for this mail account. Enter one.');
}

/** Whether another try with a new token can help. */
export const isRefreshable = ({ credentials }: MailContext): boolean => (credentials.refreshToken ?? '') !== '';

/** The exchange ends by itself, and nobody waits longer for it and what goes before and after, in milliseconds. */
const exchangeMsMax = 10_000;
const renewalMsMax = 60_000;

/** Refreshes under way in this process: two at once would spend a refresh token twice that is good once. */
const underWay = new Map<string, Promise<string>>();

async function refreshed(context: MailContext, given: string, fresh: boolean): Promise<string> {
  const { tokenUrl, clientId, tokenScope } = context.settings;
  if (tokenUrl === undefined || clientId === undefined)
    throw new ConnectorFault('permanent', 'A refresh token needs the token endpoint and the client id in the settings.');
  // By the revision and not by the token, which another process may have replaced: else each would fetch anew after the other.
  const of = context.saved?.revision ?? given;
  const key = createHash('sha256')
    .update(JSON.stringify([context.tenantId, context.connectionId, tokenUrl, clientId, tokenScope ?? '', of]))
    .digest('hex');
  const kept = fresh ? undefined : tokens.get(key);
  if (kept !== undefined) return kept;
  const asked = underWay.get(key) ?? renewed(context, given, key).finally(() => underWay.delete(key));
  underWay.set(key, asked);
  // Whoever goes away leaves it to the others, and leaves what comes of it to be kept.
  return withinBounds(renewalMsMax, context.signal, () => asked);
}

/** An access token for the refresh token in force. One that is refused may have been replaced by another process a moment ago. */
async function renewed(context: MailContext, given: string, key: string): Promise<string> {
  const inForce = (await context.saved?.current(refreshField)) ?? { value: given, canReplace: true };
  try {
    return await exchanged(context, inForce.value, key);
  } catch (error) {
    if (!isConnectorFault(error) || error.kind !== 'auth') throw error;
    const newer = await replacementOf(context, inForce.value);
    if (newer !== null) return exchanged(context, newer, key);
    if (inForce.canReplace) throw error;
    throw new ConnectorFault(
      'auth',
      'The token endpoint refuses the refresh token. If it gives a new one with each use, that cannot be kept where this one lies: get a new one, and enter it here or in a secret of your own (secret://db/...).',
      { cause: error },
    );
  }
}

const refreshField = 'refreshToken';
/** Between the answer to whoever was faster and its commit lies less than this, in milliseconds. */
const replacedWithinMs = 5_000;
const lookAgainMs = 200;

/** The token that another process has put in the place of one that was refused, or null. */
async function replacementOf(context: MailContext, refused: string): Promise<string | null> {
  for (const end = performance.now() + replacedWithinMs; context.saved !== undefined; ) {
    const inForce = await context.saved.current(refreshField);
    if (inForce !== null && inForce.value !== refused) return inForce.value;
    if (performance.now() > end) return null;
    await setTimeout(lookAgainMs);
  }
  return null;
}

/** Asks the token endpoint. A refresh token that comes along replaces the one that was used. */
async function exchanged(context: MailContext, refreshToken: string, key: string): Promise<string> {
  const { tokenUrl = '', clientId = '', tokenScope } = context.settings;
  const { clientSecret } = context.credentials;
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId });
  if (clientSecret !== undefined && clientSecret !== '') form.set('client_secret', clientSecret);
  if (tokenScope !== undefined) form.set('scope', tokenScope);
  const { status, text } = await answerOf(context, tokenUrl, form);
  if (status === 429 || status >= 500) throw new ConnectorFault('transient', 'The token endpoint does not answer right now.');
  if (status < 200 || status > 299)
    throw new ConnectorFault('auth', 'The token endpoint refuses the refresh token. Connect the account again.');
  const token = tokenSchema.safeParse(text.length > answerCharsMax ? null : parsed(text));
  if (!token.success) throw new ConnectorFault('permanent', 'The token endpoint does not answer with a token. Check its address.');
  const { access_token, expires_in, refresh_token: next } = token.data;
  // Before anything can go wrong with the access token: from here on the old one may be worth nothing.
  if (next !== undefined && next !== refreshToken) {
    const outcome = await context.saved?.replace(refreshField, refreshToken, next);
    if (outcome === 'elsewhere') context.log('the refresh token was replaced, and lies where the new one cannot be kept');
  }
  tokens.set(key, access_token, {
    ttl: Math.max(1_000, Math.min(expires_in === undefined ? unsaidMs : expires_in * 1_000 - marginMs, 86_400_000)),
  });
  return access_token;
}

/** What the endpoint says. The call outlives whoever asked first: the answer may hold a token that is given once. */
async function answerOf(context: MailContext, tokenUrl: string, form: URLSearchParams): Promise<{ status: number; text: string }> {
  try {
    const response = await context.fetch(tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
      signal: AbortSignal.timeout(exchangeMsMax),
      outlives: true,
    });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    if (isConnectorFault(cause)) throw cause;
    throw new ConnectorFault('transient', 'The token endpoint does not answer right now.', { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is no token, which the caller says.
    return null;
  }
}
