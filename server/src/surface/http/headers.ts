import type { Addresses } from './addresses.ts';

/**
 * What every answer carries. The content security policy lets pages load from us alone, run no inline code, and be framed by nobody;
 * the API gets the same, so that no answer of it can become a page. What is a download, which somebody else has stored or sent, gets less:
 * even a browser that shows it shows a page that loads nothing, runs nothing and is of no origin.
 *
 * @param host - one of our own addresses, as the request named it: the live feed connects back to it.
 */
export function setSecurityHeaders(headers: Headers, { host, isSecure }: { host: string; isSecure: boolean }): void {
  const isDownload = headers.get('content-disposition')?.startsWith('attachment') === true;
  headers.set('content-security-policy', isDownload ? downloadPolicy : contentSecurityPolicy(host, isSecure));
  headers.set('x-content-type-options', 'nosniff');
  // Not no-referrer: with that browsers withhold the Origin of our own page's requests, and it is what tells them from a foreign page's.
  headers.set('referrer-policy', 'same-origin');
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('permissions-policy', permissionsPolicy);
  // Two years, as browsers' preload lists ask. Never over plain HTTP: it would lock people out of a machine in their own network. And never
  // for localhost: browsers keep it for every port, so whatever else somebody runs there could not be opened any more.
  if (isSecure && !/^localhost(?::|$)/.test(host)) headers.set('strict-transport-security', 'max-age=63072000');
}

/** What the dashboard never asks a browser for. Passkeys are not on it: they are for our own pages by default. */
const permissionsPolicy = [
  'accelerometer',
  'bluetooth',
  'browsing-topics',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

const downloadPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
const policies = new Map<string, string>();

function contentSecurityPolicy(host: string, isSecure: boolean): string {
  const address = `${isSecure ? 'wss' : 'ws'}://${host}`;
  const known = policies.get(address);
  if (known !== undefined) return known;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    // Not every browser takes 'self' to include WebSockets.
    `connect-src 'self' ${address}`,
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
  policies.set(address, policy);
  return policy;
}

/** Whether a request to this host came through TLS: only the public address can have it in front. */
export const isSecureHost = (host: string, addresses: Addresses): boolean =>
  addresses.isSecure && addresses.origins.includes(`https://${host}`);
