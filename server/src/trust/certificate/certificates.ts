import type { X509Certificate } from 'node:crypto';
import { type Clock, FactotumError, type Id, type Logger, newId } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { InstallationKey } from '#trust/key';
import { createAuthorities, type Trust } from './authorities.ts';
import type { TlsEnd, TlsIdentity } from './end.ts';
import type { MintedLeaf } from './mint.ts';
import { nameOf, namesIn, tenantOf } from './names.ts';
import { insertJournal, type JournalRow, revokeJournal, selectJournal } from './store.ts';

/** Times of the internal CA, in milliseconds. */
export interface CertificateTiming {
  /** How long a process's certificate is valid. */
  readonly leafLifeMs: number;
  /** After what age it is replaced, give or take a tenth. */
  readonly renewAfterMs: number;
  /** From making a root to its first signature, so that every process has read it by then. */
  readonly learnMs: number;
  /** How old what was read of roots and revocations may be. */
  readonly pollMs: number;
}

const hourMs = 3_600_000;

/** A day, replaced at half of it: a stolen one is worth little, and half a day of trouble with the database is survived. */
const timingDefault: CertificateTiming = { leafLifeMs: 24 * hourMs, renewAfterMs: 12 * hourMs, learnMs: 120_000, pollMs: 15_000 };

/** A certificate this close to its end is replaced before it is shown, in milliseconds. */
const endsSoonMs = 60_000;
/** How long to leave it after a renewal that failed, in milliseconds; the certificate is good for hours then. */
const tryAgainMs = 30_000;
const dayMs = 24 * hourMs;

export interface IssueWish {
  /** The last part of the SPIFFE name. */
  readonly name: string;
  readonly dnsNames: readonly string[];
  readonly days: number;
  readonly actor: string;
}
export interface Issued {
  readonly serial: string;
  readonly subject: string;
  readonly expiresAt: Date;
  readonly certPem: string;
  readonly keyPem: string;
  /** Every root that is trusted now. */
  readonly caPem: string;
}

export interface AuthorityStatus {
  readonly id: string;
  readonly state: 'active' | 'retired';
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly signsFrom: Date;
  readonly trustedUntil: Date;
}

export interface Rotated {
  readonly id: string;
  readonly signsFrom: Date;
}

/** The installation's own certificate authority. The first question makes it where there is none. */
export interface Certificates {
  /** The end of the process that serves tools: workers of this installation are admitted, each for the tenant in its name. */
  toolsEnd(): TlsEnd;
  /** The end of a worker that acts for one tenant, towards the process that serves tools. */
  workerEnd(tenantId: Id<'tenant'>): TlsEnd;
  /**
   * Makes a new root; the present one stays trusted as long as anything that it signed.
   *
   * @param options.afterMs - puts its first signature off, for servers that are given roots by hand
   * @param options.endOld - it signs at once, and whatever the others signed is refused: here now, elsewhere as soon as it is read
   */
  rotate(options: { readonly actor: string; readonly afterMs?: number; readonly endOld?: boolean }): Promise<Rotated>;
  /** A certificate for a server of the operator's own. Its key is nowhere else. @throws FactotumError `certificate.invalid`. */
  issue(wish: IssueWish): Promise<Issued>;
  /** Refuses a certificate from now on. @returns whose it was, or null when there is none to revoke. */
  revoke(serial: string, actor: string): Promise<string | null>;
  status(): Promise<{
    readonly trustDomain: string;
    readonly authorities: readonly AuthorityStatus[];
    readonly caPem: string;
    readonly issued: readonly JournalRow[];
  }>;
}

export interface CertificatesOptions {
  readonly auth: RoleDatabase;
  readonly installation: InstallationKey;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timing?: Partial<CertificateTiming>;
}

