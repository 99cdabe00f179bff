import { createHash } from 'node:crypto';
import type { Arrival } from '@factotum/connector-sdk';
import { errorCatalogue, type Id, isFactotumError } from '#kernel';
import type { CalendarPart } from './calendar.ts';
import type { ReadDocument } from './document.ts';
import { readMail } from './mail.ts';
import { eventInputSchema, type IncomingEvent, payloadBytesMax, rawBytesMax } from './schema.ts';
import { cut } from './text.ts';

/** Over which connection something came. */
export interface ConnectionDoor {
  readonly connectionId: Id<'connection'>;
  /** Its connector's kind: the source of its events. */
  readonly connector: string;
  /** How: fetched by us, or pushed to us. */
  readonly channel: 'connection' | 'webhook';
}

type ReadCalendar = (text: string, from: string) => CalendarPart | null;

const titleCharsMax = 1_000;
const fromCharsMax = 254;
/** What is kept of an event that does not fit, in characters: three bytes each at worst. */
const unreadCharsMax = 60_000;

/**
 * An arrival as an event. Whatever came over a connection is untrusted. One that is not what the contract of connectors allows, or does not
 * read as what it claims to be, becomes an event `connection.unreadable` that tells people so.
 *
 * @throws FactotumError whose code passes by itself, such as `document.busy`.
 */
export async function readArrival(
  arrival: Arrival,
  door: ConnectionDoor,
  readDocument?: ReadDocument,
  readCalendar?: ReadCalendar,
): Promise<IncomingEvent> {
  const history = arrival.history === true ? { history: true } : {};
  try {
    return {
      ...(arrival.form === 'mail'
        ? await mailOf(arrival, door, arrival.history === true ? undefined : readDocument, readCalendar)
        : eventOf(arrival, door)),
      ...history,
    };
  } catch (error) {
    if (!(error instanceof Misshapen) && (!isFactotumError(error) || errorCatalogue[error.code].retry)) throw error;
    return { ...unreadable(arrival, door, error), ...history };
  }
}

async function mailOf(
  { bytes, authentication }: Extract<Arrival, { form: 'mail' }>,
  door: ConnectionDoor,
  readDocument: ReadDocument | undefined,
  readCalendar: ReadCalendar | undefined,
): Promise<IncomingEvent> {
  const { connectionId, ...from } = provenanceOf(door);
  const mail = await readMail(bytes, { ...from, ...(authentication === undefined ? {} : { authentication }) }, readDocument, readCalendar);
  return { ...mail, provenance: { ...mail.provenance, connectionId } };
}

/** What arrived is not of the form that connectors promise. Says which part of it. */
class Misshapen extends Error {}

function eventOf(arrival: Extract<Arrival, { form: 'event' }>, door: ConnectionDoor): IncomingEvent {
  const parsed = eventInputSchema.safeParse({
    source: door.connector,
    kind: arrival.kind,
    externalId: externalIdOf(arrival.externalId, door),
    payload: arrival.payload,
    ...(arrival.occurredAt === undefined ? {} : { occurredAt: arrival.occurredAt }),
  });
  if (!parsed.success) throw new Misshapen(`Not as promised: ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}.`);
  const sizeBytes = Buffer.byteLength(JSON.stringify(parsed.data.payload));
  if (sizeBytes > payloadBytesMax) throw new Misshapen(`The payload has ${sizeBytes} bytes; ${payloadBytesMax} are the most.`);
  const from = arrival.from === undefined ? {} : { from: cut(arrival.from.toWellFormed(), fromCharsMax) };
  return { ...parsed.data, title: cut(arrival.title, titleCharsMax), provenance: { ...provenanceOf(door), ...from } };
}

/** An event's id is unique within its connection; mails are known by their bytes, whichever way they come. */
const externalIdOf = (externalId: string, { connectionId }: ConnectionDoor): string => {
  const text = `${connectionId}:${externalId}`;
  // Ids of far sides know no bound, and what identifies must not be cut.
  return text.length <= 512 ? text : `${connectionId}:sha256:${createHash('sha256').update(externalId).digest('hex')}`;
};

const provenanceOf = ({ channel, connector, connectionId }: ConnectionDoor) =>
  ({ channel, submittedBy: `connector:${connector}`, integrity: 'untrusted', connectionId }) as const;

function unreadable(arrival: Arrival, door: ConnectionDoor, why: Error): IncomingEvent {
  const bytes = Buffer.from(arrival.form === 'mail' ? arrival.bytes : JSON.stringify(arrival));
  const hash = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const isMail = arrival.form === 'mail';
  return {
    source: door.connector,
    kind: 'connection.unreadable',
    externalId: externalIdOf(isMail ? hash : `unreadable:${hash}`, door),
    title: isMail ? 'A mail that cannot be read' : 'Something arrived that cannot be read',
    payload: {
      form: arrival.form,
      reason: cut(why.message, titleCharsMax),
      sizeBytes: bytes.byteLength,
      ...(isMail ? {} : { text: cut(bytes.toString().toWellFormed(), unreadCharsMax) }),
    },
    provenance: provenanceOf(door),
    ...(isMail && bytes.byteLength <= rawBytesMax ? { raw: bytes } : {}),
  };
}
