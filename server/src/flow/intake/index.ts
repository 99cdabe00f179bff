export { type Batch, createIntake, type Intake } from './accept.ts';
export { createAdmission } from './admission.ts';
export {
  type Accepted,
  type AcceptedAll,
  type EventBody,
  type EventInput,
  eventBodySchema,
  eventInputSchema,
  type IncomingEvent,
  type Provenance,
  payloadBytesMax,
  rawBytesMax,
} from './schema.ts';
