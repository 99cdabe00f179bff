import { createHash } from 'node:crypto';
import type { Id } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { type Calendar, calendarSchema, type ItemBody, itemBodySchema } from './schema.ts';

/** A transaction of one tenant. */
export interface Client {
  query<Row extends object>(text: string, values: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** Whose rows, and with which keys they are read. */
export interface Place {
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  readonly now: Date;
}

export interface KeptCalendar extends Calendar {
  readonly id: Id<'agendaCalendar'>;
  /** null: of no connection. */
  readonly connectionId: Id<'connection'> | null;
}

export interface KeptItem extends ItemBody {
  readonly id: Id<'agendaItem'>;
  readonly calendarId: Id<'agendaCalendar'>;
  readonly version: number;
  readonly isGone: boolean;
}

/** Ids follow from what they name, so that the same thing fetched again after a crash has the same id. */
const derived = (...parts: readonly string[]): string => createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 24);
const calendarIdOf = ({ tenantId }: Place, connectionId: string | null, href: string) =>
  `agc_${derived(tenantId, connectionId ?? '', href)}` as Id<'agendaCalendar'>; // Of the form of an id.
/** The id of an appointment at an address of a connection; null for one that came by mail. */
export const itemIdOf = (tenantId: Id<'tenant'>, connectionId: string | null, href: string) =>
  `agi_${derived(tenantId, connectionId ?? '', href)}` as Id<'agendaItem'>; // As above.

interface CalendarRow {
  readonly calendar_id: Id<'agendaCalendar'>;
  readonly connection_id: Id<'connection'> | null;
  readonly version: number;
  readonly body: Buffer;
}

const openCalendar = (keys: TenantKeys, row: CalendarRow): KeptCalendar => ({
  id: row.calendar_id,
  connectionId: row.connection_id,
  ...keys.openJson({ kind: 'agenda.calendar', id: row.calendar_id, version: row.version }, row.body, calendarSchema),
});

/** All calendars of a tenant; a firm has a few dozen. */
export async function selectCalendars(client: Client, { tenantId, keys }: Place): Promise<KeptCalendar[]> {
  const { rows } = await client.query<CalendarRow>(
    'select calendar_id, connection_id, version, body from app.agenda_calendar where tenant_id = $1 order by calendar_id',
    [tenantId],
  );
  return rows.map((row) => openCalendar(keys, row));
}

/** Keeps a calendar as it is now. */
export async function saveCalendar(
  client: Client,
  place: Place,
  connectionId: Id<'connection'> | null,
  calendar: Calendar,
): Promise<KeptCalendar> {
  const { tenantId, keys, now } = place;
  const id = calendarIdOf(place, connectionId, calendar.href);
  const before = await client.query<{ version: number }>(
    'select version from app.agenda_calendar where tenant_id = $1 and calendar_id = $2 for update',
    [tenantId, id],
  );
  const version = (before.rows[0]?.version ?? 0) + 1;
  await client.query(
    `insert into app.agenda_calendar (tenant_id, calendar_id, connection_id, key_mac, version, body, updated_at) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant_id, calendar_id) do update set version = excluded.version, body = excluded.body, updated_at = excluded.updated_at`,
    [
      tenantId,
      id,
      connectionId,
      keys.mac('agenda.calendar', connectionId ?? '', calendar.href),
      version,
      keys.sealJson({ kind: 'agenda.calendar', id, version }, calendar),
      now,
    ],
  );
  return { id, connectionId, ...calendar };
}

/** Calendars of a connection that are no longer there, with all in them. */
export async function deleteOtherCalendars(
  client: Client,
  { tenantId }: Place,
  connectionId: Id<'connection'>,
  kept: readonly string[],
): Promise<void> {
  await client.query('delete from app.agenda_calendar where tenant_id = $1 and connection_id = $2 and calendar_id <> all($3::text[])', [
    tenantId,
    connectionId,
    kept,
  ]);
}

interface ItemRow {
  readonly item_id: Id<'agendaItem'>;
  readonly calendar_id: Id<'agendaCalendar'>;
  readonly version: number;
  readonly body: Buffer;
  readonly gone_at: Date | null;
}

const itemColumns = 'i.item_id, i.calendar_id, i.version, i.body, i.gone_at';
const openItem = (keys: TenantKeys, row: ItemRow): KeptItem => ({
  id: row.item_id,
  calendarId: row.calendar_id,
  version: row.version,
  isGone: row.gone_at !== null,
  ...keys.openJson({ kind: 'agenda.item', id: row.item_id, version: row.version }, row.body, itemBodySchema),
});

/** Those of these ids that there are, gone ones among them. */
export async function selectItems(client: Client, { tenantId, keys }: Place, ids: readonly string[]): Promise<KeptItem[]> {
  const { rows } = await client.query<ItemRow>(
    `select ${itemColumns} from app.agenda_item i where i.tenant_id = $1 and i.item_id = any($2::text[])`,
    [tenantId, ids],
  );
  return rows.map((row) => openItem(keys, row));
}

/** What is there in one calendar. */
export async function selectCalendarItems(client: Client, { tenantId, keys }: Place, calendarId: string): Promise<KeptItem[]> {
  const { rows } = await client.query<ItemRow>(
    `select ${itemColumns} from app.agenda_item i where i.tenant_id = $1 and i.calendar_id = $2 and i.gone_at is null order by i.item_id`,
    [tenantId, calendarId],
  );
  return rows.map((row) => openItem(keys, row));
}

/** Every copy of an appointment, by the id that its organiser gave it. */
export async function selectByUid(client: Client, { tenantId, keys }: Place, uid: string): Promise<KeptItem[]> {
  const { rows } = await client.query<ItemRow>(
    `select ${itemColumns} from app.agenda_item i where i.tenant_id = $1 and i.uid_mac = $2 order by i.item_id limit 20`,
    [tenantId, keys.mac('agenda.uid', uid)],
  );
  return rows.map((row) => openItem(keys, row));
}

/** What may take place between two instants; days are coarse, so there are some that do not. The earliest days first. */
export async function selectBetween(
  client: Client,
  { tenantId, keys }: Place,
  { fromMs, untilMs, most }: { readonly fromMs: number; readonly untilMs: number; readonly most: number },
): Promise<KeptItem[]> {
  const { rows } = await client.query<ItemRow>(
    `select ${itemColumns} from app.agenda_item i
    where i.tenant_id = $1 and i.gone_at is null and i.first_day <= $3::date and (i.last_day is null or i.last_day >= $2::date)
    order by i.first_day desc, i.item_id limit $4`,
    [tenantId, new Date(fromMs), new Date(untilMs), most],
  );
  return rows.map((row) => openItem(keys, row));
}

export interface ItemChange extends ItemBody {
  readonly id: Id<'agendaItem'>;
  readonly calendarId: Id<'agendaCalendar'>;
  readonly uid: string;
  readonly first: string;
  readonly last: string | null;
  readonly isGone: boolean;
}

/** Keeps an appointment as it is now. @param version - the one that is replaced; 0 where there is none */
export async function saveItem(client: Client, { tenantId, keys, now }: Place, version: number, change: ItemChange): Promise<void> {
  const { id, calendarId, uid, first, last, isGone, ...body } = change;
  await client.query(
    `insert into app.agenda_item (tenant_id, item_id, calendar_id, href_mac, uid_mac, version, body, first_day, last_day, gone_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (tenant_id, item_id) do update set version = excluded.version, body = excluded.body, uid_mac = excluded.uid_mac,
      first_day = excluded.first_day, last_day = excluded.last_day, gone_at = excluded.gone_at, updated_at = excluded.updated_at`,
    [
      ...[tenantId, id, calendarId, keys.mac('agenda.href', body.href), keys.mac('agenda.uid', uid), version + 1],
      ...[keys.sealJson({ kind: 'agenda.item', id, version: version + 1 }, body), first, last, isGone ? now : null, now],
    ],
  );
}

/** Forgets what has been gone for longer than any message about it is on its way. */
export async function deleteLongGone(client: Client, { tenantId, now }: Place): Promise<void> {
  await client.query('delete from app.agenda_item where tenant_id = $1 and gone_at < $2', [
    tenantId,
    new Date(now.getTime() - goneDays * 86_400_000),
  ]);
}

const goneDays = 90;

/** When an object is next due; null: not at all. */
export async function saveDue(
  client: Client,
  { tenantId }: Place,
  due: { readonly objectId: string; readonly kind: 'reminder' | 'release'; readonly at: Date | null },
): Promise<void> {
  if (due.at === null) await client.query('delete from app.agenda_due where tenant_id = $1 and object_id = $2', [tenantId, due.objectId]);
  else
    await client.query(
      `insert into app.agenda_due (tenant_id, object_id, kind, due_at) values ($1, $2, $3, $4)
      on conflict (tenant_id, object_id) do update set due_at = excluded.due_at`,
      [tenantId, due.objectId, due.kind, due.at],
    );
}

export async function selectDueAt(client: Client, { tenantId }: Place, objectId: string): Promise<Date | null> {
  const { rows } = await client.query<{ due_at: Date }>('select due_at from app.agenda_due where tenant_id = $1 and object_id = $2', [
    tenantId,
    objectId,
  ]);
  return rows[0]?.due_at ?? null;
}

/** What is due by now, the longest due first. */
export async function selectDue(
  client: Client,
  { tenantId, now }: Pick<Place, 'tenantId' | 'now'>,
  most: number,
): Promise<{ object_id: string; kind: 'reminder' | 'release'; due_at: Date }[]> {
  const { rows } = await client.query<{ object_id: string; kind: 'reminder' | 'release'; due_at: Date }>(
    'select object_id, kind, due_at from app.agenda_due where tenant_id = $1 and due_at <= $2 order by due_at limit $3',
    [tenantId, now, most],
  );
  return rows;
}
