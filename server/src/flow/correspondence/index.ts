/** The door to correspondence: which mail belongs to which, what we sent, and what must not be answered. */
export { messageMac, placeMails } from './place.ts';
export type { Automatic, MailFacts, Place, Received, Sending, SendingBody } from './schema.ts';
export { type Correspondence, createCorrespondence, type Hindrance, type Operation, type Outgoing, peerMac } from './sending.ts';
export { insertReceived, type ReceivedRow } from './store.ts';
