import { ConnectorFault, isConnectorFault } from '@factotum/connector-sdk';

/** The parts of the errors of IMAP and SMTP clients that say what follows from them. */
interface ClientError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly authenticationFailed?: boolean;
  readonly responseStatus?: string;
  readonly serverResponseCode?: string;
}

/** How certificates are refused: waiting does not help. */
const certificateCodes =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT)|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|ERR_SSL_(WRONG_VERSION|UNSUPPORTED|TLSV1_ALERT)|ERR_SSL_PACKET)/;
/** A server that floods: what it sends is beyond what any message needs. */
const floodCodes = new Set(['LineTooLarge', 'LiteralTooLarge', 'ResponseTooLarge', 'MAX_IMAP_NESTING_REACHED']);
/** The only server codes of a failed sign-in by which trying later helps (RFC 5530, section 3). */
const waitCodes = new Set(['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG']);

/**
 * What follows from an error of a mail server.
 *
 * The message is ours: what a server says may hold anything, and goes to the log as the cause only.
 */
export function mailFault(error: unknown, server: 'incoming' | 'outgoing'): ConnectorFault {
  if (isConnectorFault(error)) return error;
  const name = `The ${server} mail server`;
  if (!(error instanceof Error)) return new ConnectorFault('transient', `${name} failed.`, { cause: error });
  // Errors of both clients carry these members; each is checked before it is believed.
  const { code, responseCode, authenticationFailed, serverResponseCode } = error as ClientError;
  const options = { cause: error };
  const original = 'originalCode' in error && typeof error.originalCode === 'string' ? error.originalCode : code;
  if (authenticationFailed === true || code === 'EAUTH') {
    if (serverResponseCode !== undefined && waitCodes.has(serverResponseCode))
      return new ConnectorFault('transient', `${name} takes nobody right now.`, options);
    // 4xx at AUTH is the server's own trouble (RFC 4954, section 6); 5xx and everything else is ours.
    if (responseCode !== undefined && responseCode < 500)
      return new ConnectorFault('transient', `${name} cannot sign us in right now.`, options);
    return new ConnectorFault('auth', `${name} refuses the user name and the password or token. Enter them again.`, options);
  }
  if (code === 'STARTTLS_INJECTION' || code === 'ETLS' || certificateCodes.test(original ?? '') || certificateCodes.test(code ?? ''))
    return new ConnectorFault(
      'permanent',
      `${name} does not prove who it is, or offers no TLS: check host name, port and protection, or name its certificate.`,
      options,
    );
  if (code !== undefined && floodCodes.has(code)) return new ConnectorFault('transient', `${name} sends more than any mail has.`, options);
  if (responseCode === 421 || responseCode === 454 || code === 'ETHROTTLE')
    return new ConnectorFault('rate_limited', `${name} asks us to wait.`, { ...options, retryAfterMs: 60_000 });
  return new ConnectorFault('transient', `${name} does not answer as it should, or not at all.`, options);
}
