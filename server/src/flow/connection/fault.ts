import { type ConnectorFault, isConnectorFault } from '@factotum/connector-sdk';
import { FactotumError, isFactotumError } from '#kernel';
import { redact } from '#kernel/redact';

/** What is kept and shown of a failure. */
export interface Told {
  readonly code: string;
  readonly message: string;
}

const messageCharsMax = 500;

/** What people are told of a failure: a fault in its own words, one of ours as it is, anything else as our mistake, without its words. */
export function told(error: unknown): Told {
  if (isConnectorFault(error)) return { code: error.kind, message: shown(error.message) };
  if (isFactotumError(error)) return { code: error.code, message: shown(error.message) };
  if (error instanceof Error && error.name === 'TimeoutError')
    return { code: 'transient', message: 'The far side did not answer in time.' };
  return { code: 'internal', message: 'The connector failed in a way that it should not. The log says more; it is tried again.' };
}

/** No line ends, no secret that we know, no novel. */
const shown = (message: string): string => redact(message.toWellFormed().replace(/\p{Cc}+/gu, ' ')).slice(0, messageCharsMax);

/** A fault as it is answered to a program. */
export function errorOf(error: unknown): unknown {
  if (!isConnectorFault(error)) return error;
  const isLasting = error.kind === 'auth' || error.kind === 'permanent';
  return new FactotumError(isLasting ? 'connection.refused' : 'connection.unavailable', shown(error.message), {
    details: { fault: error.kind, ...retryOf(error) },
    cause: error,
  });
}

const retryOf = ({ retryAfterMs }: ConnectorFault) =>
  retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) };
