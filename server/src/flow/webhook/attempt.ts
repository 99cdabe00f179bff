import { isConnectorFault } from '@factotum/connector-sdk';
import { Webhook as Signer } from 'standardwebhooks';
import type { OutsideNetwork } from '#flow/connection';

/** What came of one attempt. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly status: number }
  /** `isDown`: nobody answered, or asked for patience; the next telling would meet the same. */
  | {
      readonly kind: 'failed';
      readonly status: number | null;
      readonly message: string;
      readonly retryAfterMs: number | null;
      readonly isDown: boolean;
    }
  | { readonly kind: 'gone'; readonly message: string };

/** Between 15 and 30 s is what the specification recommends for a far side to take it in. */
const timeoutMs = 20_000;
/** Of what a far side says to a failure, this much is shown. */
const messageCharsMax = 500;
const retryAfterMsMax = 24 * 3_600_000;

/**
 * Sends one telling as Standard Webhooks has it (standardwebhooks.com): id, time of the attempt, and one signature for each secret. What the
 * far side answers is never followed and only its beginning read.
 */
export async function attempt(
  network: Pick<OutsideNetwork, 'fetch'>,
  told: { readonly url: string; readonly id: string; readonly payload: Buffer; readonly secrets: readonly string[]; readonly at: Date },
  signal: AbortSignal,
): Promise<Outcome> {
  const { url, id, payload, secrets, at } = told;
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Factotum',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, at, payload)).join(' '),
  };
  try {
    const response = await network.fetch(
      url,
      { method: 'POST', headers, body: new Uint8Array(payload) },
      AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    );
    const { status } = response;
    if (response.ok) {
      // It has said yes; what else it says nobody reads.
      void response.body?.cancel().catch(() => undefined);
      return { kind: 'delivered', status };
    }
    const message = await beginningOf(response);
    if (status === 410) return { kind: 'gone', message: 'The far side says that it wants no more (410).' };
    const said = answeredWith(status, message);
    return { kind: 'failed', status, message: said, retryAfterMs: retryAfter(response, at), isDown: status === 429 || status >= 500 };
  } catch (error) {
    if (signal.aborted) throw error;
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const message = isConnectorFault(error) ? error.message : isLate ? 'It did not answer in time.' : 'It could not be reached.';
    return { kind: 'failed', status: null, message, retryAfterMs: null, isDown: true };
  }
}

/** What people are told of an answer that is no yes: its status, and what it says where that is given. */
export const answeredWith = (status: number, message = ''): string =>
  message === '' ? `It answered ${status}.` : `It answered ${status}: ${message}`;

async function beginningOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop lets go of the rest.
    if (text.length >= messageCharsMax) break;
  }
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, messageCharsMax);
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfter(response: Response, now: Date): number | null {
  const text = response.headers.get('retry-after');
  if (text === null) return null;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), retryAfterMsMax) : null;
}
