import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { checkServerIdentity } from 'node:tls';
import { type Clock, FactotumError, type Logger } from '#kernel';
import type { TlsEnd, TlsIdentity } from './end.ts';
import { namesIn } from './names.ts';

/** PEM files that somebody else keeps current: an operator, cert-manager. */
export interface CertificateFiles {
  /** The chain, the own certificate first. */
  readonly cert: string;
  readonly key: string;
  /** The roots that the other end's certificate must come from. */
  readonly ca: string;
}

/** How often files are looked at, in milliseconds; a look is three `stat`. */
const lookMs = 5_000;

/**
 * An end whose certificates are in files. They are read again when they change; a set that does not fit together (half of it written,
 * say) is left alone until it does.
 *
 * @param clients - names, URI or DNS, one of which a client's certificate must carry to be admitted, for every tenant then
 */
export function createFileEnd(
  files: CertificateFiles,
  { clients, clock, log, everyMs = lookMs }: { clients: readonly string[]; clock: Clock; log: Logger; everyMs?: number },
): TlsEnd {
  let held: { readonly identity: TlsIdentity; readonly stamp: string } | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const stamp = await stampOf(files);
      if (stamp !== held?.stamp) held = { stamp, identity: await read(files) };
    } catch (cause) {
      if (held === undefined)
        throw new FactotumError('certificate.invalid', `The certificate files cannot be used: ${reasonOf(cause)}.`, { cause });
      log.warn({ err: cause }, 'changed certificate files cannot be used; the ones read before go on');
    }
    lookedAtMs = clock.monotonicMs();
  }

  return {
    async current() {
      if (held === undefined || clock.monotonicMs() - lookedAtMs >= everyMs) {
        looking ??= look().finally(() => {
          looking = undefined;
        });
        await looking;
      }
      if (held === undefined) throw new Error('a look that succeeds holds something');
      return held.identity;
    },
    admit(peer) {
      if (peer.validToDate <= clock.now()) return { kind: 'refused', reason: 'it has expired' };
      const { uris, dns } = namesIn(peer.subjectAltName);
      if (![...uris, ...dns].some((name) => clients.includes(name)))
        return { kind: 'refused', reason: 'it carries none of the names in FACTOTUM_TOOLS_CLIENTS' };
      return { kind: 'admitted', mayActFor: () => true };
    },
    checkServer: checkServerIdentity,
  };
}

/** Changes whenever one of the files does, also when a mount is swapped whole. */
async function stampOf({ cert, key, ca }: CertificateFiles): Promise<string> {
  const found = await Promise.all([cert, key, ca].map((path) => stat(path)));
  return found.map(({ ino, size, mtimeMs, ctimeMs }) => [ino, size, mtimeMs, ctimeMs].join(':')).join(' ');
}

/** Everybody beyond owner and group: Kubernetes mounts secrets readable by a group, and gives the pod that group. */
const othersMask = 0o007;

async function read(files: CertificateFiles): Promise<TlsIdentity> {
  // Windows has no such bits.
  if (process.platform !== 'win32' && ((await stat(files.key)).mode & othersMask) !== 0)
    throw new FactotumError('certificate.invalid', `${files.key} may be read by everybody; run: chmod 600 ${files.key}`);
  const [cert, key, ca] = await Promise.all([files.cert, files.key, files.ca].map((path) => readFile(path, 'utf8')));
  if (cert === undefined || key === undefined || ca === undefined) throw new Error('three files were read');
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new FactotumError('certificate.invalid', `${files.key} is not the key of ${files.cert}`);
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new FactotumError('certificate.invalid', `${files.ca} holds no certificate`);
  return { cert, key, ca: [ca] };
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