export function createCertificates(options: CertificatesOptions): Certificates {
  const { auth, clock, log } = options;
  const timing = { ...timingDefault, ...options.timing };
  const authorities = createAuthorities({ ...options, timing });
  const workerId = newId('worker');

  interface Order {
    readonly uri: string;
    readonly dnsNames: readonly string[];
    readonly usage: 'client' | 'server';
    readonly lifeMs: number;
    readonly by: string;
  }
  async function order({
    uri,
    dnsNames,
    usage,
    lifeMs,
    by,
  }: Order): Promise<MintedLeaf & { authorityId: string; issuedAt: Date; expiresAt: Date }> {
    const [{ mintLeaf }, { signer, authorityId, trustedUntil }] = await Promise.all([import('./mint.ts'), authorities.signer()]);
    const issuedAt = clock.now();
    const expiresAt = new Date(Math.min(issuedAt.getTime() + lifeMs, trustedUntil.getTime()));
    const leaf = await mintLeaf(signer, { uri, dnsNames, usage, issuedAt, expiresAt });
    // Written down before it is used: what is not in the journal cannot be revoked.
    await insertJournal(auth.pool, { serial: leaf.serial, authorityId, subject: uri, dnsNames, issuedBy: by, issuedAt, expiresAt });
    return { ...leaf, authorityId, issuedAt, expiresAt };
  }

  function createEnd(wish: { subject: (domain: string) => string; usage: 'client' | 'server' }): TlsEnd {
    type Leaf = Awaited<ReturnType<typeof order>> & { readonly renewAtMs: number };
    let leaf: Leaf | undefined;
    let renewing: Promise<Leaf> | undefined;
    let notBeforeMs = 0;
    let shown: { readonly leaf: Leaf; readonly trust: Trust; readonly identity: TlsIdentity } | undefined;
    let trust: Trust | undefined;

    const renew = (domain: string) => {
      renewing ??= order({ uri: wish.subject(domain), dnsNames: [], usage: wish.usage, lifeMs: timing.leafLifeMs, by: 'system:renewal' })
        .then((made) => {
          const ageMs = timing.renewAfterMs * (0.9 + 0.2 * Math.random());
          leaf = { ...made, renewAtMs: made.issuedAt.getTime() + ageMs };
          return leaf;
        })
        .finally(() => {
          renewing = undefined;
        });
      return renewing;
    };
    const isUsable = (held: Leaf, { roots, denied }: Trust, nowMs: number) =>
      held.expiresAt.getTime() - endsSoonMs > nowMs && !denied.has(held.serial) && roots.some(({ id }) => id === held.authorityId);

    return {
      async current() {
        trust = await authorities.trusted();
        const nowMs = clock.now().getTime();
        if (leaf === undefined || !isUsable(leaf, trust, nowMs)) leaf = await renew(trust.domain);
        else if (nowMs >= leaf.renewAtMs && nowMs >= notBeforeMs)
          // The one at hand is good for hours: nobody waits.
          renew(trust.domain).catch((error: unknown) => {
            notBeforeMs = nowMs + tryAgainMs;
            log.warn({ err: error }, 'a certificate could not be renewed; it will be tried again');
          });
        if (shown?.leaf !== leaf || shown.trust.roots !== trust.roots)
          shown = { leaf, trust, identity: { cert: leaf.certPem, key: leaf.keyPem, ca: trust.roots.map(({ pem }) => pem) } };
        return shown.identity;
      },
      admit(peer) {
        if (trust === undefined) return { kind: 'refused', reason: 'this process knows no root yet' };
        const fault = faultOf(trust, peer, clock.now());
        if (fault !== null) return { kind: 'refused', reason: fault };
        const { uris } = namesIn(peer.subjectAltName);
        const tenantId = uris.length === 1 ? tenantOf(trust.domain, uris[0] ?? '') : null;
        if (tenantId === null) return { kind: 'refused', reason: 'it is not the certificate of a worker' };
        return { kind: 'admitted', mayActFor: (asked) => asked === tenantId };
      },
      checkServer(_host, peer) {
        if (trust === undefined) return new Error('this process knows no root yet');
        if (trust.denied.has(peer.serialNumber.toLowerCase())) return new Error("the server's certificate was revoked");
        const { uris } = namesIn(peer.subjectaltname);
        const wanted = nameOf.role(trust.domain, 'tools');
        return uris.length === 1 && uris[0] === wanted ? undefined : new Error(`the server is not ${wanted}`);
      },
    };
  }

  return {
    toolsEnd: () => createEnd({ subject: (domain) => nameOf.role(domain, 'tools'), usage: 'server' }),
    workerEnd: (tenantId) => createEnd({ subject: (domain) => nameOf.worker(domain, tenantId, workerId), usage: 'client' }),
    rotate: ({ actor, afterMs = 0, endOld = false }) => authorities.rotate(actor, endOld ? 0 : Math.max(timing.learnMs, afterMs), endOld),
    async issue({ name, dnsNames, days, actor }) {
      checkWish(name, dnsNames);
      const { domain } = await authorities.trusted();
      const subject = nameOf.server(domain, name);
      const { serial, expiresAt, certPem, keyPem } = await order({
        uri: subject,
        dnsNames,
        usage: 'server',
        lifeMs: days * dayMs,
        by: actor,
      });
      return { serial, subject, expiresAt, certPem, keyPem, caPem: caOf(await authorities.trusted()) };
    },
    async revoke(serial, actor) {
      const subject = await revokeJournal(auth.pool, serial, actor, clock.now());
      authorities.forget();
      return subject;
    },
    async status() {
      const trust = await authorities.trusted();
      return {
        trustDomain: trust.domain,
        authorities: trust.roots.map(({ id, state, createdAt, createdBy, signsFrom, trustedUntil }) => ({
          ...{ id, state, createdAt, createdBy, signsFrom, trustedUntil },
        })),
        caPem: caOf(trust),
        issued: await selectJournal(auth.pool, clock.now(), journalRowsMax),
      };
    },
  };
}

/** As many as a person reads; the table has them all. */
const journalRowsMax = 200;

const caOf = ({ roots }: Trust): string => roots.map(({ pem }) => `${pem.trim()}\n`).join('');

/** TLS has checked the chain when the connection was made; since then a root may have gone, or time have passed. */
function faultOf({ roots, denied }: Trust, peer: X509Certificate, now: Date): string | null {
  if (denied.has(peer.serialNumber.toLowerCase())) return 'it was revoked';
  if (peer.validToDate <= now) return 'it has expired';
  return roots.some(({ certificate }) => isSignedBy(peer, certificate)) ? null : 'its root is not trusted any more';
}

/** A signature that holds once holds for ever, so each pair is computed once. */
const signedBy = new WeakMap<X509Certificate, WeakMap<X509Certificate, boolean>>();
function isSignedBy(peer: X509Certificate, root: X509Certificate): boolean {
  const known = signedBy.get(peer) ?? new WeakMap<X509Certificate, boolean>();
  signedBy.set(peer, known);
  const answer = known.get(root) ?? peer.verify(root.publicKey);
  known.set(root, answer);
  return answer;
}

function checkWish(name: string, dnsNames: readonly string[]): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name))
    throw new FactotumError('certificate.invalid', 'A name has lower-case letters, digits, dots and dashes, 63 at most.');
  for (const dns of dnsNames)
    if (!/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/.test(dns) || dns.length > 253)
      throw new FactotumError('certificate.invalid', `${dns} is not a host name.`);
}
