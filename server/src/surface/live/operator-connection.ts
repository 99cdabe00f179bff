import type { WebSocket } from 'ws';
import type { OperatorPerson } from '#trust/identity';
import type { LiveDeps } from './live.ts';
import { createPipe, type Pipe } from './pipe.ts';

/** Somebody who operates the installation and watches how it is doing. They hear of no tenant. */
export interface OperatorConnection extends Pick<Pipe, 'ping' | 'end'> {
  /** There are new figures. */
  pulse(): void;
  /** Ends the connection when whoever opened it does not operate the installation any more. */
  recheck(): Promise<void>;
}

export function createOperatorConnection(
  { identity, clock, log }: Pick<LiveDeps, 'identity' | 'clock' | 'log'>,
  { webSocket, operator, headers }: { webSocket: WebSocket; operator: OperatorPerson; headers: Headers },
): OperatorConnection {
  const { send, ping, end } = createPipe(webSocket, log);
  const tell = (kind: 'hello' | 'pulse') => send({ seq: -1, at: clock.now().toISOString(), kind, id: '', state: '' });
  tell('hello');
  return {
    ...{ ping, end },
    pulse: () => tell('pulse'),
    recheck: async () => {
      try {
        const now = await identity.operatorOf(headers);
        if (now?.actor !== operator.actor) end(4401, 'sign in again');
      } catch (error) {
        log.debug({ err: error }, 'live: a listener could not be checked');
      }
      return undefined;
    },
  };
}
