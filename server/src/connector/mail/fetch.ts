import { ConnectorFault } from '@factotum/connector-sdk';
import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import { rawBytesMax } from '#flow/intake';
import type { Session } from './imap.ts';

/** What is known of a message before it is fetched. */
export interface Listed {
  readonly uid: number;
  readonly sizeBytes: number;
  readonly receivedAt: Date | null;
  readonly isDraft: boolean;
}

/** What became of one message: its bytes, the head of one that is too large or that the server does not hand out, or gone since. */
export type Fetched =
  | { readonly kind: 'whole'; readonly uid: number; readonly bytes: Buffer }
  | { readonly kind: 'left_out'; readonly uid: number; readonly reason: 'too_large' | 'unreadable'; readonly head: Buffer }
  | { readonly kind: 'gone'; readonly uid: number };

/** As much of a header as is looked at of a message that is left out. */
const headBytesMax = 128 * 1024;
/** What the server's own count of a message may be wrong by: line ends are counted in more than one way. */
const sizeSlack = 2;

/** Size and date of messages, in the order of `uids`; those that are gone are missing. */
export async function listMessages({ client }: Session, uids: readonly number[]): Promise<Listed[]> {
  if (uids.length === 0) return [];
  const found = await collect(
    client.fetch(uids.join(','), { uid: true, flags: true, size: true, internalDate: true }, { uid: true }),
    uids,
  );
  return uids.flatMap((uid) => {
    const message = found.get(uid);
    if (message === undefined) return [];
    const receivedAt = new Date(message.internalDate ?? Number.NaN);
    const sizeBytes = Math.max(0, message.size ?? 0);
    return [
      {
        uid,
        sizeBytes,
        receivedAt: Number.isNaN(receivedAt.getTime()) ? null : receivedAt,
        isDraft: message.flags?.has('\\Draft') ?? false,
      },
    ];
  });
}

/**
 * Fetches messages without marking them as read, all of them before anybody acts on one: a command inside a running fetch waits for its end.
 * @throws when the connection is cut: then nothing of it counts.
 */
export async function fetchMessages(session: Session, listed: readonly Listed[]): Promise<Fetched[]> {
  const whole = listed.filter(({ sizeBytes }) => sizeBytes <= rawBytesMax);
  const sources = await sourcesOf(session, whole);
  const fetched: Fetched[] = [];
  for (const { uid, sizeBytes } of listed) {
    const bytes = sources.get(uid);
    // One that says to be smaller than it is.
    if (bytes !== undefined && bytes.byteLength <= rawBytesMax) fetched.push({ kind: 'whole', uid, bytes });
    else fetched.push(await leftOut(session, uid, sizeBytes > rawBytesMax || bytes !== undefined ? 'too_large' : 'unreadable'));
  }
  return fetched;
}

async function sourcesOf(session: Session, listed: readonly Listed[]): Promise<Map<number, Buffer>> {
  if (listed.length === 0) return new Map();
  session.expect(listed.reduce((sum, { sizeBytes }) => sum + sizeBytes * sizeSlack, 0));
  const uids = listed.map(({ uid }) => uid);
  const fetch = (wanted: readonly number[]) =>
    collect(
      session.client.fetch(wanted.join(','), { uid: true, source: true }, { uid: true }),
      wanted,
      listed.reduce((sum, { sizeBytes }) => sum + sizeBytes * sizeSlack, 1024 * 1024),
    );
  try {
    return sourcesIn(await fetch(uids));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // One message that its server cannot read must not keep the others back.
    const sources = new Map<number, Buffer>();
    for (const uid of uids) {
      const one = await fetch([uid]).catch((refused: unknown) => {
        if (isRefusal(refused)) return new Map<number, FetchMessageObject>();
        throw refused;
      });
      for (const [found, source] of sourcesIn(one)) sources.set(found, source);
    }
    return sources;
  }
}

const sourcesIn = (messages: ReadonlyMap<number, FetchMessageObject>): Map<number, Buffer> =>
  new Map([...messages].flatMap(([uid, { source }]) => (source === undefined ? [] : [[uid, source] as const])));

async function leftOut(session: Session, uid: number, reason: 'too_large' | 'unreadable'): Promise<Fetched> {
  const query: FetchQueryObject = { uid: true, bodyParts: [{ key: 'header', start: 0, maxLength: headBytesMax }] };
  const found = await collect(session.client.fetch(String(uid), query, { uid: true }), [uid]).catch((error: unknown) => {
    if (isRefusal(error)) return null;
    throw error;
  });
  if (found?.size === 0) return { kind: 'gone', uid };
  const message = found?.get(uid);
  // A part that is the header comes back as the header.
  const head = message?.headers ?? [...(message?.bodyParts?.values() ?? [])][0];
  return { kind: 'left_out', uid, reason, head: (head ?? Buffer.alloc(0)).subarray(0, headBytesMax) };
}

/** The server understood and said no, and the connection still stands. */
const isRefusal = (error: unknown): boolean => error instanceof Error && 'responseStatus' in error && error.responseStatus === 'NO';

/** What was asked for and nothing else: a server may tell of other messages at any time, and a hostile one without end. */
async function collect(
  messages: AsyncIterable<FetchMessageObject>,
  uids: readonly number[],
  bytesMax = Number.POSITIVE_INFINITY,
): Promise<Map<number, FetchMessageObject>> {
  const wanted = new Set(uids);
  const found = new Map<number, FetchMessageObject>();
  let bytes = 0;
  let strange = 0;
  for await (const message of messages) {
    if (!wanted.has(message.uid)) strange += 1;
    else found.set(message.uid, message);
    bytes += message.source?.byteLength ?? 0;
    if (strange > strangersMax || bytes > bytesMax)
      throw new ConnectorFault('transient', 'The incoming mail server sends more than it was asked for.');
  }
  return found;
}

/** Flags of other messages that change meanwhile arrive as well; so many at once they do not. */
const strangersMax = 10_000;
