import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Id } from '#kernel';
import type { PersonSecrets } from './person-secrets.ts';

/** How long a browser is known in which somebody has signed in, in seconds. */
const deviceLifeSeconds = 365 * 24 * 3_600;

/** What cookies are set with besides their value. */
export interface CookieSettings {
  readonly isSecure: boolean;
}

/**
 * A cookie that says: this person has signed in from this browser before. It opens nothing. Failed sign-ins with it are counted apart,
 * so that nobody can slow a person down at their own browser by failing elsewhere (OWASP, "Slow down online guessing attacks with
 * device cookies").
 */
export function deviceCookie(secrets: PersonSecrets, userId: Id<'user'>, settings: CookieSettings): string {
  const nonce = randomBytes(16).toString('base64url');
  const value = `${userId}.${nonce}.${secrets.mac('device', userId, nonce)}`;
  return cookieText(deviceCookieName(secrets, userId), value, { ...settings, lifeSeconds: deviceLifeSeconds, path: '/api/v1' });
}

/** The browser's own mark when it is known as this person's, else null. */
export function knownDevice(secrets: PersonSecrets, userId: Id<'user'>, headers: Headers): string | null {
  const [its, nonce = '', mac = ''] = (readCookie(headers, deviceCookieName(secrets, userId)) ?? '').split('.');
  if (its !== userId) return null;
  const [given, right] = [Buffer.from(mac), Buffer.from(secrets.mac('device', userId, nonce))];
  return given.length === right.length && timingSafeEqual(given, right) ? nonce : null;
}

/** One a person, so that several can share a browser. */
const deviceCookieName = (secrets: PersonSecrets, userId: string) => `factotum.device-${secrets.mac('device-name', userId).slice(0, 8)}`;

/** A cookie out of reach of scripts and foreign pages; with a life of 0 it is taken away. */
export function cookieText(
  name: string,
  value: string,
  { isSecure, lifeSeconds, path }: CookieSettings & { lifeSeconds: number; path: string },
) {
  return `${isSecure ? '__Secure-' : ''}${name}=${value}; Max-Age=${lifeSeconds}; Path=${path}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
}

/** The value of a cookie of ours, by its name without the prefix that says it came over TLS. */
export function readCookie(headers: Headers, name: string): string | null {
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const [its = '', ...value] = pair.trim().split('=');
    if (its === name || its === `__Secure-${name}`) return value.join('=');
  }
  return null;
}
