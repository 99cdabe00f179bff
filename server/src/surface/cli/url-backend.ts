import { readFile } from 'node:fs/promises';
import { Agent, fetch } from 'undici';
import type { CommandBackend } from './backend.ts';
import { UsageError } from './command.ts';

const answerTimeoutMs = 600_000;

/**
 * A server that is reached over the network, with the token that lies in a file: on a command line everybody at the machine could read it.
 *
 * @throws UsageError when the address would send the token unencrypted, or the file cannot be read.
 */
export async function urlBackend(address: string, tokenFile: string | undefined): Promise<CommandBackend> {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError('--server is an address like https://factotum.example.com.');
  if (url.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname))
    throw new UsageError('--server begins with https:// unless it is this machine: the token would be sent for everybody to read.');
  if (tokenFile === undefined)
    throw new UsageError('--server goes with --token-file FILE: the token of a device, as your account shows it once.');
  const token = await readFile(tokenFile, 'utf8').then(
    (text) => text.trim(),
    (cause: Error) => {
      throw new UsageError(`The token cannot be read: ${cause.message}`);
    },
  );
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError(`${tokenFile} does not hold a token.`);
  const agent = new Agent({ headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs });
  return {
    kind: 'server',
    async ask({ method, path, headers, body }) {
      const answer = await fetch(new URL(path, url.origin), {
        method,
        headers: { ...headers, authorization: `Bearer ${token}` },
        dispatcher: agent,
        ...(body === undefined ? {} : { body, duplex: 'half' as const }),
      });
      return { status: answer.status, body: answer.body };
    },
    close: () => agent.close(),
  };
}
