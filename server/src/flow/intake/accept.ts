import type { Arrival } from '@factotum/connector-sdk';
import { sealTaskDetail, taskWords } from '#flow/task';
import { type Clock, canonicalJson, createLimit, FactotumError, type Id, newId } from '#kernel';
import { type Database, isRetryable } from '#kernel/database';
import { auditBody } from '#trust/audit';
import type { KeysOf, TenantKeys } from '#trust/key';
import { type ConnectionDoor, readArrival } from './arrival.ts';
import type { ReadCalendarPart } from './calendar.ts';
import type { ReadDocumentOf } from './document.ts';
import { readMail } from './mail.ts';
import { type PlacedEvent, placeEvents } from './placed.ts';
import { type Accepted, type AcceptedAll, type EventBody, type IncomingEvent, type Provenance, payloadBytesMax } from './schema.ts';
import { type Client, type EventRecord, type Stored, storeEvents } from './store.ts';
import { cut } from './text.ts';

export interface Intake {
  /**
   * Takes an event in: stored, a task made, the audit entry written, in one commit, before this resolves.
   * @throws `event.conflict` when its external id brought another payload before (both are kept); `quota.exceeded`; `event.invalid`.
   */
  accept(tenantId: Id<'tenant'>, event: IncomingEvent): Promise<Accepted>;
  /** The same for the raw bytes of a mail. @throws `mail.invalid`, `document.busy` besides. */
  acceptMail(tenantId: Id<'tenant'>, bytes: Uint8Array, door: MailDoor): Promise<Accepted>;
  /**
   * What came over one connection, and whatever else is to be committed with it (`also`), in one transaction or not at all. What cannot be
   * read becomes an event that says so: nothing that arrived is lost, and one bad arrival does not hold up the others.
   *
   * @throws `document.busy`, which costs nothing of the quota, and `quota.exceeded`, both before anything is stored; what `also` throws.
   */
  acceptAll(tenantId: Id<'tenant'>, arrivals: readonly Arrival[], batch: Batch): Promise<AcceptedAll>;
}

/** Where arrivals came from, and what is committed with them. */
export interface Batch extends ConnectionDoor {
  /** `keys` are as fresh as the commit: what was fetched before the documents were read may have run out. */
  readonly also: (client: Client, accepted: AcceptedAll, keys: TenantKeys) => Promise<void>;
}

/** How a mail comes in by itself. */
export interface MailDoor extends Pick<Provenance, 'channel' | 'submittedBy'> {
  /** Was there before anybody asked for it: it is kept and found, and nothing is done because of it. */
  readonly history?: boolean;
}

interface IntakeDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly clock: Clock;
  /** Counts events against the tenant's rate, one if nothing is said. @throws `quota.exceeded`. */
  readonly admit: (tenantId: Id<'tenant'>, count?: number) => Promise<void>;
  /** Reads what attachments say. Left out: they are only named. */
  readonly readDocumentOf?: ReadDocumentOf;
  /** Tells what parts of mails say about appointments. */
  readonly readCalendar?: ReadCalendarPart;
  /** Called after each commit that made tasks: somebody may want to look now. */
  readonly onAccepted: (tenantId: Id<'tenant'>) => void;
}

