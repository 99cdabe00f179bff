import { z } from 'zod';
import {
  changeSchedule,
  createSchedule,
  deleteSchedule,
  listSchedules,
  nextOccurrences,
  occurrenceEvent,
  payloadSchema,
  readSchedule,
  type Schedule,
  scheduleInputSchema,
  zoneOf,
  zoneSchema,
} from '#flow/schedule';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { acceptedSchema, named, page, time } from './schema.ts';

const tag = 'schedules';
const scheduleParams = z.object({ id: z.string() });
const bytesMax = 96 * 1_024;

/** Without the defaults: what is left out stays. */
const changesSchema = z
  .strictObject({ ...scheduleInputSchema.shape, zone: zoneSchema, payload: payloadSchema, state: z.enum(['active', 'paused']) })
  .partial();

const scheduleSchema = named(
  z.object({
    id: z.string(),
    name: z.string(),
    kind: z.string(),
    cron: z.string().meta({ description: 'Minute, hour, day of the month, month, day of the week' }),
    zone: z.string().nullable().meta({ description: 'An IANA time zone; null: that of the tenant' }),
    payload: z.record(z.string(), z.unknown()),
    state: z.enum(['active', 'paused']),
    version: z.number(),
    nextAt: time.nullable(),
    lastAt: time.nullable(),
    faultCode: z.string().nullable().meta({ description: 'Why the last occurrence made no event' }),
    createdAt: time,
    updatedAt: time,
  }),
  { id: 'Schedule', description: 'When an event comes, and what it carries.' },
);

/** Events that come at set times. */
export function addScheduleRoutes(routes: Routes, { intake }: Pick<HttpDeps, 'intake'>): void {
  routes.add(
    'connection:read',
    { method: 'get', path: '/api/v1/schedules', summary: 'List schedules', tag, answers: { 200: page(scheduleSchema) } },
    async ({ inTenant, keys }) => {
      const schedules = await inTenant((tx) => listSchedules(tx, keys));
      return { status: 200, body: { items: schedules.map(present), nextCursor: null } };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: '/api/v1/schedules',
      summary: 'Make a schedule',
      tag,
      body: jsonBody(scheduleInputSchema, { bytesMax }),
      answers: { 201: scheduleSchema },
      errors: ['schedule.invalid'],
    },
    async ({ inTenant, keys, body, principal, now }) => {
      const made = await inTenant((tx) => createSchedule(tx, keys, { ...body, actor: principal.actor, at: now }));
      return { status: 201, body: present(made) };
    },
  );

  routes.add(
    'connection:read',
    {
      method: 'post',
      path: '/api/v1/schedules/preview',
      summary: 'When a schedule would come, the next five times',
      tag,
      limit: 'read',
      body: jsonBody(scheduleInputSchema.pick({ cron: true, zone: true })),
      answers: { 200: z.object({ zone: z.string(), next: z.array(time) }) },
      errors: ['schedule.invalid'],
    },
    async ({ inTenant, tenantId, body, now }) => {
      const zone = await inTenant((tx) => zoneOf(tx, tenantId, body.zone));
      return { status: 200, body: { zone, next: nextOccurrences(body.cron, zone, now, 5).map((at) => at.toISOString()) } };
    },
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: '/api/v1/schedules/{id}',
      summary: 'A schedule',
      tag,
      params: scheduleParams,
      answers: { 200: scheduleSchema },
      errors: ['schedule.not_found'],
    },
    async ({ inTenant, keys, params }) => ({ status: 200, body: present(await inTenant((tx) => readSchedule(tx, keys, params.id))) }),
  );

  routes.add(
    'connection:admin',
    {
      method: 'put',
      path: '/api/v1/schedules/{id}',
      summary: 'Change, pause or resume a schedule; what is left out stays',
      tag,
      params: scheduleParams,
      body: jsonBody(changesSchema, { bytesMax }),
      answers: { 200: scheduleSchema },
      errors: ['schedule.not_found', 'schedule.invalid'],
    },
    async ({ inTenant, keys, params, body, principal, now }) => {
      const changed = await inTenant((tx) => changeSchedule(tx, keys, params.id, { ...body, actor: principal.actor, at: now }));
      return { status: 200, body: present(changed) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'delete',
      path: '/api/v1/schedules/{id}',
      summary: 'Delete a schedule',
      tag,
      params: scheduleParams,
      answers: { 204: null },
      errors: ['schedule.not_found'],
    },
    async ({ inTenant, keys, params, principal, now }) => {
      await inTenant((tx) => deleteSchedule(tx, keys, params.id, { actor: principal.actor, at: now }));
      return { status: 204 };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: '/api/v1/schedules/{id}/run',
      summary: 'Let a schedule come now, besides its times',
      tag,
      params: scheduleParams,
      answers: { 202: acceptedSchema },
      errors: ['schedule.not_found', 'quota.exceeded'],
    },
    async ({ inTenant, tenantId, keys, params, principal, now }) => {
      const event = await inTenant(async (tx) => {
        const schedule = await readSchedule(tx, keys, params.id);
        return occurrenceEvent(schedule, { zone: await zoneOf(tx, tenantId, schedule.zone), at: now, actor: principal.actor });
      });
      const { eventId, taskId } = await intake.accept(tenantId, event);
      return { status: 202, body: { eventId, taskId } };
    },
  );
}

function present({ nextAt, lastAt, createdAt, updatedAt, ...schedule }: Schedule) {
  return {
    ...schedule,
    nextAt: nextAt?.toISOString() ?? null,
    lastAt: lastAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
