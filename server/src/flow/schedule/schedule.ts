import { z } from 'zod';
import { payloadBytesMax } from '#flow/intake';
import { FactotumError, type Id, isId, jsonObjectSchema, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { isTimeZone, readTenant } from '#trust/tenant';
import { nextOccurrence } from './cron.ts';
import { advanceRow, deleteRow, findRow, insertRow, listRows, type ScheduleRow, updateRow } from './store.ts';

/** Most schedules of a tenant. */
const schedulesMax = 200;
const minuteMs = 60_000;

export const zoneSchema = z.string().max(100).refine(isTimeZone, 'must be an IANA time zone like Europe/Berlin').nullable();
export const payloadSchema = jsonObjectSchema.refine(
  (payload) => JSON.stringify(payload).length <= payloadBytesMax / 4,
  'must have at most 64 KiB',
);

/** What a person says of a schedule. */
export const scheduleInputSchema = z.strictObject({
  name: z.string().trim().min(1).max(120),
  /** The event's kind, by which playbooks find it; its source is `schedule`. */
  kind: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'must be lower-case letters, digits, dot, dash or underscore, at most 64'),
  cron: z.string().max(200),
  /** Null: the tenant's. */
  zone: zoneSchema.default(null),
  /** What the event carries besides the time. */
  payload: payloadSchema.default({}),
});
export type ScheduleInput = z.infer<typeof scheduleInputSchema>;

/** What is left out stays. */
export type ScheduleChanges = { readonly [Name in keyof ScheduleInput]?: ScheduleInput[Name] | undefined } & {
  readonly state?: Schedule['state'] | undefined;
};

const bodySchema = z.object({ name: z.string(), payload: jsonObjectSchema });

