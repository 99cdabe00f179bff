export { clientInfo } from './connection.ts';
export { type ClosableToolHost, createToolHost } from './host.ts';
export { createToolListener, type ToolListener } from './listener.ts';
export { createPermits } from './permit.ts';
export { createRemoteToolHost } from './remote-host.ts';
