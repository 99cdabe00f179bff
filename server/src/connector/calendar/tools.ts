import { createHash } from 'node:crypto';
import ical from 'ical-generator';
import { z } from 'zod';
import type { Keeper } from '#flow/action';
import type { Tool } from '#flow/tool';

const input = z.strictObject({
  title: z.string().min(1).max(300),
  /** ISO 8601 with offset, or a date alone for a whole day. */
  start: z.union([z.iso.datetime({ offset: true }), z.iso.date()]),
  durationMinutes: z
    .int()
    .min(5)
    .max(7 * 24 * 60)
    .optional(),
  location: z.string().max(500).optional(),
  notes: z.string().max(10_000).optional(),
});
const output = z.object({ path: z.string(), etag: z.string() });

/** An appointment nobody gave a length gets an hour. */
const durationMinutesDefault = 60;

/**
 * `calendar.hold`: keeps a time in the tenant's own calendar, in the vault only: a file in the outbox could not be taken back.
 * No invitation goes out.
 */
export function calendarTools({ keeper }: { keeper: Keeper }): Tool[] {
  const hold: Tool<typeof input, typeof output> = {
    manifest: {
      tool: 'calendar.hold',
      title: 'Hold a time',
      effect: 'write',
      risk: 'low',
      args: {
        title: { role: 'content', slot: 'text', title: 'Title' },
        start: { role: 'steering', slot: 'datetime', title: 'Start' },
        durationMinutes: { role: 'content', slot: 'text', title: 'Minutes' },
        location: { role: 'content', slot: 'text', title: 'Place' },
        notes: { role: 'content', slot: 'text', title: 'Notes' },
      },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 10_000,
      headline: (args) => `Hold ${String(args.start).replace('T', ' ').slice(0, 16)} for ${String(args.title)}`,
      consequence: 'The time is held in your own calendar. Nobody is invited.',
    },
    input,
    output,
    async run(context, args) {
      const id = createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 32);
      const calendar = ical({ prodId: { company: 'Factotum', product: 'Factotum', language: 'EN' } });
      calendar.createEvent({
        id: `${id}@factotum.invalid`,
        stamp: context.now,
        ...spanOf(args.start, args.durationMinutes),
        summary: printable(args.title),
        ...(args.location === undefined ? {} : { location: printable(args.location) }),
        ...(args.notes === undefined ? {} : { description: printable(args.notes) }),
      });
      const path = `Calendar/${args.start.slice(0, 10)}_${id.slice(0, 12)}.ics`;
      return { kind: 'done', result: await keeper.keep(context, { path, content: calendar.toString(), outbox: null }) };
    },
    lookup: (context) => keeper.find(context, null),
    undo: (context) => keeper.takeBack(context),
  };
  return [hold];
}

/** A date alone holds whole days: as many as the minutes fill, at least one. */
function spanOf(start: string, minutes: number | undefined): { start: Date; end: Date; allDay: boolean } {
  const from = new Date(start);
  const allDay = start.length === 'YYYY-MM-DD'.length;
  const days = Math.max(1, Math.ceil((minutes ?? 0) / minutesPerDay));
  const lasts = allDay ? days * minutesPerDay : (minutes ?? durationMinutesDefault);
  return { start: from, end: new Date(from.getTime() + lasts * 60_000), allDay };
}

const minutesPerDay = 24 * 60;

/** RFC 5545 has no place for control characters and odd line separators; line ends and tabs it writes as escapes. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\r\n\t]|[\p{Zl}\p{Zp}]/gu, ' ');
