import type { FactotumError } from '#kernel';

/**
 * Where a request of a program goes whose tenant has moved: the same address at the new installation, with 308, so that method and body go
 * along. Ids are the same there, and so are keys.
 *
 * A browser's session stays behind and a page may not follow to another origin: it is told the address instead.
 *
 * @returns null when the request is answered as it is.
 */
export function movedTo(failure: FactotumError, request: Request): string | null {
  const to = failure.code === 'tenant.moved' ? failure.details?.movedTo : undefined;
  if (typeof to !== 'string' || !request.headers.has('authorization') || !URL.canParse(to)) return null;
  const { pathname, search } = new URL(request.url);
  return `${new URL(to).origin}${pathname}${search}`;
}

/** The answer of a tenant that has moved, as a redirect. */
export async function redirect(answer: Response, location: string): Promise<Response> {
  const status = 308;
  const headers = new Headers(answer.headers);
  headers.set('location', location);
  // A problem says in its body what the status line says.
  const problem: unknown = await answer.json();
  return new Response(JSON.stringify({ ...(typeof problem === 'object' ? problem : {}), status }), { status, headers });
}
