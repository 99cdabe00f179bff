import { createHmac, timingSafeEqual } from 'node:crypto';
import { ConnectorFault, type HookRequest } from '@factotum/connector-sdk';
import { Webhook as Verifier } from 'standardwebhooks';
import { secretRefusal } from './secret.ts';
import type { WebhookSettings } from './settings.ts';

/**
 * Verifies who sent a request.
 *
 * @throws ConnectorFault `auth` when the signature is missing, wrong or too old, or the secret (behind a reference it may have changed) can be
 * guessed. The same words for all of it: whoever guesses learns nothing.
 */
export function verify(request: HookRequest, { signature }: WebhookSettings, secret: string, now: Date): void {
  const isGood = signature.scheme === 'standard' ? isStandard(request, secret) : isHmac(request, signature, secret, now);
  if (!isGood || secretRefusal(secret) !== null) throw new ConnectorFault('auth', 'The signature is missing, wrong or too old.');
}

/** standardwebhooks.com: the library also refuses what is more than five minutes old or ahead. */
function isStandard({ headers, body }: HookRequest, secret: string): boolean {
  try {
    new Verifier(secret).verify(Buffer.from(body), { ...headers }, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

type Hmac = Extract<WebhookSettings['signature'], { scheme: 'hmac' }>;

/** What GitHub, Stripe, Shopify and many others do: an HMAC in a header, over the body, or over a time and the body. */
function isHmac({ headers, body }: HookRequest, scheme: Hmac, secret: string, now: Date): boolean {
  const given = headers[scheme.header.toLowerCase()];
  if (given === undefined || given.length > 2_000) return false;
  const time = scheme.timestampHeader === undefined ? null : headers[scheme.timestampHeader.toLowerCase()];
  if (time === undefined) return false;
  if (time !== null && !isRecent(time, scheme.toleranceSeconds, now)) return false;
  const hmac = createHmac(scheme.algorithm, secret);
  if (time !== null) hmac.update(`${time}${scheme.separator}`);
  const expected = hmac.update(body).digest();
  // While the far side replaces its secret it may send several.
  return given
    .split(/[ ,]+/)
    .map((one) => (one.startsWith(scheme.prefix) ? Buffer.from(one.slice(scheme.prefix.length), scheme.encoding) : Buffer.alloc(0)))
    .some((one) => one.length === expected.length && timingSafeEqual(one, expected));
}

/** Seconds since 1970. */
const isRecent = (time: string, toleranceSeconds: number, now: Date): boolean =>
  /^\d{1,12}$/.test(time) && Math.abs(now.getTime() / 1_000 - Number(time)) <= toleranceSeconds;
