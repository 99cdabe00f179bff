/** The door: what a third party needs to write a connector. */
export {
  type Arrival,
  type CallInit,
  type Connector,
  type ConnectorContext,
  type CredentialField,
  defineConnector,
  type HeldCredential,
  type HookAnswer,
  type HookRequest,
  interfaceVersion,
  type Json,
  type JsonObject,
  type Network,
  type Polled,
  type PollLimits,
  type Proposal,
  type SavedCredentials,
} from './connector.ts';
export { ConnectorFault, type FaultKind, isConnectorFault } from './fault.ts';
