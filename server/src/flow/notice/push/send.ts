import { isConnectorFault } from '@factotum/connector-sdk';
import type { OutsideNetwork } from '#flow/connection';
import { encryptPush, type PushKeys } from './encrypt.ts';
import type { PushKey } from './push-key.ts';

/** Where one browser is pushed to. */
export interface PushTarget extends PushKeys {
  readonly endpoint: string;
}

/** What a browser shows. `tag`: what comes again under it takes the place of what was there. `url`: below our origin, opened by a click. */
export interface PushMessage {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly url: string;
}

export type PushOutcome =
  | { readonly kind: 'taken' }
  /** The browser is there no more. */
  | { readonly kind: 'gone' }
  /** `retry`: it may go through later. */
  | { readonly kind: 'failed'; readonly retry: boolean; readonly message: string };

const timeoutMs = 15_000;
/** How long a service keeps what it cannot deliver, in seconds: what waits for a decision is old news after half a day. */
const ttlS = 12 * 3_600;

/**
 * Hands one message to the service of a browser (RFC 8030). The address is one that somebody has sent us: it is called like every address of
 * a tenant's, by TLS and on the public internet alone, and what it answers is not followed and not read.
 */
export async function sendPush(
  { network, pushKey }: { readonly network: Pick<OutsideNetwork, 'fetch'>; readonly pushKey: PushKey },
  { endpoint, ...keys }: PushTarget,
  message: PushMessage,
  { isUrgent, signal }: { readonly isUrgent: boolean; readonly signal: AbortSignal },
): Promise<PushOutcome> {
  const body = encryptPush(Buffer.from(JSON.stringify(message)), keys);
  const headers = {
    authorization: await pushKey.authorization(endpoint),
    'content-encoding': 'aes128gcm',
    'content-type': 'application/octet-stream',
    ttl: String(ttlS),
    urgency: isUrgent ? 'high' : 'normal',
    // What the service still holds of the same is replaced (RFC 8030, 5.4): twice sent is once shown.
    topic: message.tag,
  };
  try {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const response = await network.fetch(endpoint, { method: 'POST', headers, body: new Uint8Array(body) }, ends);
    void response.body?.cancel().catch(() => undefined);
    const { status } = response;
    if (response.ok) return { kind: 'taken' };
    if (status === 404 || status === 410) return { kind: 'gone' };
    return { kind: 'failed', retry: status === 429 || status >= 500, message: `The push service answered ${status}.` };
  } catch (error) {
    if (signal.aborted) throw error;
    const isOurs = isConnectorFault(error);
    return {
      kind: 'failed',
      // An address that may not be called will not be allowed by waiting.
      retry: !(isOurs && error.kind === 'permanent'),
      message: isOurs ? error.message : 'The push service could not be reached.',
    };
  }
}
