import { chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type ControlParts, createControlHandler } from './handler.ts';
import { placeSocket, removeSocket } from './socket-path.ts';

/** The door for commands: a socket of mode 0600 in a folder of mode 0700. Start it while holding the data folder. */
export interface ControlServer {
  /** Listens; resolves to the socket's path. */
  start(): Promise<string>;
  /** Ends every connection and takes the socket away. */
  stop(): Promise<void>;
}

export function createControlServer(options: ControlParts & { readonly dataFolder: string }): ControlServer {
  const handle = createControlHandler(options);
  const server = createServer(getRequestListener(handle, { overrideGlobalObjects: false }));
  // An archive that is taken in while it is read may come for longer than the five minutes that are usual.
  server.requestTimeout = 0;
  return {
    async start() {
      const path = await placeSocket(options.dataFolder);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, () => {
          server.off('error', reject);
          resolve();
        });
      });
      // Between listening and this line only the folder's mode keeps others out, which it does.
      await chmod(path, 0o600);
      return path;
    },
    async stop() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await removeSocket(options.dataFolder);
    },
  };
}
