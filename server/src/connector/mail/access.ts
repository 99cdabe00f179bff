import { createHash } from 'node:crypto';
import { ConnectorFault } from '@factotum/connector-sdk';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { MailContext } from './settings.ts';

/** How both clients sign in: by password, or by token as XOAUTH2 (or OAUTHBEARER, where the server knows it). */
export type Access = { readonly user: string; readonly password: string } | { readonly user: string; readonly accessToken: string };

/** As much of a token endpoint's answer as counts (RFC 6749, section 5.1). */
const tokenSchema = z.object({ access_token: z.string().min(1).max(16_384), expires_in: z.coerce.number().positive().optional() });
/** A token is used until a minute before it ends; one that does not say when, for five. */
const marginMs = 60_000;
const unsaidMs = 5 * 60_000;
const answerCharsMax = 100_000;

/** Access tokens of this process, by a hash of what they were fetched with: a poll a minute must not fetch a token a minute. */
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

async function refreshed(context: MailContext, refreshToken: string, fresh: boolean): Promise<string> {
  const { tokenUrl, clientId, tokenScope } = context.settings;
  if (tokenUrl === undefined || clientId === undefined)
    throw new ConnectorFault('permanent', 'A refresh token needs the token endpoint and the client id in the settings.');
  const key = createHash('sha256')
    .update(JSON.stringify([context.tenantId, context.connectionId, tokenUrl, clientId, tokenScope ?? '', refreshToken]))
    .digest('hex');
  const kept = fresh ? undefined : tokens.get(key);
  if (kept !== undefined) return kept;
  const { clientSecret } = context.credentials;
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId });
  if (clientSecret !== undefined && clientSecret !== '') form.set('client_secret', clientSecret);
  if (tokenScope !== undefined) form.set('scope', tokenScope);
  const response = await context.fetch(tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  });
  const text = await response.text();
  if (response.status === 429 || response.status >= 500)
    throw new ConnectorFault('transient', 'The token endpoint does not answer right now.');
  if (!response.ok) throw new ConnectorFault('auth', 'The token endpoint refuses the refresh token. Connect the account again.');
  const token = tokenSchema.safeParse(text.length > answerCharsMax ? null : parsed(text));
  if (!token.success) throw new ConnectorFault('permanent', 'The token endpoint does not answer with a token. Check its address.');
  const { access_token, expires_in } = token.data;
  tokens.set(key, access_token, {
    ttl: Math.max(1_000, Math.min(expires_in === undefined ? unsaidMs : expires_in * 1_000 - marginMs, 86_400_000)),
  });
  return access_token;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is no token, which the caller says.
    return null;
  }
}
