export { guardedAgent, mayDial, type OutboundLimits, type OutboundTls, outboundFetch, unguardedAgent } from './outbound.ts';
