import { randomBytes, X509Certificate } from 'node:crypto';
import { type Clock, FactotumError, type Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { InstallationKey } from '#trust/key';
import type { Signer } from './mint.ts';
import {
  type AuthorityRow,
  endRetired,
  insertAuthority,
  retireAuthorities,
  selectAuthorities,
  selectDenied,
  withAuthorities,
} from './store.ts';

interface Root extends Omit<AuthorityRow, 'certificate' | 'sealedKey'> {
  readonly pem: string;
  readonly certificate: X509Certificate;
  readonly sealedKey: Buffer;
}

/** Whom this installation believes. `roots` is the same array as long as the same roots are trusted. */
export interface Trust {
  readonly domain: string;
  /** The one that signs last first; never empty. */
  readonly roots: readonly Root[];
  /** Serials, lower-case hex. */
  readonly denied: ReadonlySet<string>;
}

export interface Authorities {
  /** As of `pollMs` ago at most; older only while the database is away. */
  trusted(): Promise<Trust>;
  /** The root that signs now. @throws FactotumError `certificate.invalid` when its key does not open here. */
  signer(): Promise<{ readonly signer: Signer; readonly authorityId: string; readonly trustedUntil: Date }>;
  /** @param endOld - ends the trust in every earlier root with it. */
  rotate(actor: string, signsAfterMs: number, endOld: boolean): Promise<{ readonly id: string; readonly signsFrom: Date }>;
  /** What was read may not be true any more. */
  forget(): void;
}

interface AuthoritiesOptions {
  readonly auth: RoleDatabase;
  readonly installation: InstallationKey;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timing: { readonly pollMs: number; readonly leafLifeMs: number };
}

/** The roots in the database and what this process remembers of them. */
export function createAuthorities({ auth, installation, clock, log, timing }: AuthoritiesOptions): Authorities {
  let known: { readonly trust: Trust; readonly readAtMs: number } | undefined;
  let reading: Promise<Trust> | undefined;
  let opened: { readonly id: string; readonly signer: Promise<Signer> } | undefined;

  async function read(): Promise<Trust> {
    const readAtMs = clock.monotonicMs();
    const now = clock.now();
    let rows = await selectAuthorities(auth.pool, now);
    if (rows.length === 0) rows = await makeFirst();
    const denied = new Set(await selectDenied(auth.pool, now));
    const before = known?.trust;
    const same = before !== undefined && before.roots.map(({ id }) => id).join() === rows.map(({ id }) => id).join();
    const trust = { domain: rows[0]?.trustDomain ?? '', roots: same ? before.roots : rows.map(rootOf), denied };
    known = { trust, readAtMs };
    return trust;
  }

  /** Of two processes that find none at once, one makes it and the other finds it made. */
  const makeFirst = () =>
    withAuthorities(auth, async (tx) => {
      const now = clock.now();
      const made = await selectAuthorities(tx, now);
      if (made.length > 0) return made;
      await insertAuthority(tx, await newAuthority(`factotum.${randomBytes(12).toString('hex')}`, 'system:setup', now));
      return selectAuthorities(tx, now);
    });

  async function newAuthority(trustDomain: string, createdBy: string, signsFrom: Date): Promise<Omit<AuthorityRow, 'state'>> {
    const { mintRoot } = await import('./mint.ts');
    const createdAt = clock.now();
    const { id, pem, privateKey, expiresAt } = await mintRoot(trustDomain, createdAt);
    const sealedKey = installation.seal(sealContext(id), privateKey);
    privateKey.fill(0);
    return { id, trustDomain, certificate: pem, sealedKey, createdAt, createdBy, signsFrom, trustedUntil: expiresAt };
  }

  const trusted = async (): Promise<Trust> => {
    if (known !== undefined && clock.monotonicMs() - known.readAtMs < timing.pollMs) return known.trust;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    try {
      return await reading;
    } catch (error) {
      if (known === undefined) throw error;
      // What was signed expires by itself; to refuse everything for a database that is away would help nobody.
      log.warn({ err: error }, 'roots and revoked certificates could not be read again; the ones known go on');
      known = { ...known, readAtMs: clock.monotonicMs() };
      return known.trust;
    }
  };

  const forget = () => {
    if (known !== undefined) known = { ...known, readAtMs: Number.NEGATIVE_INFINITY };
  };

  return {
    trusted,
    forget,
    async signer() {
      const now = clock.now();
      const { roots } = await trusted();
      // None signs yet only where all clocks were set back.
      const root = roots.find(({ signsFrom }) => signsFrom <= now) ?? roots.at(-1);
      if (root === undefined) throw new Error('there is always a root');
      if (opened?.id !== root.id) opened = { id: root.id, signer: open(root) };
      const { signer } = opened;
      signer.catch(() => {
        opened = undefined;
      });
      return { signer: await signer, authorityId: root.id, trustedUntil: root.trustedUntil };
    },
    async rotate(actor, signsAfterMs, endOld) {
      const { domain } = await trusted();
      const signsFrom = new Date(clock.now().getTime() + signsAfterMs);
      const made = await newAuthority(domain, actor, signsFrom);
      await withAuthorities(auth, async (tx) => {
        const now = clock.now();
        await retireAuthorities(tx, now, new Date(signsFrom.getTime() + timing.leafLifeMs));
        if (endOld) await endRetired(tx, now);
        await insertAuthority(tx, made);
      });
      forget();
      return { id: made.id, signsFrom };
    },
  };

  async function open({ id, pem, sealedKey }: Root): Promise<Signer> {
    const { openSigner } = await import('./mint.ts');
    let privateKey: Buffer;
    try {
      privateKey = installation.open(sealContext(id), sealedKey);
    } catch (cause) {
      throw new FactotumError(
        'certificate.invalid',
        'The key of the internal CA was sealed under another installation.key. Give this process the file keys/installation.key of the one that made it, or run `certificate rotate` and end the old root.',
        { cause },
      );
    }
    try {
      return await openSigner(pem, privateKey);
    } finally {
      privateKey.fill(0);
    }
  }
}

const sealContext = (id: string): string => `certificate-authority/${id}`;

const rootOf = ({ certificate, ...row }: AuthorityRow): Root => ({
  ...row,
  pem: certificate,
  certificate: new X509Certificate(certificate),
});
