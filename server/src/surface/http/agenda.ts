import { z } from 'zod';
import { findSlots } from '#flow/agenda';
import { FactotumError } from '#kernel';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named, time } from './schema.ts';

const instant = z.iso.datetime({ offset: true });
const query = z.object({
  from: instant.meta({ description: 'RFC 3339.' }),
  to: instant.meta({ description: 'After `from`, by a year at most.' }),
});
const spanMsMax = 366 * 86_400_000;

const entrySchema = named(
  z.object({
    id: z.string(),
    occurrence: z.string().nullable().meta({ description: 'Which time of a series; null for what is none.' }),
    calendar: z.object({ id: z.string(), name: z.string() }),
    title: z.string(),
    place: z.string(),
    start: z.string().meta({ description: 'In UTC; of whole days the first day.' }),
    end: z.string().meta({ description: 'In UTC; of whole days the one after the last.' }),
    allDay: z.boolean(),
    zone: z.string().nullable().meta({ description: 'The time zone that it was written in.' }),
    organizer: z.string().nullable(),
    attendees: list(z.object({ address: z.string(), name: z.string(), answer: z.string() })),
    status: z.enum(['confirmed', 'tentative', 'cancelled']),
    busy: z.boolean().meta({ description: 'It takes time of whoever the calendar belongs to.' }),
    invitation: z
      .object({ by: z.object({ address: z.string(), name: z.string() }), answer: z.string().nullable() })
      .nullable()
      .meta({
        description: 'Who else asks for it, and what was answered, such as `ACCEPTED` or `NEEDS-ACTION`. Null for what is one’s own.',
      }),
    heldUntil: time.nullable().meta({ description: 'Until when the time is held: then it is free again.' }),
    conflicts: list(z.string()).meta({ description: 'Ids of what takes the same time of the same person.' }),
  }),
  { id: 'AgendaEntry', description: 'One time in a calendar, as it was last seen.' },
);

const answer = z.object({
  items: list(entrySchema),
  complete: z.boolean().meta({ description: 'false: there is more than is listed, or a series that nobody understands.' }),
  timeZone: z.string().meta({ description: 'Of the tenant.' }),
  calendars: list(z.object({ id: z.string(), name: z.string() })),
});

const slotQuery = z.object({
  ...query.shape,
  minutes: z.coerce
    .number()
    .int()
    .min(5)
    .max(7 * 24 * 60)
    .default(60),
  limit: z.coerce.number().int().min(1).max(50).default(10),
});
const slotAnswer = z.object({
  items: list(z.object({ start: time, end: time })),
  complete: z.boolean().meta({ description: 'false: there is something in a calendar that is not understood, so a time may be taken.' }),
});
/** People ask for times like these. */
const slotStepMs = 15 * 60_000;

/** @throws FactotumError `request.invalid` where the end is not after the beginning, or too far from it. */
function rangeOf({ from, to }: z.infer<typeof query>): { fromMs: number; untilMs: number } {
  const range = { fromMs: Date.parse(from), untilMs: Date.parse(to) };
  if (range.untilMs <= range.fromMs || range.untilMs - range.fromMs > spanMsMax)
    throw new FactotumError('request.invalid', '`to` must be after `from`, by a year at most.');
  return range;
}

/** The tenant's calendars, as they were last seen. */
export function addAgendaRoutes(routes: Routes, { agenda }: Pick<HttpDeps, 'agenda'>): void {
  routes.add(
    'connection:read',
    {
      method: 'get',
      path: '/api/v1/agenda',
      summary: 'List what takes place between two times, in all calendars',
      tag: 'agenda',
      query,
      answers: { 200: answer },
      errors: ['request.invalid'],
    },
    async ({ tenantId, query: asked }) => ({ status: 200, body: await agenda.list(tenantId, rangeOf(asked)) }),
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: '/api/v1/agenda/slots',
      summary: 'List the earliest times at which everybody whose calendars are connected is there and free, from now on',
      tag: 'agenda',
      query: slotQuery,
      answers: { 200: slotAnswer },
      errors: ['request.invalid'],
    },
    async ({ tenantId, now, query: { minutes, limit, ...asked } }) => {
      const { fromMs, untilMs } = rangeOf(asked);
      const range = { fromMs: Math.max(fromMs, now.getTime()), untilMs };
      const participants = range.fromMs < untilMs ? await agenda.people(tenantId, range) : [];
      const slots = findSlots({ ...range, participants, durationMs: minutes * 60_000, stepMs: slotStepMs, most: limit });
      return {
        status: 200,
        body: {
          items: slots.map(({ startMs, endMs }) => ({ start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() })),
          complete: participants.every(({ complete }) => complete),
        },
      };
    },
  );
}
