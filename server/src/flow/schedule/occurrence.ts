import type { IncomingEvent } from '#flow/intake';
import type { Schedule } from './schedule.ts';

/** The event that one occurrence of a schedule is. Whoever makes it again makes the same. */
export function occurrenceEvent(
  { id, name, kind, payload }: Pick<Schedule, 'id' | 'name' | 'kind' | 'payload'>,
  { zone, at, actor }: { readonly zone: string; readonly at: Date; readonly actor: string },
): IncomingEvent {
  const scheduledFor = at.toISOString();
  return {
    source: 'schedule',
    kind,
    externalId: `${id}:${scheduledFor}`,
    occurredAt: scheduledFor,
    title: name,
    payload: { ...payload, schedule: name, scheduledFor, date: dateIn(zone, at) },
    // A member of the tenant wrote every word of it.
    provenance: { channel: 'schedule', submittedBy: actor, integrity: 'trusted' },
  };
}

/** YYYY-MM-DD on that zone's clocks: dates in Sweden are written so. */
const dateIn = (timeZone: string, at: Date): string => new Intl.DateTimeFormat('sv-SE', { timeZone }).format(at);
