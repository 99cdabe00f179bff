import { McpError, ErrorCode as McpErrorCode } from '@modelcontextprotocol/sdk/types.js';
import type { ToolAnswer } from '#flow/tool';
import { type ErrorCode, isFactotumError } from '#kernel';
import { neverConnected } from '#kernel/outbound';
import { redact } from '#kernel/redact';

/** A server turned a message away: with this status, before it did anything. */
export class Refusal extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  constructor(status: number, retryAfterMs?: number) {
    super(`the server answered with status ${status}`);
    this.name = 'Refusal';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer that did not come to its end, or could not be read. Words of ours. */
export class BrokenAnswer extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BrokenAnswer';
  }
}

/** Somebody has to sign us in before this server says anything. */
export class SignInNeeded extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SignInNeeded';
  }
}

/** What is wrong between us and a server, in words of ours. */
export interface ServerFault {
  readonly failure: Extract<ToolAnswer, { kind: 'failed' }>['failure'];
  readonly code: ErrorCode;
  readonly message: string;
  /** Nothing happens before a person does something. */
  readonly isForPeople: boolean;
  /** The message certainly reached nobody who could have acted on it. */
  readonly isBeforeTheFact: boolean;
  readonly retryAfterMs?: number;
}

/** Says what happened. Of the server's own words only those of an error answer get through, bounded and without secrets. */
export function faultOf(error: unknown): ServerFault {
  const known = causes(error);
  for (const one of known) {
    if (one instanceof SignInNeeded) return forPeople('tool.auth', one.message);
    if (one instanceof Refusal) return ofStatus(one);
    if (isFactotumError(one)) {
      if (one.code === 'outbound.too_large') return broken('The server sent more than one answer may be.');
      if (one.code === 'outbound.address_refused') return forPeople(one.code, one.message);
      const isForPeople = !one.retry;
      return { failure: one.retry ? 'transient' : 'permanent', code: one.code, message: one.message, isForPeople, isBeforeTheFact: true };
    }
  }
  if (known.some(neverConnected)) return away('The server cannot be reached.', true);
  for (const one of known) {
    if (one instanceof BrokenAnswer) return broken(one.message);
    if (one instanceof McpError) return ofProtocol(one);
    if (one instanceof Error && (one.name === 'TimeoutError' || one.name === 'AbortError'))
      return { ...broken('The server did not answer in time.'), code: 'tool.timed_out' };
  }
  return broken('The connection to the server broke off.');
}

/** One line of a stranger's words: bounded, without secrets of ours, and with nothing in it that hides. */
export const quoted = (text: string, charsMax = 500): string =>
  redact(text.slice(0, 4 * charsMax))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, charsMax);

function ofStatus({ status, retryAfterMs }: Refusal): ServerFault {
  if (status === 401 || status === 403)
    return forPeople('tool.auth', `The server does not let us in (status ${status}). Sign in to it again.`);
  if (status === 429)
    return {
      ...away('The server takes no more calls just now.', true),
      failure: 'rate_limited',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  if (status >= 300 && status < 400)
    return forPeople('tool_server.invalid', 'The server sends us elsewhere, where we do not follow. Give the address that it really has.');
  if (status >= 500)
    return {
      ...away(`The server answered with status ${status}.`, status === 503),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  return {
    ...forPeople('tool.failed', `The server refused the message (status ${status}).`),
    isForPeople: status === 404 || status === 405,
  };
}

function ofProtocol(error: McpError): ServerFault {
  if (error.code === McpErrorCode.RequestTimeout) return { ...broken('The server did not answer in time.'), code: 'tool.timed_out' };
  if (error.code === McpErrorCode.ConnectionClosed) return broken('The server ended in the middle of the call.');
  // The SDK writes the code before the words.
  const words = quoted(error.message.replace(/^MCP error -?\d+: /, ''));
  return { failure: 'permanent', code: 'tool.failed', message: `The server refused: ${words}`, isForPeople: false, isBeforeTheFact: true };
}

const away = (message: string, isBeforeTheFact: boolean): ServerFault => ({
  failure: 'transient',
  code: 'tool.unavailable',
  message,
  isForPeople: false,
  isBeforeTheFact,
});
const broken = (message: string): ServerFault => away(message, false);
const forPeople = (code: ErrorCode, message: string): ServerFault => ({
  failure: code === 'tool.auth' ? 'auth' : 'permanent',
  code,
  message,
  isForPeople: true,
  isBeforeTheFact: true,
});

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  for (let one = error; one !== undefined && one !== null && found.length < 8; one = one instanceof Error ? one.cause : undefined)
    found.push(one);
  return found;
}
