import { ConnectorFault } from '@factotum/connector-sdk';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { rawBytesMax } from '#flow/intake';
import { type Access, accessOf, isRefreshable } from './access.ts';
import { targetOf } from './dial.ts';
import { mailFault } from './fault.ts';
import type { MailContext } from './settings.ts';

/**
 * What one line, one literal and one response of a server may have: a message of 25 MiB with its framing, and a line that lists all of the
 * messages of a window (`window.ts`).
 */
const limits = { maxLineLength: 4 * 1024 * 1024, maxLiteralSize: rawBytesMax + 64 * 1024, maxResponseSize: rawBytesMax + 6 * 1024 * 1024 };
/** What a session may receive besides the messages that were asked for, looked at this often: lines without end come in small pieces. */
const floodBytesMax = 8 * 1024 * 1024;
const floodLookMs = 250;
const timesMs = { connectionTimeout: 20_000, greetingTimeout: 15_000, socketTimeout: 60_000 };
/** IDLE is begun anew before the 29 minutes after which servers may hang up (RFC 2177). */
const idleMsMax = 28 * 60_000;

export interface Session {
  readonly client: ImapFlow;
  /** Says that so many bytes more are expected, so that they do not count as a flood. */
  expect(bytes: number): void;
}

/**
 * Signs in, works, and signs out; whatever happens, the connection is closed then, and at once when the signal is aborted.
 *
 * @param idles - the connection is for waiting: silence on it is no fault, and what it receives is not counted
 * @throws ConnectorFault
 */
export async function withMailbox<R>(context: MailContext, work: (session: Session) => Promise<R>, { idles = false } = {}): Promise<R> {
  try {
    context.signal.throwIfAborted();
    const client = await signedIn(context, idles);
    const close = (): void => client.close();
    context.signal.addEventListener('abort', close, { once: true });
    const guard = idles ? null : guardOf(client);
    try {
      return await (guard === null
        ? work({ client, expect: () => undefined })
        : Promise.race([work({ client, expect: guard.expect }), guard.flooded]));
    } finally {
      guard?.stop();
      context.signal.removeEventListener('abort', close);
      // A server that does not say goodbye is not waited for.
      if (client.usable && !idles) await Promise.race([client.logout().catch(() => undefined), goneBy(client)]);
      client.close();
    }
  } catch (error) {
    throw mailFault(error, 'incoming');
  }
}

async function signedIn(context: MailContext, idles: boolean): Promise<ImapFlow> {
  const access = await accessOf(context);
  try {
    return await connect(context, access, idles);
  } catch (error) {
    const fault = mailFault(error, 'incoming');
    if (fault.kind !== 'auth' || !isRefreshable(context)) throw error;
    // A token can have been withdrawn before its time.
    return connect(context, await accessOf(context, true), idles);
  }
}

async function connect(context: MailContext, access: Access, idles: boolean): Promise<ImapFlow> {
  const { imapHost: host, imapPort: port, imapSecurity: security, trustedCertificate } = context.settings;
  const target = await targetOf(context, { host, port, security, trustedCertificate });
  const { user, ...secret } = access;
  const options: ImapFlowOptions = {
    ...limits,
    ...timesMs,
    host: target.address,
    port: target.port,
    secure: security === 'tls',
    ...(security === 'tls' ? {} : { doSTARTTLS: security === 'starttls' }),
    ...('servername' in target.tls ? { servername: target.tls.servername } : {}),
    tls: target.tls,
    auth: 'password' in secret ? { user, pass: secret.password } : { user, accessToken: secret.accessToken },
    clientInfo: { name: 'Factotum' },
    // What is squeezed can be a thousand times as much unpacked.
    disableCompression: true,
    disableAutoIdle: true,
    maxIdleTime: idleMsMax,
    maxLockHoldTime: false,
    logger: false,
  };
  const client = new ImapFlow(idles ? { ...options, socketTimeout: idleMsMax + 60_000 } : options);
  // Calls that wait are rejected with the same error; without a listener it would end the process.
  client.on('error', () => undefined);
  const close = (): void => client.close();
  context.signal.addEventListener('abort', close, { once: true });
  try {
    await client.connect();
    context.signal.throwIfAborted();
    return client;
  } catch (error) {
    client.close();
    throw error;
  } finally {
    context.signal.removeEventListener('abort', close);
  }
}

/** Ends a session in which far more arrives than was asked for. */
function guardOf(client: ImapFlow) {
  let allowed = floodBytesMax;
  let timer: NodeJS.Timeout | undefined;
  const flooded = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      if (client.stats().received <= allowed) return;
      client.close();
      reject(new ConnectorFault('transient', 'The incoming mail server sends more than any mail has.'));
    }, floodLookMs);
  });
  // Nobody may be waiting for it any more.
  flooded.catch(() => undefined);
  return {
    flooded,
    expect: (bytes: number) => {
      allowed += bytes;
    },
    stop: () => clearInterval(timer),
  };
}

const logoutMsMax = 3_000;
const goneBy = (client: ImapFlow): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, logoutMsMax);
    client.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
