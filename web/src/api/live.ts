import type { LiveMessage } from './types.ts';

export type LiveStatus = 'connecting' | 'live' | 'lost';

/** The part of a WebSocket that the feed needs; a test brings its own. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  close(): void;
}

interface LiveOptions {
  /** Where the feed stood before what is on the screen was read; null where nobody knows. */
  startSeq: number | null;
  /** Opens the socket that starts after this sequence number, or with what comes next when null. */
  connect: (afterSeq: number | null) => Socket;
  onMessage: (message: LiveMessage) => void;
  onStatus: (status: LiveStatus) => void;
  /** The feed could not begin where the last one ended, or where the first was to start: what is on the screen may be older than the feed. */
  onGap: () => void;
  /** The session ended: there is no feed until somebody signs in. */
  onSignedOut: () => void;
  /** Calls back once after so many milliseconds; the result cancels. */
  later: (delayMs: number, run: () => void) => () => void;
  random: () => number;
}

const delayMsMin = 500;
const delayMsMax = 30_000;
/** The close code that means: sign in again. */
const signedOutCode = 4401;

/**
 * Keeps one live feed open: resumes after the last message it saw and waits longer after each failure (half a second, doubling to 30 s,
 * with jitter so that a restarted server is not stormed). `retryNow` is for the moment the machine is online or visible again.
 */
export function openLive(options: LiveOptions): { retryNow: () => void; close: () => void } {
  let lastSeq = options.startSeq;
  let failures = 0;
  let socket: Socket | null = null;
  let cancelRetry: (() => void) | null = null;

  const connect = () => {
    cancelRetry = null;
    options.onStatus(failures === 0 ? 'connecting' : 'lost');
    const opened = options.connect(lastSeq);
    socket = opened;
    opened.onopen = () => {
      failures = 0;
      options.onStatus('live');
    };
    opened.onmessage = ({ data }) => {
      const message = parse(data);
      if (message === null) return;
      if (message.kind === 'pulse') {
        // New figures are no change: they have no number of their own.
        options.onMessage(message);
      } else if (message.kind === 'hello') {
        if (message.seq !== lastSeq) options.onGap();
        lastSeq = message.seq;
      } else if (lastSeq === null || message.seq > lastSeq) {
        lastSeq = message.seq;
        options.onMessage(message);
      }
    };
    opened.onclose = ({ code }) => {
      failures += 1;
      options.onStatus('lost');
      const delayMs = Math.min(delayMsMax, delayMsMin * 2 ** (failures - 1));
      if (code === signedOutCode) options.onSignedOut();
      else cancelRetry = options.later(delayMs * (0.5 + options.random() / 2), connect);
    };
  };
  const drop = () => {
    cancelRetry?.();
    if (socket !== null) socket.onclose = null;
    socket?.close();
  };

  connect();
  return {
    retryNow: () => {
      drop();
      connect();
    },
    close: drop,
  };
}

function parse(data: unknown): LiveMessage | null {
  if (typeof data !== 'string') return null;
  const value: unknown = JSON.parse(data);
  const isMessage = typeof value === 'object' && value !== null && 'seq' in value && 'id' in value && 'kind' in value;
  return isMessage ? (value as LiveMessage) : null; // The shape was looked at in the line above; the rest is the server's contract.
}
