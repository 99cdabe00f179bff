import { z } from 'zod';
import { FactotumError } from '#kernel';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named } from './schema.ts';

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
    conflicts: list(z.string()).meta({ description: 'Ids of what takes the same time of the same person.' }),
  }),
  { id: 'AgendaEntry', description: 'One time in a calendar, as it was last seen.' },
);

const answer = z.object({
  items: list(entrySchema),
  complete: z.boolean().meta({ description: 'false: there is more than is listed, or a series that nobody understands.' }),
});

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
    async ({ principal, query: { from, to } }) => {
      const range = { fromMs: Date.parse(from), untilMs: Date.parse(to) };
      if (range.untilMs <= range.fromMs || range.untilMs - range.fromMs > spanMsMax)
        throw new FactotumError('request.invalid', '`to` must be after `from`, by a year at most.');
      return { status: 200, body: await agenda.list(principal.tenantId, range) };
    },
  );
}
