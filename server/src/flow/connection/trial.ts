import type { ConnectorContext } from '@factotum/connector-sdk';
import { isFactotumError, type Logger } from '#kernel';
import { told } from './fault.ts';
import type { AnyConnector, Trial } from './port.ts';
import { withinBounds } from './within.ts';

/** A trial that takes longer is no use to people who wait for it. */
const trialMsMax = 30_000;

/** Asks a connector whether a connection would work. @throws FactotumError what `open` throws other than about secrets. */
export async function tryOut(
  connector: AnyConnector,
  log: Logger,
  open: (signal: AbortSignal) => Promise<ConnectorContext<Record<string, unknown>>>,
): Promise<Trial> {
  try {
    await withinBounds(trialMsMax, neverAborted, async (signal) => connector.check(await open(signal)));
    return { ok: true, fault: null };
  } catch (error) {
    if (isFactotumError(error, 'database.unavailable') || isFactotumError(error, 'key.unavailable')) throw error;
    const fault = told(error);
    log[fault.code === 'internal' ? 'warn' : 'debug']({ err: error, connector: connector.kind }, 'connection: a trial failed');
    return { ok: false, fault };
  }
}

const neverAborted = new AbortController().signal;
