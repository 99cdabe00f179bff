import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { FactotumError, type Logger } from '#kernel';
import { isLoopback, isProbe } from './probe.ts';
import { readPrivate, watchFiles } from './watched-file.ts';

/** Knows whether a request came through the edge: whoever goes round it goes round what the edge does for us. */
export interface Edge {
  admits(request: IncomingMessage): boolean;
  /** Looks for other secrets now. Never throws: what cannot be used is logged, and what was there stays. */
  reload(): Promise<void>;
  close(): void;
}

const edgeHeader = 'x-factotum-edge';

/** A secret that can be guessed is none. */
const secretLengthMin = 32;

/**
 * Asks for a client certificate, for one of the secrets in the file, or for both.
 *
 * Probes from this machine are let through: whoever runs it need not go out to the edge to ask whether it lives, and they tell nothing else.
 *
 * @throws FactotumError `config.invalid` when the file holds no secret.
 */
export async function openEdge(
  { needsCertificate, secretFile }: { readonly needsCertificate: boolean; readonly secretFile: string | undefined },
  log: Logger,
): Promise<Edge> {
  let secrets = secretFile === undefined ? null : await readSecrets(secretFile);
  const reload = async () => {
    if (secretFile === undefined) return;
    try {
      secrets = await readSecrets(secretFile);
    } catch (error) {
      log.error({ err: error }, 'the new secrets of the edge cannot be used; the old ones stay');
    }
  };
  const stopWatching = secretFile === undefined ? undefined : watchFiles([secretFile], () => void reload());
  return {
    admits(request) {
      if (isProbe(request) && isLoopback(request.socket.remoteAddress)) return true;
      if (needsCertificate && !(request.socket instanceof TLSSocket && request.socket.authorized)) return false;
      return secrets === null || isOneOf(secrets, request.headersDistinct[edgeHeader]);
    },
    reload,
    close: () => stopWatching?.(),
  };
}

/** One a line, so that while the edge changes from one to the next both are good. */
async function readSecrets(path: string): Promise<readonly Buffer[]> {
  const lines = (await readPrivate('FACTOTUM_EDGE_SECRET_FILE', path)).split('\n').map((line) => line.trim());
  const secrets = lines.filter((line) => line !== '');
  if (secrets.length === 0 || secrets.some((secret) => secret.length < secretLengthMin))
    throw new FactotumError(
      'config.invalid',
      `FACTOTUM_EDGE_SECRET_FILE: ${path} must hold secrets of at least ${secretLengthMin} characters, one a line.`,
    );
  return secrets.map(digestOf);
}

/** All are compared, hashed: how long it takes says nothing about any of them. A header that comes twice is nobody's. */
function isOneOf(secrets: readonly Buffer[], given: readonly string[] | undefined): boolean {
  const [only, ...more] = given ?? [];
  const digest = digestOf(more.length === 0 ? (only ?? '') : '');
  return secrets.map((secret) => timingSafeEqual(secret, digest)).includes(true);
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
