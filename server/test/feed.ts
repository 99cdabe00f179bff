import { WebSocket } from 'ws';

/** One message of the live feed. */
export interface FeedMessage {
  readonly seq: number;
  readonly kind: string;
  readonly id: string;
  readonly state: string | null;
}

/** What a client of the live feed hears, for tests. */
export interface Feed {
  /** So far, in order. */
  readonly heard: readonly FeedMessage[];
  close(): void;
}

/** Opens the live feed of a server with an API key and waits for its greeting. */
export async function openFeed(origin: string, key: string): Promise<Feed> {
  const url = new URL('/api/v1/live', origin.replace(/^http/, 'ws'));
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
  const heard: FeedMessage[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  await new Promise<void>((resolve, reject) => {
    socket.once('message', () => resolve());
    socket.once('error', reject);
  });
  return { heard, close: () => socket.terminate() };
}
