import type { Id } from '#kernel';
import { isFactotumError } from '#kernel';
import { spanOf } from './expand.ts';
import { readCalendar, type Series } from './read.ts';
import { isCancelled, remindersFrom } from './reminder.ts';
import { type AgendaChanges, changesSchema } from './schema.ts';
import {
  type Client,
  deleteLongGone,
  deleteOtherCalendars,
  itemIdOf,
  type KeptCalendar,
  type KeptItem,
  type Place,
  saveCalendar,
  saveDue,
  saveItem,
  selectCalendars,
  selectDueAt,
  selectItems,
} from './store.ts';
import type { Zone } from './zone.ts';

/** What a kept appointment says, the first of what lies at its address; null where nobody can read it. */
export function seriesOf(ics: string): Series | null {
  try {
    return readCalendar(ics).series[0] ?? null;
  } catch (error) {
    if (isFactotumError(error, 'agenda.unreadable')) return null;
    throw error;
  }
}

/**
 * Takes what a poll has learned into the picture of a connection's calendars, in the poll's own transaction.
 * @param here - the tenant's time zone
 */
export async function applyChanges(
  client: Client,
  place: Place,
  { connectionId, changes, here }: { readonly connectionId: Id<'connection'>; readonly changes: unknown; readonly here: Zone },
): Promise<void> {
  const { calendars, objects, removed }: AgendaChanges = changesSchema.parse(changes);
  if (calendars !== null) {
    const kept: string[] = [];
    for (const calendar of calendars) kept.push((await saveCalendar(client, place, connectionId, calendar)).id);
    await deleteOtherCalendars(client, place, connectionId, kept);
    await deleteLongGone(client, place);
  }
  const byHref = new Map(
    (await selectCalendars(client, place)).filter((one) => one.connectionId === connectionId).map((calendar) => [calendar.href, calendar]),
  );
  const touched = [...objects, ...removed].map(({ href }) => itemIdOf(place.tenantId, connectionId, href));
  const known = new Map((await selectItems(client, place, touched)).map((item) => [item.id, item]));
  for (const { calendar, href, etag, ics } of objects) {
    const at = byHref.get(calendar);
    const id = itemIdOf(place.tenantId, connectionId, href);
    if (at !== undefined)
      await keep(client, place, { calendar: at, id, before: known.get(id), now: { href, etag, ics, isGone: false }, here });
  }
  for (const { href } of removed) {
    const before = known.get(itemIdOf(place.tenantId, connectionId, href));
    const at = [...byHref.values()].find(({ id }) => id === before?.calendarId);
    if (at !== undefined && before !== undefined && !before.isGone)
      await keep(client, place, { calendar: at, id: before.id, before, now: { ...before, isGone: true }, here });
  }
}

interface Keeping {
  readonly calendar: Pick<KeptCalendar, 'id' | 'reminders'>;
  readonly id: Id<'agendaItem'>;
  readonly before: KeptItem | undefined;
  readonly now: {
    readonly href: string;
    readonly etag: string;
    readonly ics: string;
    readonly isGone: boolean;
    readonly ours?: boolean;
    readonly replies?: KeptItem['replies'];
  };
  readonly here: Zone;
}

/** Keeps one appointment, and when it is next to be reminded of. What nobody can read is kept too, and takes place never. */
export async function keep(client: Client, place: Place, { calendar, id, before, now, here }: Keeping): Promise<void> {
  const series = seriesOf(now.ics);
  const { first, last } = series === null ? { first: '1970-01-01', last: '1970-01-01' } : spanOf(series);
  const ours = now.ours ?? before?.ours ?? false;
  await saveItem(client, place, before?.version ?? 0, {
    id,
    calendarId: calendar.id,
    uid: series?.uid ?? now.href,
    ...{ first, last },
    ...{ href: now.href, etag: now.etag, ics: now.ics, isGone: now.isGone },
    ours,
    replies: now.replies ?? before?.replies ?? {},
  });
  const isReminded = series !== null && !now.isGone && !isCancelled(series) && (ours || calendar.reminders);
  // One that is due and has not been told yet stays due, unless the change has taken it away.
  const dueAt = await selectDueAt(client, place, id);
  const fromMs = Math.min(place.now.getTime(), dueAt?.getTime() ?? Infinity);
  const next = isReminded ? remindersFrom(series, fromMs, here, 1)[0] : undefined;
  if (next !== undefined || dueAt !== null)
    await saveDue(client, place, { objectId: id, kind: 'reminder', at: next === undefined ? null : new Date(next.atMs) });
}
