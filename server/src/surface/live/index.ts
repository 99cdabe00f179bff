/** The door to the live feed: one message per change, over a WebSocket. */
export { createLive, type Live, type LiveDeps } from './live.ts';
