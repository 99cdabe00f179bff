import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is left of a body that nobody wants is read to its end where it is no longer than this: cheaper than another connection. In bytes. */
const drainBytesMax = 64 * 1_024;
/** Who is still sending gets this long to read our answer before the connection is cut, in milliseconds. */
const lingerMs = 500;

/**
 * Ends the connection of a request that was answered before its body had come, unless the rest is short.
 *
 * Our side is closed and nothing more is read, so that a flood costs us no more than what lies in the kernel; cut at once, the far side would
 * be told of a broken connection and never see the answer (RFC 9112 section 9.6).
 *
 * @returns whether it is ended so.
 */
export function endEarly(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  if (incoming.complete || outgoing.headersSent || !hasLongBody(incoming)) return false;
  outgoing.shouldKeepAlive = false;
  // Node would read the rest of what nobody has begun to read and throw it away, and hono's adapter up to 64 MB of any: for a flood that
  // is a hundred megabytes a second, and as many collections of garbage as there is time for.
  Object.assign(incoming, { _dump: () => undefined, resume: () => incoming });
  incoming.pause();
  const { socket } = incoming;
  // What Node calls on the connection once its last answer is written.
  socket.destroySoon = () => {
    socket.pause();
    socket.end();
    const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once('close', () => clearTimeout(cut));
  };
  return true;
}

/** Whether a request says that its body is longer than what is read to its end, or does not say how long it is. */
export function hasLongBody({ headers }: IncomingMessage): boolean {
  const declared = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (declared !== undefined && Number(declared) > drainBytesMax);
}

/**
 * Asks for the body only when somebody begins to read it: a client that sent `Expect: 100-continue` is told of a refusal, for whatever
 * reason, before it sends a byte.
 */
export function continueWhenRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const read = incoming._read.bind(incoming);
  let isAsked = false;
  incoming._read = (size) => {
    if (!isAsked && !outgoing.headersSent) outgoing.writeContinue();
    isAsked = true;
    read(size);
  };
}
