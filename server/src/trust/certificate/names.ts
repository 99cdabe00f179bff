import { type Id, isId } from '#kernel';

/**
 * SPIFFE names (spiffe.io, SPIFFE-ID): what a certificate says its holder is, as the only URI among its names. The trust domain is of
 * this installation alone.
 */
export const nameOf = {
  /** A process by what it does. */
  role: (domain: string, role: 'tools'): string => `spiffe://${domain}/role/${role}`,
  /** A worker that acts for one tenant. */
  worker: (domain: string, tenantId: Id<'tenant'>, workerId: Id<'worker'>): string =>
    `spiffe://${domain}/tenant/${tenantId}/worker/${workerId}`,
  /** A tool server that the operator runs. */
  server: (domain: string, name: string): string => `spiffe://${domain}/server/${name}`,
} as const;

/** The tenant that a worker's name speaks for; null for every other name, those of other trust domains among them. */
export function tenantOf(domain: string, name: string): Id<'tenant'> | null {
  const start = `spiffe://${domain}/tenant/`;
  if (!name.startsWith(start)) return null;
  const [tenantId = '', kind, workerId = '', ...rest] = name.slice(start.length).split('/');
  return isId('tenant', tenantId) && kind === 'worker' && isId('worker', workerId) && rest.length === 0 ? tenantId : null;
}

/** What a certificate names, by Node's text of it: `URI:spiffe://a/b, DNS:host`. Node quotes names with commas, so that none can be smuggled in. */
export function namesIn(subjectAltName: string | undefined): { readonly uris: readonly string[]; readonly dns: readonly string[] } {
  const parts = (subjectAltName ?? '').split(', ');
  const of = (kind: string) => parts.filter((part) => part.startsWith(kind)).map((part) => part.slice(kind.length));
  return { uris: of('URI:'), dns: of('DNS:') };
}
