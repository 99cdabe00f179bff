export { guardedAgent, mayDial, neverConnected, type OutboundLimits, type OutboundTls, outboundFetch, unguardedAgent } from './outbound.ts';
