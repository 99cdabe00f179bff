import type { Intake } from '#flow/intake';
import { type Clock, createPoller, type Id, isFactotumError, type JsonObject, type Logger, type Poller } from '#kernel';
import { type Database, inTransaction } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { main } from './diff.ts';
import { type Reminder, remindersFrom } from './reminder.ts';
import { seriesOf } from './sink.ts';
import { type Client, type KeptCalendar, type KeptItem, type Place, saveDue, selectCalendars, selectDue, selectItems } from './store.ts';
import { tenantTimes } from './tenant-times.ts';

interface KeeperDeps {
  readonly database: Pick<Database, 'app' | 'engine'>;
  readonly keysOf: KeysOf;
  readonly intake: Pick<Intake, 'accept'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets go of a time that was held. @returns false when it cannot be done now. */
  readonly release: (tenantId: Id<'tenant'>, writeId: string) => Promise<boolean>;
}

/** A reminder is at most this much late while the server runs. */
const everyMs = 15_000;
const tenantsMax = 200;
const dueMax = 100;
/** What cannot be done now is tried again after this, so that one of a tenant does not stand before all others. */
const againMs = 60_000;

/**
 * Tells of appointments that come, and lets go of times whose hold has ended: looks into the database for what is due, every quarter of a
 * minute. Nothing is kept in timers: what became due while no server ran is due at the next look. Several servers may look at once: a
 * reminder has one name, by which intake knows it. A look finds how much it did.
 */
export function createAgendaKeeper(deps: KeeperDeps): Poller<number> {
  const { database, clock, log } = deps;

  async function look(): Promise<number> {
    const { rows } = await database.engine.pool.query<{ tenant_id: Id<'tenant'> }>(
      'select tenant_id from app.agenda_due where due_at <= $1 group by tenant_id order by min(due_at) limit $2',
      [clock.now(), tenantsMax],
    );
    let done = 0;
    for (const { tenant_id: tenantId } of rows)
      done += await tellTenant(deps, tenantId).catch((error: unknown) => {
        log.warn({ err: error, tenantId }, 'agenda: what is due could not be told');
        return 0;
      });
    return done;
  }

  return createPoller({ look, everyMs, onError: (error) => log.warn({ err: error }, 'agenda: could not look for what is due') });
}

async function tellTenant(deps: KeeperDeps, tenantId: Id<'tenant'>): Promise<number> {
  const place: Place = { tenantId, keys: await deps.keysOf(tenantId), now: deps.clock.now() };
  const within = <R>(work: (client: Client) => Promise<R>) => inTransaction(deps.database.app, (client) => work(client), tenantId);
  const due = await within((client) => selectDue(client, place, dueMax));
  for (const { object_id: objectId, kind, due_at: dueAt } of due) {
    const isDone = kind === 'reminder' ? await remind(deps, place, { objectId, dueAt, within }) : await deps.release(tenantId, objectId);
    if (!isDone) {
      const at = new Date(place.now.getTime() + againMs);
      await within((client) => saveDue(client, place, { objectId, kind, at }));
    } else if (kind === 'release') await within((client) => saveDue(client, place, { objectId, kind, at: null }));
  }
  return due.length;
}

interface Due {
  readonly objectId: string;
  readonly dueAt: Date;
  readonly within: <R>(work: (client: Client) => Promise<R>) => Promise<R>;
}

/** Every reminder of an appointment that is due, and then when the next is. The event comes first: told twice it is known, lost it is lost. */
async function remind({ intake, log }: KeeperDeps, place: Place, { objectId, dueAt, within }: Due): Promise<boolean> {
  const { item, calendar, here } = await within(async (client) => {
    const [item] = await selectItems(client, place, [objectId]);
    const calendar = (await selectCalendars(client, place)).find(({ id }) => id === item?.calendarId);
    return { item, calendar, here: (await tenantTimes(client, place.tenantId)).here };
  });
  const nowMs = place.now.getTime();
  const series = item === undefined || item.isGone ? null : seriesOf(item.ics);
  const reminders = series === null ? [] : remindersFrom(series, dueAt.getTime(), here);
  if (item !== undefined && calendar !== undefined)
    for (const reminder of reminders.filter(({ atMs, time }) => atMs <= nowMs && time.endMs >= nowMs)) {
      try {
        await intake.accept(place.tenantId, eventOf(item, calendar, reminder));
      } catch (error) {
        // Told before, in other words: somebody has changed the title since.
        if (isFactotumError(error, 'event.conflict')) continue;
        if (!isFactotumError(error, 'quota.exceeded'))
          log.warn({ err: error, tenantId: place.tenantId }, 'agenda: a reminder is not told yet');
        return false;
      }
    }
  const next = series === null || main(series)?.status === 'CANCELLED' ? undefined : remindersFrom(series, nowMs + 1, here, 1)[0];
  await within((client) => saveDue(client, place, { objectId, kind: 'reminder', at: next === undefined ? null : new Date(next.atMs) }));
  return true;
}

function eventOf(item: KeptItem, calendar: KeptCalendar, { atMs, time }: Reminder) {
  const { appointment, startMs, endMs, allDay, occurrence } = time;
  const payload: JsonObject = {
    item: item.id,
    occurrence,
    calendar: calendar.name,
    title: appointment.title,
    place: appointment.place,
    notes: appointment.notes,
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
    allDay,
    attendees: appointment.attendees.slice(0, 50).map(({ address }) => address),
  };
  return {
    source: 'calendar',
    kind: 'calendar.reminder',
    // By when it was due: an appointment that is moved is told of anew.
    externalId: `${item.id}:${new Date(startMs).toISOString()}:${new Date(atMs).toISOString()}`,
    occurredAt: new Date(atMs).toISOString(),
    title: `Reminder: ${appointment.title}`,
    payload,
    // What stands in a calendar can come from whoever may invite.
    provenance: { channel: 'schedule', submittedBy: 'system:agenda', integrity: 'untrusted' } as const,
  };
}
