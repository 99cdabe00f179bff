export { type Batch, createIntake, type Intake, type MailDoor } from './accept.ts';
export { createAdmission } from './admission.ts';
export type { CalendarPart, ReadCalendarPart } from './calendar.ts';
export type { DocumentSource, ReadableText, ReadDocument, ReadDocumentOf } from './document.ts';
export { mailAttachments } from './mail.ts';
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
export { cut, cutToBytes, jsonBytes } from './text.ts';
