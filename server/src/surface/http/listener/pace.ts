import type { IncomingMessage, ServerResponse } from 'node:http';

/** How slowly somebody may send or read. Time in which we are the ones who are waited for does not count. */
export interface PaceLimits {
  /** Before anything is asked of them, in milliseconds. */
  readonly graceMs: number;
  /** What a body must then bring on average. Node allows more than two minutes only because of this. */
  readonly bodyBytesPerSecondMin: number;
  /** The same beyond two minutes: who sends gigabytes has a line for it, and who sends little has long been done. */
  readonly longBodyBytesPerSecondMin: number;
  /** What an answer must be read at on average. */
  readonly answerBytesPerSecondMin: number;
  /** For how long nothing at all of an answer may be read, in milliseconds. */
  readonly answerStallMsMax: number;
}

/** Half of what a GPRS line carried. A phone on the edge of its cell is served; ten thousand who send a byte a second are not. */
export const paceLimitsDefault: PaceLimits = {
  graceMs: 10_000,
  bodyBytesPerSecondMin: 1_024,
  longBodyBytesPerSecondMin: 16 * 1_024,
  answerBytesPerSecondMin: 1_024,
  answerStallMsMax: 30_000,
};

/** Why an exchange was cut. */
export type TooSlow = 'slow_body' | 'slow_reader';

export interface Pace {
  watch(incoming: IncomingMessage, outgoing: ServerResponse): void;
  unwatch(incoming: IncomingMessage): void;
  stop(): void;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** What the connection had carried before: it may have carried other requests. */
  readonly readBefore: number;
  readonly writtenBefore: number;
  waitedForBodyMs: number;
  waitedForReaderMs: number;
  /** Listens to the socket's own timer while part of an answer waits to be read. */
  onStall: (() => void) | null;
}

const tickMs = 1_000;
const longMs = 120_000;

/** Looks at all exchanges once a second, and ends those whose far side lets us wait for too long. */
export function keepPace(limits: PaceLimits, onCut: (why: TooSlow) => void): Pace {
  const exchanges = new Map<IncomingMessage, Exchange>();

  function isBodyTooSlow(exchange: Exchange): boolean {
    const { incoming, readBefore } = exchange;
    // What has come and is not read yet is ours to wait for.
    if (incoming.complete || incoming.readableLength > 0) return false;
    exchange.waitedForBodyMs += tickMs;
    const waitedMs = exchange.waitedForBodyMs;
    const perSecond = waitedMs > longMs ? limits.longBodyBytesPerSecondMin : limits.bodyBytesPerSecondMin;
    return waitedMs > limits.graceMs && (incoming.socket.bytesRead - readBefore) / (waitedMs / 1_000) < perSecond;
  }

  function isReaderTooSlow(exchange: Exchange): boolean {
    const { incoming, outgoing, writtenBefore } = exchange;
    const { socket } = incoming;
    const isWaiting = outgoing.headersSent && socket.writableLength > 0;
    timeStall(exchange, isWaiting);
    if (!isWaiting) return false;
    exchange.waitedForReaderMs += tickMs;
    const waitedMs = exchange.waitedForReaderMs;
    return (
      waitedMs > Math.max(limits.graceMs, limits.answerStallMsMax) &&
      (socket.bytesWritten - writtenBefore) / (waitedMs / 1_000) < limits.answerBytesPerSecondMin
    );
  }

  /** The socket's own timer sees bytes leave that are part of one large piece, and Node ends what has run into it. */
  function timeStall(exchange: Exchange, isWaiting: boolean): void {
    const { socket } = exchange.incoming;
    if (isWaiting && exchange.onStall === null) {
      exchange.onStall = () => onCut('slow_reader');
      socket.setTimeout(limits.answerStallMsMax).on('timeout', exchange.onStall);
    } else if (!isWaiting && exchange.onStall !== null) {
      socket.setTimeout(0).off('timeout', exchange.onStall);
      exchange.onStall = null;
    }
  }

  const timer = setInterval(() => {
    for (const exchange of exchanges.values()) {
      const why = isBodyTooSlow(exchange) ? 'slow_body' : isReaderTooSlow(exchange) ? 'slow_reader' : null;
      if (why === null) continue;
      exchanges.delete(exchange.incoming);
      exchange.incoming.socket.destroy();
      onCut(why);
    }
  }, tickMs).unref();

  return {
    watch(incoming, outgoing) {
      exchanges.set(incoming, {
        incoming,
        outgoing,
        readBefore: incoming.socket.bytesRead,
        writtenBefore: incoming.socket.bytesWritten,
        waitedForBodyMs: 0,
        waitedForReaderMs: 0,
        onStall: null,
      });
    },
    unwatch(incoming) {
      const exchange = exchanges.get(incoming);
      if (exchange?.onStall) incoming.socket.off('timeout', exchange.onStall);
      exchanges.delete(incoming);
    },
    stop: () => clearInterval(timer),
  };
}
