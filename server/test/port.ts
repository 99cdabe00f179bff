import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give out by themselves (Linux from 32768, IANA's range from 49152) and above what services have by custom. */
const [portMin, portMax] = [20_000, 32_767];

/**
 * A port of this machine for a server that cannot be told to take whichever is free. Between here and there nobody is given it: ports of
 * connections and of servers that take what they get are from another range.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(portMin, portMax + 1);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
