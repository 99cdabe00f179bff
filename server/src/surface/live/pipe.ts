import type { WebSocket } from 'ws';
import type { Logger } from '#kernel';

/** A socket that only we talk on. */
export interface Pipe {
  send(message: object): void;
  /** Asks for a sign of life; ends the connection when the last one was not answered. */
  ping(): void;
  end(code: number, reason: string): void;
}

/** What may wait to be sent: a client that reads slower than this loses its connection and comes back where it was. */
const bufferedBytesMax = 256 * 1024;

export function createPipe(webSocket: WebSocket, log: Logger): Pipe {
  let isAlive = true;
  webSocket.on('pong', () => {
    isAlive = true;
  });
  webSocket.on('error', (error) => log.debug({ err: error }, 'live: a connection broke'));
  const end = (code: number, reason: string) => webSocket.close(code, reason);
  return {
    end,
    send(message) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      webSocket.send(JSON.stringify(message));
      if (webSocket.bufferedAmount > bufferedBytesMax) end(1013, 'reading too slowly; come back with after');
    },
    ping() {
      if (!isAlive) return webSocket.terminate();
      isAlive = false;
      webSocket.ping();
      return undefined;
    },
  };
}