/** A schedule as people see it. */
export interface Schedule extends ScheduleInput {
  readonly id: Id<'schedule'>;
  readonly state: 'active' | 'paused';
  readonly version: number;
  /** When it comes next; null while it is paused. */
  readonly nextAt: Date | null;
  readonly lastAt: Date | null;
  /** Why the last occurrence made no event, where it made none. */
  readonly faultCode: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

interface By {
  readonly actor: string;
  readonly at: Date;
}

export async function listSchedules(tx: Tx, keys: TenantKeys): Promise<Schedule[]> {
  return (await listRows(tx, keys.tenantId)).map((row) => present(keys, row));
}

/** @throws FactotumError `schedule.not_found`. */
export async function readSchedule(tx: Tx, keys: TenantKeys, id: string): Promise<Schedule> {
  return present(keys, await required(tx, keys, id));
}

/** @throws FactotumError `schedule.invalid` also when it never comes, or when there are too many. */
export async function createSchedule(tx: Tx, keys: TenantKeys, { actor, at, ...input }: ScheduleInput & By): Promise<Schedule> {
  const { tenantId } = keys;
  if ((await listRows(tx, tenantId)).length >= schedulesMax)
    throw new FactotumError('schedule.invalid', `There are ${schedulesMax} schedules already. Delete one that nobody needs.`);
  const dueAt = await firstOccurrence(tx, tenantId, input, at);
  const scheduleId = newId('schedule', at.getTime());
  const row: ScheduleRow = {
    ...{ tenantId, scheduleId, state: 'active', version: 1, dueAt, runAt: dueAt, lastDueAt: null, faultCode: null },
    ...{ kind: input.kind, cron: input.cron, zone: input.zone, body: sealBody(keys, scheduleId, input) },
    ...{ author: actor, createdAt: at, updatedAt: at },
  };
  await insertRow(tx, row);
  await record(tx, row, 'created', { actor, at });
  return present(keys, row);
}

/** Replaces what is said of a schedule, or pauses or resumes it. @throws FactotumError `schedule.not_found`, `schedule.invalid`. */
export async function changeSchedule(
  tx: Tx,
  keys: TenantKeys,
  id: string,
  { actor, at, ...change }: ScheduleChanges & By,
): Promise<Schedule> {
  const row = await required(tx, keys, id);
  const before = present(keys, row);
  const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const after: Schedule = { ...before, ...said };
  const dueAt = after.state === 'paused' ? null : await firstOccurrence(tx, keys.tenantId, after, at);
  const changed: ScheduleRow = {
    ...row,
    ...{ state: after.state, kind: after.kind, cron: after.cron, zone: after.zone, dueAt, runAt: dueAt, faultCode: null },
    ...{ body: sealBody(keys, row.scheduleId, after), version: row.version + 1, author: actor, updatedAt: at },
  };
  if (!(await updateRow(tx, changed))) throw notFound();
  await record(tx, changed, 'changed', { actor, at });
  return present(keys, changed);
}

/** @throws FactotumError `schedule.not_found`. */
export async function deleteSchedule(tx: Tx, keys: TenantKeys, id: string, by: By): Promise<void> {
  const row = await required(tx, keys, id);
  if (!(await deleteRow(tx, keys.tenantId, row.scheduleId))) throw notFound();
  await record(tx, row, 'deleted', by);
}

/** Sets all that follow the tenant's clocks to a new time zone, in the transaction that changes it. */
export async function followTimeZone(tx: Tx, tenantId: Id<'tenant'>, at: Date): Promise<void> {
  for (const row of await listRows(tx, tenantId)) {
    if (row.zone !== null || row.state === 'paused') continue;
    const dueAt = nextOccurrence(row.cron, await zoneOf(tx, tenantId, null), at);
    await advanceRow(tx, row, { ...row, dueAt, runAt: dueAt });
  }
}

/** The zone whose clocks count: the schedule's own, else the tenant's. */
export async function zoneOf(tx: Tx, tenantId: Id<'tenant'>, own: string | null): Promise<string> {
  return own ?? (await readTenant(tx, tenantId)).settings.timeZone;
}

export const openBody = (keys: TenantKeys, { scheduleId, body }: Pick<ScheduleRow, 'scheduleId' | 'body'>) =>
  keys.openJson(refOf(scheduleId), body, bodySchema);

async function firstOccurrence(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { cron, zone: own }: Pick<ScheduleInput, 'cron' | 'zone'>,
  at: Date,
): Promise<Date> {
  const next = nextOccurrence(cron, await zoneOf(tx, tenantId, own), at);
  // A century away is never: a year's end and a leap day are.
  if (next === null || next.getTime() - at.getTime() > 10 * 366 * 24 * 60 * minuteMs)
    throw new FactotumError('schedule.invalid', 'This never comes. The 30th of February is such a day.');
  return next;
}

async function required(tx: Tx, { tenantId }: TenantKeys, id: string): Promise<ScheduleRow> {
  const row = isId('schedule', id) ? await findRow(tx, tenantId, id) : undefined;
  if (row === undefined) throw notFound();
  return row;
}

const notFound = () => new FactotumError('schedule.not_found', 'There is no such schedule. List them to see which there are.');
const refOf = (scheduleId: string) => ({ kind: 'schedule', id: scheduleId });
const sealBody = (keys: TenantKeys, scheduleId: string, { name, payload }: Pick<ScheduleInput, 'name' | 'payload'>): Buffer =>
  keys.sealJson(refOf(scheduleId), { name, payload });

function present(keys: TenantKeys, row: ScheduleRow): Schedule {
  const { scheduleId: id, state, version, kind, cron, zone: own, dueAt, lastDueAt, faultCode, createdAt, updatedAt } = row;
  return {
    ...openBody(keys, row),
    ...{ id, state, version, kind, cron, zone: own, nextAt: dueAt, lastAt: lastDueAt, faultCode, createdAt, updatedAt },
  };
}

const record = (tx: Tx, { tenantId, scheduleId, kind }: ScheduleRow, change: string, { actor, at }: By): Promise<void> =>
  recordAudit(tx, tenantId, [{ kind: 'schedule.changed', actor, at, objectId: scheduleId, detail: { change, kind } }]);
