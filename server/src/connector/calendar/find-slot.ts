import { z } from 'zod';
import { findSlots } from '#flow/agenda';
import type { Tool } from '#flow/tool';
import { address, type CalendarDeps, durationMinutes, failed } from './parts.ts';

const instant = z.iso.datetime({ offset: true });
const input = z.strictObject({
  durationMinutes,
  from: instant,
  until: instant,
  /** Left out: everybody whose calendars are connected. */
  people: z.array(address).max(50).optional(),
  /** Slots begin at multiples of this. */
  stepMinutes: z.union([z.literal(5), z.literal(10), z.literal(15), z.literal(30), z.literal(60)]).optional(),
  most: z.int().min(1).max(20).optional(),
});
const output = z.object({
  slots: z.array(z.object({ start: z.string(), end: z.string() })),
  /** The first of them, for the next step; null when there is none. */
  start: z.string().nullable(),
  /** Whose calendars are not connected: whether they are free nobody here knows. */
  unknown: z.array(z.string()),
  /** false: there is something in a calendar that is not understood, so a slot may be taken. */
  complete: z.boolean(),
});

const spanDaysMax = 92;

/** `calendar.find_slot`: when several people are there and free, each by their own clock and working hours. */
export function findSlotTool({ agenda }: Pick<CalendarDeps, 'agenda'>): Tool<typeof input, typeof output> {
  return {
    manifest: {
      tool: 'calendar.find_slot',
      title: 'Find a free time',
      effect: 'read',
      risk: 'low',
      args: {
        durationMinutes: { role: 'content', slot: 'text', title: 'Minutes' },
        from: { role: 'content', slot: 'datetime', title: 'From' },
        until: { role: 'content', slot: 'datetime', title: 'Until' },
        people: { role: 'content', slot: 'addresses', title: 'People' },
        stepMinutes: { role: 'content', slot: 'text', title: 'Begins at multiples of minutes' },
        most: { role: 'content', slot: 'text', title: 'At most' },
      },
      reversible: true,
      visibleOutside: false,
      readsPrivate: true,
      canLookup: false,
      timeoutMs: 30_000,
      headline: (args) => `Find ${String(args.durationMinutes)} free minutes`,
      consequence: 'Nothing is changed.',
    },
    input,
    output,
    async run(context, args) {
      const fromMs = Math.max(Date.parse(args.from), context.now.getTime());
      const untilMs = Math.min(Date.parse(args.until), fromMs + spanDaysMax * 86_400_000);
      if (untilMs <= fromMs)
        return failed('permanent', 'tool.invalid_arguments', 'The end of the time to look in is not after its beginning, or is past.');
      const people = await agenda.people(context.tenantId, { fromMs, untilMs });
      const wanted = (args.people ?? []).map((one) => one.toLowerCase());
      const isOf = (person: (typeof people)[number], who: string) => person.addresses.includes(who);
      const meant = args.people === undefined ? people : people.filter((person) => wanted.some((who) => isOf(person, who)));
      const slots = findSlots({
        ...{ fromMs, untilMs, participants: meant, most: args.most ?? 5 },
        durationMs: args.durationMinutes * 60_000,
        stepMs: (args.stepMinutes ?? 15) * 60_000,
      }).map(({ startMs, endMs }) => ({ start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() }));
      return {
        kind: 'done',
        result: {
          slots,
          start: slots[0]?.start ?? null,
          unknown: wanted.filter((who) => !people.some((person) => isOf(person, who))),
          complete: meant.every(({ complete }) => complete),
        },
        // Whoever may invite decides what is left of the day.
        label: { sources: ['calendar'], integrity: 'untrusted', readers: 'tenant' },
      };
    },
  };
}
