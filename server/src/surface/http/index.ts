/** The door to HTTP: the API, the dashboard, the probes, and the server that carries them. */
export { type Addresses, knownAddresses } from './addresses.ts';
export { createHttp, type Http } from './app.ts';
export type { BackupPort, HttpDeps } from './deps.ts';
export type { ListenOptions } from './listener/listen.ts';
export { isLoopback } from './listener/probe.ts';
