import { createHash } from 'node:crypto';
import { ConnectorFault, type HeldCredential, isConnectorFault } from '@factotum/connector-sdk';
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
type Answer = z.infer<typeof tokenSchema>;
/** A token is used until a minute before it ends; one that does not say when, for five. */
const marginMs = 60_000;
const unsaidMs = 5 * 60_000;
const answerCharsMax = 100_000;

interface Fetched {
  readonly accessToken: string;
  /** Hashes of the refresh tokens that it holds for; null where every change of them is a change of the connection. */
  readonly holdsFor: readonly string[] | null;
}

/** Access tokens of this process, by a hash of what they were fetched for: a poll a minute must not fetch a token a minute. */
const tokens = new LRUCache<string, Fetched>({ max: 10_000, ttl: unsaidMs });
/**
 * What refresh tokens were replaced by and could not be kept yet, by a hash of the one that is in force: the database was away, or the
 * settings are only tried out and may be saved a moment later.
 */
const successors = new LRUCache<string, string>({ max: 10_000 });
const triedOutMs = 15 * 60_000;

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
  const key = digest(context.tenantId, context.connectionId, tokenUrl, clientId, tokenScope ?? '', of);
  const kept = fresh ? undefined : tokens.get(key);
  if (kept !== undefined && (kept.holdsFor?.includes(digest(given)) ?? true)) return kept.accessToken;
  const asked = underWay.get(key) ?? renewed(context, given, key).finally(() => underWay.delete(key));
  underWay.set(key, asked);
  // Whoever goes away leaves it to the others, and leaves what comes of it to be kept.
  return withinBounds(renewalMsMax, context.signal, () => asked);
}

const digest = (...of: readonly (string | number)[]): string => createHash('sha256').update(JSON.stringify(of)).digest('hex');

/** An access token for the refresh token in force, which no other process uses meanwhile: used twice it may end the whole account. */
async function renewed(context: MailContext, given: string, key: string): Promise<string> {
  const { saved, tenantId } = context;
  const { tokenUrl = '', clientId = '' } = context.settings;
  const keyOf = (value: string) => digest(tenantId, tokenUrl, clientId, value);
  if (saved === undefined) {
    const { answer, next } = await exchanged(context, given, keyOf(given), triedOutMs);
    if (next !== given) context.log('the refresh token was replaced by a trial, and is kept in memory until the settings are saved');
    return keepAccess(key, answer, [given, next]);
  }
  const { held, answer, next } = await saved.exclusively('refreshToken', async (credential) => {
    const got = await exchanged(context, credential.value, keyOf(credential.value)).catch((error: unknown) => {
      throw explained(error, credential);
    });
    if (got.next !== credential.value && (await credential.replace(got.next)) === 'elsewhere')
      context.log('the refresh token was replaced, and lies where the new one cannot be kept');
    return { held: credential, ...got };
  });
  successors.delete(keyOf(held.value));
  return keepAccess(key, answer, held.isReference ? [held.value, next] : null);
}

/** Keeps an access token in memory for as long as it is good. */
function keepAccess(key: string, { access_token: accessToken, expires_in }: Answer, holdsFor: readonly string[] | null): string {
  const ttl = Math.max(1_000, Math.min(expires_in === undefined ? unsaidMs : expires_in * 1_000 - marginMs, 86_400_000));
  tokens.set(key, { accessToken, holdsFor: holdsFor?.map((value) => digest(value)) ?? null }, { ttl });
  return accessToken;
}

/**
 * Asks the token endpoint with the newest of a refresh token's line, and remembers what replaces it until that is kept.
 *
 * @returns `next` the refresh token to be used from now on
 */
async function exchanged(
  context: MailContext,
  inForce: string,
  line: string,
  ttl?: number,
): Promise<{ readonly answer: Answer; readonly next: string }> {
  const newest = successors.get(line) ?? inForce;
  try {
    const answer = await exchange(context, newest);
    const next = answer.refresh_token ?? newest;
    // Before anything can go wrong: from here on the old one may be worth nothing.
    if (next !== inForce) successors.set(line, next, ttl === undefined ? {} : { ttl });
    return { answer, next };
  } catch (error) {
    if (isConnectorFault(error) && error.kind === 'auth') successors.delete(line);
    throw error;
  }
}

/** What a person can do about a refusal, where a token that was replaced could not be kept. */
function explained(error: unknown, { canReplace }: HeldCredential): unknown {
  if (!isConnectorFault(error) || error.kind !== 'auth' || canReplace) return error;
  return new ConnectorFault(
    'auth',
    'The token endpoint refuses the refresh token. If it gives a new one with each use, that cannot be kept where this one lies: get a new one, and enter it here or in a secret of your own (secret://db/...).',
    { cause: error },
  );
}

/** @throws ConnectorFault */
async function exchange(context: MailContext, refreshToken: string): Promise<Answer> {
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
  return token.data;
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
