import { Agent, fetch } from 'undici';
import { type Config, createLogger } from '#kernel';
import { type ControlParts, createControlHandler } from './control/handler.ts';
import { holdDataFolder } from './control/hold.ts';
import { findSocket } from './control/socket-path.ts';

/** What a command asks, as the control handler takes it. */
export interface BackendRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the first slash on, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is sent as it is read. */
  readonly body?: Uint8Array | string | ReadableStream<Uint8Array> | undefined;
}
export interface BackendAnswer {
  readonly status: number;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** Where a command's requests go: through the socket of the server that runs, or to parts started for the command's own duration. */
export interface CommandBackend {
  readonly kind: 'server' | 'alone';
  ask(request: BackendRequest): Promise<BackendAnswer>;
  close(): Promise<void>;
}

/** The parts without any role, as main wires them for a command while no server runs. */
export interface AloneParts extends Omit<ControlParts, 'log'> {
  readonly close: () => Promise<void>;
}

/** How long an answer may take: verifying or exporting a long log takes a while. */
const answerTimeoutMs = 600_000;

/** @throws FactotumError `server.busy`, and whatever starting the parts throws. */
export async function openBackend(
  config: Config,
  openAlone: (config: Config) => Promise<AloneParts>,
  say: (text: string) => void,
): Promise<CommandBackend> {
  const onWait = () => say('Waiting for a server or command of this data folder that is starting or stopping.');
  const hold = await holdDataFolder(config.dataFolder, { onWait });
  if (hold.kind === 'served') return serverBackend(await findSocket(config.dataFolder));
  try {
    return aloneBackend(await openAlone(config), hold.release, config.logLevel);
  } catch (error) {
    await hold.release();
    throw error;
  }
}

function serverBackend(socketPath: string): CommandBackend {
  const agent = new Agent({ connect: { socketPath }, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs });
  return {
    kind: 'server',
    async ask({ method, path, headers, body }) {
      // The host is there for the form: the socket decides who answers.
      const answer = await fetch(`http://factotum${path}`, { method, headers, dispatcher: agent, ...sent(body) });
      return { status: answer.status, body: answer.body };
    },
    close: () => agent.close(),
  };
}

function aloneBackend(parts: AloneParts, release: () => Promise<void>, logLevel: string): CommandBackend {
  const handle = createControlHandler({ ...parts, log: createLogger({ level: logLevel }) });
  return {
    kind: 'alone',
    async ask({ method, path, headers, body }) {
      const answer = await handle(new Request(`http://factotum${path}`, { method, headers, ...sent(body) }));
      return { status: answer.status, body: answer.body };
    },
    async close() {
      try {
        await parts.close();
      } finally {
        await release();
      }
    },
  };
}

/** What is read while it is sent is answered when all of it is there. */
const sent = (body: BackendRequest['body']) => (body === undefined ? {} : { body, duplex: 'half' as const });
