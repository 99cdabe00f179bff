import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { BrokenAnswer } from './fault.ts';

/** The most that one answer may be, in bytes, with everything that comes before it on the same stream. */
export const answerBytesMax = 8 * 1_024 * 1_024;

/** What a server asks of us is refused, this often; then it is not even heard. */
const requestsMax = 16;

/**
 * Lets through what we have asked for. Notifications (logs, progress) are dropped, however many there are. Requests of a server's own go
 * to the SDK's client, which has no capability to serve one and refuses.
 */
export function createSieve(deliver: (message: JSONRPCMessage) => void, onListChanged: () => void): (text: string) => JSONRPCMessage[] {
  let requests = 0;
  return (text) => {
    const passed: JSONRPCMessage[] = [];
    for (const message of parsed(text)) {
      if ('method' in message && !('id' in message)) {
        if (message.method === 'notifications/tools/list_changed') onListChanged();
        continue;
      }
      if ('method' in message) {
        requests += 1;
        if (requests > requestsMax) continue;
      }
      passed.push(message);
      deliver(message);
    }
    return passed;
  };
}

/** @throws BrokenAnswer for what is not a message of the protocol. */
function parsed(text: string): JSONRPCMessage[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BrokenAnswer('The server sent something that is not JSON.', { cause });
  }
  return (Array.isArray(value) ? value : [value]).map((one) => {
    const message = JSONRPCMessageSchema.safeParse(one);
    if (!message.success) throw new BrokenAnswer('The server sent something that is not a message of the protocol.');
    return message.data;
  });
}

/**
 * The data of server-sent events, one text an event (WHATWG HTML, section 9.2; fields other than `data` mean nothing to us).
 *
 * @throws BrokenAnswer for one event beyond the limit.
 */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let chars = 0;
  for await (const chunk of body) {
    const from = rest.length;
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf('\n', from); end !== -1; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end).replace(/\r$/, '');
      rest = rest.slice(end + 1);
      if (line.startsWith('data:')) {
        data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
        chars += line.length;
      } else if (line === '') {
        // An event without data only gives the stream a name to be resumed by.
        if (data.some((part) => part !== '')) yield data.join('\n');
        data = [];
        chars = 0;
      }
    }
    if (rest.length + chars > answerBytesMax) throw new BrokenAnswer('The server sent more than one answer may be.');
  }
}
