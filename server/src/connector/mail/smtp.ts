import { Readable } from 'node:stream';
import { ConnectorFault } from '@factotum/connector-sdk';
import SMTPConnection from 'nodemailer/lib/smtp-connection/index.js';
import XOAuth2 from 'nodemailer/lib/xoauth2/index.js';
import { accessOf, isRefreshable } from './access.ts';
import { targetOf } from './dial.ts';
import { mailFault } from './fault.ts';
import type { MailContext } from './settings.ts';

export interface OutgoingMail {
  readonly from: string;
  readonly to: readonly string[];
  /** A whole RFC 5322 message. */
  readonly message: Buffer;
}

/** What became of a message. `unknown`: all of it had gone out when the line broke, and the server may have taken it. */
export type Delivery =
  | { readonly kind: 'taken'; readonly accepted: readonly string[]; readonly rejected: readonly string[] }
  | { readonly kind: 'refused'; readonly fault: ConnectorFault }
  | { readonly kind: 'unknown' };

const timesMs = { connectionTimeout: 20_000, greetingTimeout: 15_000, dnsTimeout: 5_000, socketTimeout: 60_000, socketCloseTimeout: 2_000 };
const answerBytesMax = 256 * 1024;

/**
 * Hands a message to the outgoing server.
 *
 * Until the last byte of a message is out no server can have taken it (RFC 5321, section 4.1.1.4: the end of data is its last line), so a line
 * that breaks before is a plain failure. After it, only an answer tells.
 */
export async function deliver(context: MailContext, mail: OutgoingMail): Promise<Delivery> {
  let isOut = false;
  try {
    return await withServer(context, async (server) => {
      const message = Readable.from(chunksOf(mail.message));
      message.once('end', () => {
        isOut = true;
      });
      const { accepted, rejected } = await server.send({ from: mail.from, to: [...mail.to], size: mail.message.byteLength }, message);
      return { kind: 'taken', accepted, rejected };
    });
  } catch (error) {
    const code = answerOf(error);
    if (isOut && code === null) return { kind: 'unknown' };
    return { kind: 'refused', fault: code === null ? mailFault(error, 'outgoing') : refusal(error, code) };
  }
}

/** Signs in and out. @throws ConnectorFault. */
export async function checkOutgoing(context: MailContext): Promise<void> {
  await withServer(context, async () => undefined).catch((error: unknown) => {
    throw mailFault(error, 'outgoing');
  });
}

interface Server {
  send(envelope: { from: string; to: string[]; size: number }, message: Readable): Promise<{ accepted: string[]; rejected: string[] }>;
}

async function withServer<R>(context: MailContext, work: (server: Server) => Promise<R>): Promise<R> {
  const { smtpHost: host, smtpPort: port, smtpSecurity: security, trustedCertificate } = context.settings;
  if (host === undefined) throw new ConnectorFault('permanent', 'This mail account has no outgoing server. Enter one to send mail.');
  const target = await targetOf(context, { host, port, security, trustedCertificate });
  const connection = new SMTPConnection({
    ...timesMs,
    host: target.address,
    port: target.port,
    secure: security === 'tls',
    ...(security === 'starttls' ? { requireTLS: true } : {}),
    ...(security === 'none' ? { ignoreTLS: true } : {}),
    ...('servername' in target.tls ? { servername: target.tls.servername } : {}),
    tls: target.tls,
    // What a server in the wild shows of us; the name of this machine is nobody's business.
    name: '[127.0.0.1]',
    maxResponseSize: answerBytesMax,
    allowInternalNetworkInterfaces: true,
    logger: false,
  });
  const close = (): void => connection.close();
  context.signal.addEventListener('abort', close, { once: true });
  const broken = new Promise<never>((_resolve, reject) => {
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('the line was closed')));
  });
  broken.catch(() => undefined);
  const wait = <T>(begin: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> =>
    Promise.race([
      broken,
      new Promise<T>((resolve, reject) =>
        // The value comes whenever there is no error; those that take none resolve to undefined and nobody looks.
        begin((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error))),
      ),
    ]);
  try {
    context.signal.throwIfAborted();
    await wait((done) => connection.connect(done));
    await signIn(context, (auth) => wait((done) => connection.login(auth, done)));
    return await work({
      send: (envelope, message) => wait((done) => connection.send(envelope, message, (error, info) => done(error, info ?? undefined))),
    });
  } finally {
    context.signal.removeEventListener('abort', close);
    connection.quit();
    connection.close();
  }
}

async function signIn(context: MailContext, login: (auth: Parameters<SMTPConnection['login']>[0]) => Promise<unknown>): Promise<void> {
  const access = await accessOf(context);
  if ('password' in access) await login({ user: access.user, pass: access.password });
  else
    await login({
      user: access.user,
      oauth2: new XOAuth2({
        user: access.user,
        accessToken: access.accessToken,
        // Asked again when the server refuses the token: it can have been withdrawn before its time.
        provisionCallback: (_user, renew, done) =>
          void accessOf(context, renew && isRefreshable(context)).then(
            (fresh) => done(null, 'accessToken' in fresh ? fresh.accessToken : ''),
            (error: unknown) => done(error instanceof Error ? error : new Error('no token')),
          ),
      }),
    });
}

/** The server's own answer to this message, or null: a line that was cut has none. */
function answerOf(error: unknown): number | null {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined;
  return typeof code === 'number' && code >= 400 && code <= 599 ? code : null;
}

/** RFC 5321, section 4.2.1: 4xx may be tried again, 5xx not. Of its words only the codes are told. */
function refusal(error: unknown, code: number): ConnectorFault {
  const command = error instanceof Error && 'command' in error ? String(error.command) : '';
  if (command.startsWith('AUTH') || command === 'CONN' || command === 'STARTTLS' || code === 421) return mailFault(error, 'outgoing');
  const words = error instanceof Error && 'response' in error ? String(error.response) : '';
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(words)?.[1];
  const codes = enhanced === undefined ? String(code) : `${code} ${enhanced}`;
  const what = command === 'RCPT TO' ? 'none of the recipients' : command === 'MAIL FROM' ? 'no mail from this address' : 'not this mail';
  if (code >= 500) return new ConnectorFault('permanent', `The outgoing mail server takes ${what} (${codes}).`, { cause: error });
  return new ConnectorFault('transient', `The outgoing mail server takes ${what} right now (${codes}).`, { cause: error });
}

const chunkBytes = 64 * 1024;
function* chunksOf(message: Buffer): Generator<Buffer> {
  for (let at = 0; at < message.byteLength; at += chunkBytes) yield message.subarray(at, at + chunkBytes);
}
