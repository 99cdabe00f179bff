import { randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#kernel';
import type { AuthDb } from '../store.ts';
import { cookieText, readCookie } from './device.ts';
import type { PersonSecrets } from './person-secrets.ts';

interface Context {
  readonly db: AuthDb;
  readonly clock: Clock;
  readonly secrets: PersonSecrets;
  readonly publicOrigins: () => readonly string[];
}

/** Something half done that the browser carries on: what it is, until when, and once only. */
export interface Challenge<T> {
  readonly name: 'second-factor' | 'passkey';
  readonly schema: z.ZodType<T>;
  readonly lifeSeconds: number;
}

const envelopeSchema = z.strictObject({ nonce: z.string(), expiresAt: z.int(), value: z.unknown() });

/**
 * The cookie of a new challenge. Nothing is stored for it, so asking for many costs us nothing: the cookie is signed and has an end,
 * and only what has been answered rightly is remembered (`spend`).
 */
export function challengeCookie<T>(context: Context, { name, lifeSeconds }: Challenge<T>, value: T): string {
  const expiresAt = context.clock.now().getTime() + lifeSeconds * 1_000;
  const text = Buffer.from(JSON.stringify({ nonce: randomBytes(16).toString('base64url'), expiresAt, value })).toString('base64url');
  return setCookie(context, name, `${text}.${context.secrets.mac('challenge', name, text)}`, lifeSeconds);
}

/** What the browser's challenge says; null when there is none, or it is over or not ours. */
export function readChallenge<T>(context: Context, { name, schema }: Challenge<T>, headers: Headers): { value: T; nonce: string } | null {
  const [text = '', mac = ''] = (readCookie(headers, cookieName(name)) ?? '').split('.');
  const [given, right] = [Buffer.from(mac), Buffer.from(context.secrets.mac('challenge', name, text))];
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const { nonce, expiresAt, value } = envelopeSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  return expiresAt <= context.clock.now().getTime() ? null : { value: schema.parse(value), nonce };
}

/** True for one caller, whoever else answers the same challenge at the same moment or later. */
export async function spend({ db, clock, secrets }: Context, nonce: string): Promise<boolean> {
  const now = clock.now();
  const marked = await db
    .insertInto('signInFailure')
    .values({ key: secrets.mac('used', nonce), count: 0, blockedUntil: now, lastAt: now })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .executeTakeFirst();
  return marked !== undefined;
}

/** Takes the cookie away again. */
export const challengeEnd = (context: Context, { name }: Challenge<unknown>): string => setCookie(context, name, '', 0);

const cookieName = (name: string) => `factotum.${name}`;
const setCookie = (context: Context, name: string, value: string, lifeSeconds: number) =>
  cookieText(cookieName(name), value, { isSecure: isSecure(context), lifeSeconds, path: '/api/v1' });

/** Whether cookies may travel over TLS only: where the address that people use says so. */
export const isSecure = ({ publicOrigins }: Pick<Context, 'publicOrigins'>): boolean => publicOrigins()[0]?.startsWith('https:') === true;
