/** The door to the contract of connectors as tests, and to the host that they run in. */
export { type AnyConnector, createHost, type Host, type HostLimits, type HostOptions } from './host.ts';
export { type ContractOptions, type FarSide, testConnector } from './suite.ts';
