export { guardedAgent, mayDial, type OutboundLimits, outboundFetch, unguardedAgent } from './outbound.ts';
