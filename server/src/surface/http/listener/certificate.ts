import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { FactotumError, type Logger } from '#kernel';
import { readNamed, readPrivate, watchFiles } from './watched-file.ts';

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Whose client certificates show that a connection comes from the edge. */
  readonly clientCaFile?: string | undefined;
}

/** The pair that is served, and whom its clients are checked against. */
export interface Certificate {
  readonly context: SecureContextOptions;
  readonly expiresAt: Date;
}

export interface CertificateHolder {
  readonly current: Certificate;
  /** Begins to look for another pair; calls with each one that is good. */
  watch(onRenewed: (certificate: Certificate) => void): void;
  /** Looks now. Never throws: what cannot be used is logged, and what was there stays. */
  reload(): Promise<void>;
  close(): void;
}

/** TLS 1.3's suites, and of TLS 1.2 those with forward secrecy and authenticated encryption (Mozilla's "intermediate", 2025, without DHE). */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * Reads certificate and key, and checks that they belong together.
 *
 * At the start a fault is one of the configuration. Later it is a line in the log: a renewal that went wrong must not end what works.
 *
 * @throws FactotumError `config.invalid` naming the setting.
 */
export async function openCertificate(files: CertificateFiles, log: Logger): Promise<CertificateHolder> {
  const first = await read(files);
  let { certificate, digest } = first;
  /** Told once: the same bad pair is found again at every look. */
  let refused = '';
  let stopWatching: (() => void) | undefined;
  let onRenewed: (renewed: Certificate) => void = () => undefined;
  let looking: Promise<void> = Promise.resolve();
  if (isExpired(certificate)) log.error({ expiresAt: certificate.expiresAt }, 'the TLS certificate has expired; renew it');

  async function look(): Promise<void> {
    try {
      const found = await read(files);
      refused = '';
      if (found.digest === digest) return;
      if (isExpired(found.certificate) && !isExpired(certificate))
        throw new FactotumError('config.invalid', `FACTOTUM_TLS_CERT: ${files.certificateFile} has expired.`);
      ({ certificate, digest } = found);
      onRenewed(certificate);
      log.info({ expiresAt: certificate.expiresAt }, 'a new TLS certificate is served');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== refused) log.error({ err: error }, 'the new TLS certificate cannot be used; the old one stays');
      refused = why;
    }
  }
  // One after the other: two at once could end with the older pair.
  const reload = () => {
    looking = looking.then(look);
    return looking;
  };

  return {
    get current() {
      return certificate;
    },
    watch(listener) {
      onRenewed = listener;
      const paths = [files.certificateFile, files.keyFile, ...(files.clientCaFile === undefined ? [] : [files.clientCaFile])];
      stopWatching = watchFiles(paths, () => void reload());
    },
    reload,
    close: () => stopWatching?.(),
  };
}

const isExpired = ({ expiresAt }: Certificate): boolean => expiresAt.getTime() <= Date.now();

async function read({ certificateFile, keyFile, clientCaFile }: CertificateFiles): Promise<{ certificate: Certificate; digest: string }> {
  const [cert, key, ca] = await Promise.all([
    readNamed('FACTOTUM_TLS_CERT', certificateFile),
    readPrivate('FACTOTUM_TLS_KEY', keyFile),
    clientCaFile === undefined ? undefined : readNamed('FACTOTUM_EDGE_CA', clientCaFile),
  ]);
  // The first of a chain is the server's own.
  const leaf = parsed('FACTOTUM_TLS_CERT', certificateFile, () => new X509Certificate(cert));
  const privateKey = parsed('FACTOTUM_TLS_KEY', keyFile, () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey))
    throw new FactotumError('config.invalid', `FACTOTUM_TLS_KEY: ${keyFile} is not the key of the certificate in ${certificateFile}.`);
  if (ca !== undefined && clientCaFile !== undefined) parsed('FACTOTUM_EDGE_CA', clientCaFile, () => new X509Certificate(ca));
  const context: SecureContextOptions = {
    cert,
    key,
    ciphers,
    minVersion: 'TLSv1.2',
    honorCipherOrder: true,
    ...(ca === undefined ? {} : { ca }),
  };
  parsed('FACTOTUM_TLS_CERT', certificateFile, () => createSecureContext(context));
  const digest = createHash('sha256')
    .update(`${cert}\0${key}\0${ca ?? ''}`)
    .digest('hex');
  return { certificate: { context, expiresAt: leaf.validToDate }, digest };
}

/** What a parser says can quote what it read, and that may be a key. */
function parsed<T>(setting: string, path: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new FactotumError('config.invalid', `${setting}: ${path} is not what it should be: PEM, without a passphrase.`);
  }
}
