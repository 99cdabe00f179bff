/** Method and headers of a request; a `Request` is one, and so is what a WebSocket upgrade brings. */
export interface RequestHead {
  readonly method: string;
  readonly headers: Headers;
}

/**
 * Whether a request may use the browser's cookie: false when a page of somebody else made the browser send it.
 *
 * Requests without a cookie, or with an Authorization header, which no foreign page can make a browser send, are true.
 * Reading without an Origin header is true as well, as foreign pages cannot see the answer; a WebSocket they could see, so it needs one.
 */
export function isSameOrigin(request: RequestHead, publicOrigins: readonly string[]): boolean {
  const { method, headers } = request;
  if (!headers.has('cookie') || headers.has('authorization')) return true;
  const origin = headers.get('origin');
  if (origin !== null) return publicOrigins.includes(origin);
  const reads = (method === 'GET' || method === 'HEAD') && !headers.has('upgrade');
  return reads || headers.get('sec-fetch-site') === 'same-origin';
}

/** Whether the browser says that the request comes from somebody else's page. For signing in, where there is no cookie yet. */
export function isFromForeignPage({ headers }: RequestHead, publicOrigins: readonly string[]): boolean {
  const origin = headers.get('origin');
  if (origin !== null) return !publicOrigins.includes(origin);
  const site = headers.get('sec-fetch-site');
  return site !== null && site !== 'same-origin' && site !== 'none';
}