interface Waiting {
  readonly record: EventRecord;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

/** Most events in one commit of a tenant, and most bytes, unless one alone has more. */
const batchMax = 200;
const batchBytesMax = 16 * 1024 * 1024;
/** Arrivals of a batch that are read at once. */
const readAtOnce = 4;
const titleCharsMax = 300;

/** The one door for events. Those of a tenant that arrive together share a commit; a commit never waits for more to come. */
export function createIntake(deps: IntakeDeps): Intake {
  const queues = new Map<Id<'tenant'>, Waiting[]>();

  function enqueue(tenantId: Id<'tenant'>, record: EventRecord): Promise<Stored> {
    return new Promise((resolve, reject) => {
      const queue = queues.get(tenantId);
      if (queue !== undefined) {
        queue.push({ record, resolve, reject });
        return;
      }
      queues.set(tenantId, [{ record, resolve, reject }]);
      queueMicrotask(() => void drain(tenantId));
    });
  }

  const calendarReader = (tenantId: Id<'tenant'>) => {
    const { readCalendar } = deps;
    return readCalendar === undefined ? undefined : (text: string, from: string) => readCalendar({ tenantId, text, from });
  };

  /** The arrivals of a batch as events. What stops one stops all: the batch comes again as a whole, and what it waited for is others' by then. */
  async function readAll(tenantId: Id<'tenant'>, arrivals: readonly Arrival[], door: ConnectionDoor): Promise<IncomingEvent[]> {
    const stopped = new AbortController();
    const { signal } = stopped;
    const reader = deps.readDocumentOf?.(tenantId);
    const readDocument: typeof reader = reader === undefined ? undefined : (document, options) => reader(document, { ...options, signal });
    // A batch leaves room for the tenant's others among the documents that wait to be read.
    const limited = createLimit(readAtOnce);
    const read = async (arrival: Arrival) => {
      signal.throwIfAborted();
      try {
        return await readArrival(arrival, door, readDocument, calendarReader(tenantId));
      } catch (error) {
        stopped.abort(error);
        throw error;
      }
    };
    return Promise.all(arrivals.map((arrival) => limited(() => read(arrival))));
  }

  async function drain(tenantId: Id<'tenant'>): Promise<void> {
    for (let queue = queues.get(tenantId); queue !== undefined && queue.length > 0; queue = queues.get(tenantId)) {
      await store(tenantId, queue.splice(0, batchLength(queue)));
    }
    queues.delete(tenantId);
  }

  async function store(tenantId: Id<'tenant'>, batch: readonly Waiting[]): Promise<void> {
    let outcomes: readonly Stored[];
    try {
      outcomes = await storeEvents(
        deps.database.app,
        tenantId,
        deps.clock.now(),
        batch.map(({ record }) => record),
      );
    } catch (error) {
      if (batch.length > 1 && !isRetryable(error)) {
        // One that the database refuses must not take its neighbours down.
        for (const waiting of batch) await store(tenantId, [waiting]);
        return;
      }
      const failure = isRetryable(error) ? notStored(error) : error;
      for (const { reject } of batch) reject(failure);
      return;
    }
    for (const [at, outcome] of outcomes.entries()) batch[at]?.resolve(outcome);
    if (outcomes.some(({ kind }, at) => kind === 'created' && batch[at]?.record.isHistory !== true)) deps.onAccepted(tenantId);
  }

  async function take(tenantId: Id<'tenant'>, event: IncomingEvent): Promise<Accepted> {
    const keys = await deps.keysOf(tenantId);
    const now = deps.clock.now();
    const [record] = (await placeEvents(deps.database, keys, tenantId, [event], now)).map((one) => recordOf(keys, tenantId, one, now));
    if (record === undefined) throw new Error('an event was lost on its way in');
    const stored = await enqueue(tenantId, record);
    if (stored.kind === 'conflict')
      throw new FactotumError(
        'event.conflict',
        'An event of this source and external id is here already, with another payload. Both are kept; use a new external id if this is news.',
        { details: { eventId: stored.eventId, taskId: stored.taskId } },
      );
    return { eventId: stored.eventId, taskId: stored.taskId, created: stored.kind === 'created' };
  }

  return {
    async accept(tenantId, event) {
      await deps.admit(tenantId);
      return take(tenantId, event);
    },
    async acceptMail(tenantId, bytes, door) {
      // Before it is read: reading is what a flood would cost.
      await deps.admit(tenantId);
      const { history = false, ...from } = door;
      const mail = await readMail(bytes, from, history ? undefined : deps.readDocumentOf?.(tenantId), calendarReader(tenantId));
      return take(tenantId, history ? { ...mail, history } : mail);
    },
    async acceptAll(tenantId, arrivals, { also, ...door }) {
      const read = await readAll(tenantId, arrivals, door);
      // What was put off is not paid for again when it comes again.
      if (arrivals.length > 0) await deps.admit(tenantId, arrivals.length);
      // A handle lives for minutes, and reading may have taken longer.
      const keys = await deps.keysOf(tenantId);
      const now = deps.clock.now();
      const records = (await placeEvents(deps.database, keys, tenantId, read, now)).map((one) => recordOf(keys, tenantId, one, now));
      const counted = (outcomes: readonly Stored[]): AcceptedAll => {
        const of = (kind: Stored['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length;
        const history = outcomes.filter(({ kind }, at) => kind === 'created' && records[at]?.isHistory === true).length;
        return { created: of('created'), history, known: of('known'), conflicts: of('conflict') };
      };
      const outcomes = await storeEvents(deps.database.app, tenantId, now, records, (client, stored) =>
        also(client, counted(stored), keys),
      );
      const accepted = counted(outcomes);
      if (accepted.created > accepted.history) deps.onAccepted(tenantId);
      return accepted;
    },
  };
}

/** How many of those that wait go into the next commit: as many as its bounds take, and always one. */
function batchLength(queue: readonly Waiting[]): number {
  let bytes = 0;
  const end = queue.findIndex(({ record }, at) => {
    bytes += record.body.byteLength + (record.raw?.byteLength ?? 0);
    return at === batchMax || (at > 0 && bytes > batchBytesMax);
  });
  return end < 0 ? queue.length : end;
}

/** The commit may have happened all the same: that the sender sends again is safe, as the event is known then. */
const notStored = (cause: unknown) =>
  new FactotumError('database.unavailable', 'The event could not be stored. Send it again; it will not be handled twice.', { cause });

function recordOf(keys: TenantKeys, tenantId: Id<'tenant'>, { event, taskId, mail }: PlacedEvent, now: Date): EventRecord {
  const payload = canonicalJson(event.payload);
  const sizeBytes = Buffer.byteLength(payload);
  if (sizeBytes > payloadBytesMax)
    throw new FactotumError(
      'request.too_large',
      `The payload has ${sizeBytes} bytes; ${payloadBytesMax} are the most. Send large parts as files.`,
    );
  const eventId = newId('event', now.getTime());
  const title = cut(event.title.toWellFormed(), titleCharsMax);
  const body: EventBody = { externalId: event.externalId, title, payload: event.payload, provenance: event.provenance };
  const occurredAt = event.occurredAt === undefined ? null : new Date(event.occurredAt);
  const from = event.provenance.from;
  const isHistory = event.history === true;
  const { channel, connectionId } = event.provenance;
  const audit = {
    actor: event.provenance.submittedBy,
    at: now,
    detail: {
      ...{ event: eventId, source: event.source, kind: event.kind, channel },
      ...(connectionId === undefined ? {} : { connection: connectionId }),
      ...(isHistory ? { history: true } : {}),
    },
  };
  return {
    eventId,
    taskId,
    source: event.source,
    kind: event.kind,
    channel,
    externalMac: keys.mac('event.external', event.source, event.externalId),
    // Of a mail the raw bytes decide, whatever is read out of them, and their hash is the external id already.
    payloadMac:
      event.raw === undefined && event.isContentId !== true
        ? keys.mac('event.payload', event.kind, occurredAt?.toISOString() ?? '', payload)
        : keys.mac('event.payload', mail === null ? event.kind : 'mail.received', event.externalId),
    sizeBytes: event.raw?.byteLength ?? sizeBytes,
    occurredAt,
    body: keys.sealJson({ kind: 'event', id: eventId }, body),
    raw: event.raw === undefined ? null : keys.seal('content', { kind: 'event.raw', id: eventId }, event.raw),
    detail: sealTaskDetail(keys, taskId, {
      title,
      ...(from === undefined ? {} : { from }),
      ...(isHistory ? { note: 'It was there before: kept, and nothing was done.' } : {}),
    }),
    isHistory,
    words: taskWords(keys, { taskId, source: event.source, title, from }),
    also: event.also === undefined ? undefined : (client) => event.also?.(client, { tenantId, keys, now }) ?? Promise.resolve(),
    mail,
    createdAudit: auditBody(tenantId, { ...audit, kind: 'task.created', objectId: taskId, taskId, state: isHistory ? 'done' : 'received' }),
    conflictAudit: () => auditBody(tenantId, { ...audit, kind: 'event.conflict', objectId: eventId }),
  };
}
