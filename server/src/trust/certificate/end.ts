import type { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import type { Id } from '#kernel';

/** What one end of a connection shows, and which roots it believes; all PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: readonly string[];
}

/** Whether the other end of a connection may ask anything of us, and for whom. */
export type Admission =
  | { readonly kind: 'admitted'; mayActFor(tenantId: Id<'tenant'>): boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/** One end of mutual TLS, whoever issues its certificates. */
export interface TlsEnd {
  /**
   * What to show from now on. The same object as long as nothing has changed, so that who holds one knows when to renew a connection.
   *
   * @throws FactotumError `certificate.invalid`, `database.unavailable` (retry) when there is nothing usable yet.
   */
  current(): Promise<TlsIdentity>;
  /** Judges a client whose certificate chain TLS has checked already. Cheap: asked at each request, since much may change in a long connection. */
  admit(peer: X509Certificate): Admission;
  /** Judges a server whose chain TLS has checked already, in the form that Node's `checkServerIdentity` has. */
  checkServer(host: string, peer: PeerCertificate): Error | undefined;
}
