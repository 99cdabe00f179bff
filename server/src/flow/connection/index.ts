/** The door to connections: tenants' ways to outside systems, and the watcher that looks after them. */
export { type ConnectionsDeps, createConnections } from './connections.ts';
export { noFigures, type WatcherFigures } from './figures.ts';
export { createNetwork, type OutsideNetwork } from './network.ts';
export type {
  AnyConnector,
  Connection,
  ConnectionHealth,
  Connections,
  HookReply,
  KindInfo,
  OpenConnection,
  Sink,
  SinkPlace,
  Trial,
} from './port.ts';
export {
  connectionChangeSchema,
  connectionStates,
  newConnectionSchema,
  proposalQuerySchema,
  unsavedConnectionSchema,
} from './schema.ts';
export { countConnections } from './store.ts';
export { createWatcher, type Watcher, type WatcherOptions } from './watcher.ts';
export { withinBounds } from './within.ts';
