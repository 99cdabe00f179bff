import { caldavConnector } from '#connector/calendar';
import { createFolderConnector, type FolderConnectorDeps } from '#connector/files';
import { createMailConnector } from '#connector/mail';
import { webhookConnector } from '#connector/webhook';
import type { Agenda } from '#flow/agenda';
import {
  type AnyConnector,
  type ConnectionsDeps,
  createConnections,
  createNetwork,
  createWatcher,
  noFigures,
  type Sink,
  type Watcher,
} from '#flow/connection';
import type { Config } from '#kernel';
import type { Database } from '#kernel/database';
import { loadConnectors } from './third-party.ts';

/** The connectors of the product, in the order in which people see them. */
const ownConnectors = ({ agenda, folder }: Deps): readonly AnyConnector[] => [
  createMailConnector(),
  caldavConnector(agenda),
  createFolderConnector(folder),
  webhookConnector,
];

/** What keeps a connector's `changes`, by its kind. */
const sinks = ({ agenda }: Deps): Readonly<Record<string, Sink>> => ({ caldav: agenda.sink });

type Deps = Omit<ConnectionsDeps, 'connectors' | 'network' | 'onChanged' | 'database'> & {
  readonly database: Database;
  readonly agenda: Agenda;
  readonly folder: FolderConnectorDeps;
};

/** The tenants' connections, over our own connectors and those that the operator has installed. @throws ConfigFaults for the latter. */
export async function createPlatformConnections(config: Config, deps: Deps) {
  const own = ownConnectors(deps);
  const installed = await loadConnectors(
    config.connectors.packages,
    own.map(({ kind }) => kind),
  );
  let watcher: Watcher | undefined;
  const network = createNetwork(config.connectors.allowHosts);
  const { connections, parts } = createConnections({
    ...deps,
    connectors: [...own, ...installed],
    network,
    onChanged: () => watcher?.kick(),
  });
  return {
    connections,
    network,
    /** What the watcher of this process has done. */
    watcherFigures: () => watcher?.figures() ?? noFigures,
    /** The watcher of this process. Not started yet. */
    createWatcher(): Watcher {
      watcher = createWatcher({ ...parts, database: deps.database, sinks: sinks(deps), pollsMax: config.connectors.pollsMax });
      return watcher;
    },
  };
}
