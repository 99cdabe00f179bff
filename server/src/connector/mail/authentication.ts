import type { Arrival } from '@factotum/connector-sdk';
import { type AuthenticateResult, authenticate, type DNSResolver } from 'mailauth';
import type { MailContext } from './settings.ts';

type Authentication = NonNullable<Extract<Arrival, { form: 'mail' }>['authentication']>;

/** The words of RFC 8601, section 2.7, that a result may be. Whatever else stands there is not repeated. */
const verdicts = new Set(['pass', 'fail', 'none', 'neutral', 'softfail', 'policy', 'temperror', 'permerror']);
const methods = ['spf', 'dkim', 'dmarc', 'arc'] as const;
/** As much of a message as is looked through for its header. */
const headerBytesMax = 256 * 1024;
const verifyMsMax = 5_000;
/** Names asked for one message; a hostile one has hundreds of signatures. */
const lookupsMax = 40;

/**
 * What is known of the sender of a mail, for people: never a reason to allow anything, and never one to hold a mail up.
 *
 * With a trusted name, only what the tenant's own server wrote under it counts; everybody can write such a header, so all others are
 * passed over. Without, the signatures are checked here. SPF is the receiving server's to check: nobody later knows who connected to it.
 */
export async function authenticationOf({ settings, signal }: MailContext, bytes: Buffer, resolve: DNSResolver): Promise<Authentication> {
  if (settings.trustedAuthserv !== undefined) return trustedResults(headerOf(bytes), settings.trustedAuthserv);
  return verified(bytes, resolve, signal);
}

/** The topmost header of that name counts: a server that adds its own takes away what claims to be it (RFC 8601, section 5). */
export function trustedResults(header: string, authserv: string): Authentication {
  for (const [, value = ''] of header.matchAll(/^authentication-results:((?:[^\n]|\n[ \t])*)/gim)) {
    const [name = '', ...results] = withoutComments(value).split(';');
    // A version may follow the name.
    if (name.trim().split(/\s+/)[0]?.toLowerCase() !== authserv.toLowerCase()) continue;
    const found: Record<string, string> = {};
    for (const result of results) {
      const [, method = '', verdict = ''] = /^\s*([a-z]+)\s*(?:\/\s*\d+\s*)?=\s*([a-z]+)/i.exec(result) ?? [];
      const known = methods.find((one) => one === method.toLowerCase());
      if (known === undefined || !verdicts.has(verdict.toLowerCase())) continue;
      // One of several signatures that holds is enough (RFC 6376, section 6.1).
      if (found[known] !== 'pass') found[known] = verdict.toLowerCase();
    }
    return found;
  }
  return {};
}

/** Comments may nest and hold anything, such as `; dkim=pass`; so may quoted words, which no result needs. */
function withoutComments(text: string): string {
  let depth = 0;
  let isQuoted = false;
  let kept = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\') at += 1;
    else if (char === '"' && depth === 0) isQuoted = !isQuoted;
    else if (char === '(' && !isQuoted) depth += 1;
    else if (char === ')' && !isQuoted) depth = Math.max(0, depth - 1);
    else if (depth === 0 && !isQuoted) kept += char;
  }
  return kept;
}

function headerOf(bytes: Buffer): string {
  const head = bytes.subarray(0, headerBytesMax).toString('latin1').replace(/\r\n?/g, '\n');
  const end = head.indexOf('\n\n');
  return end < 0 ? head : head.slice(0, end + 1);
}

async function verified(bytes: Buffer, resolve: DNSResolver, signal: AbortSignal): Promise<Authentication> {
  let lookups = 0;
  let isOver = false;
  const resolver: DNSResolver = async (domain, type) => {
    lookups += 1;
    if (isOver || lookups > lookupsMax) throw Object.assign(new Error('too many names'), { code: 'ETIMEOUT' });
    return resolve(domain, type);
  };
  const ended = AbortSignal.any([AbortSignal.timeout(verifyMsMax), signal]);
  const late = new Promise<null>((done) => ended.addEventListener('abort', () => done(null), { once: true }));
  const result = await Promise.race([authenticate(bytes, { resolver, disableBimi: true, trustReceived: false }).catch(() => null), late]);
  isOver = true;
  return result === null ? {} : wordsOf(result);
}

function wordsOf({ dkim, dmarc, arc }: AuthenticateResult): Authentication {
  const signatures = dkim.results.map(({ status }) => status.result);
  const word = signatures.includes('pass') ? 'pass' : signatures[0];
  return {
    ...known('dkim', word),
    ...(dmarc === false || dmarc === undefined ? {} : known('dmarc', dmarc.status.result)),
    ...(arc === false || arc === undefined ? {} : known('arc', arc.status.result)),
  };
}

const known = (method: (typeof methods)[number], word: string | undefined): Authentication =>
  word === undefined || !verdicts.has(word) ? {} : { [method]: word };
