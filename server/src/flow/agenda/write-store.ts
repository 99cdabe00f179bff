import { type Id, newId } from '#kernel';
import { type WriteBody, writeBodySchema } from './schema.ts';
import type { Client, Place } from './store.ts';

export type WriteState = 'intended' | 'written' | 'done' | 'undone';

export interface KeptWrite {
  readonly id: Id<'agendaWrite'>;
  readonly key: string;
  readonly taskId: Id<'task'>;
  readonly state: WriteState;
  readonly version: number;
  readonly body: WriteBody;
  readonly expiresAt: Date | null;
}

interface WriteRow {
  readonly write_id: Id<'agendaWrite'>;
  readonly operation_key: string;
  readonly task_id: Id<'task'>;
  readonly state: WriteState;
  readonly version: number;
  readonly body: Buffer;
  readonly expires_at: Date | null;
}

const columns = 'write_id, operation_key, task_id, state, version, body, expires_at';
const open = ({ keys }: Place, row: WriteRow): KeptWrite => ({
  id: row.write_id,
  key: row.operation_key,
  taskId: row.task_id,
  state: row.state,
  version: row.version,
  body: keys.openJson({ kind: 'agenda.write', id: row.write_id, version: row.version }, row.body, writeBodySchema),
  expiresAt: row.expires_at,
});

/** Keeps what a call is about to write. Of several calls with one key the first is kept, and all get it. */
export async function insertWrite(
  client: Client,
  place: Place,
  write: { readonly key: string; readonly taskId: string; readonly body: WriteBody; readonly expiresAt: Date | null },
): Promise<KeptWrite> {
  const { tenantId, keys, now } = place;
  const id = newId('agendaWrite', now.getTime());
  await client.query(
    `insert into app.agenda_write (tenant_id, write_id, operation_key, task_id, href_mac, state, version, body, expires_at, created_at)
    values ($1, $2, $3, $4, $5, 'intended', 1, $6, $7, $8) on conflict (tenant_id, operation_key) do nothing`,
    [
      ...[tenantId, id, write.key, write.taskId, keys.mac('agenda.href', write.body.href)],
      ...[keys.sealJson({ kind: 'agenda.write', id, version: 1 }, write.body), write.expiresAt, now],
    ],
  );
  const kept = await selectWrite(client, place, { key: write.key });
  if (kept === null) throw new Error('a write was neither kept nor found');
  return kept;
}

export async function selectWrite(
  client: Client,
  place: Place,
  by: { readonly key: string } | { readonly id: string },
): Promise<KeptWrite | null> {
  const [column, value] = 'key' in by ? ['operation_key', by.key] : ['write_id', by.id];
  const { rows } = await client.query<WriteRow>(
    `select ${columns} from app.agenda_write where tenant_id = $1 and ${column} = $2 for update`,
    [place.tenantId, value],
  );
  return rows[0] === undefined ? null : open(place, rows[0]);
}

/** What was written at these addresses lately, the newest first. */
export async function selectWritesAt(client: Client, place: Place, hrefs: readonly string[]): Promise<KeptWrite[]> {
  const { rows } = await client.query<WriteRow>(
    `select ${columns} from app.agenda_write where tenant_id = $1 and href_mac = any($2::bytea[]) order by created_at desc limit 1000`,
    [place.tenantId, hrefs.map((href) => place.keys.mac('agenda.href', href))],
  );
  return rows.map((row) => open(place, row));
}

/** @param write - as it was read, under its lock */
export async function updateWrite(
  client: Client,
  { tenantId, keys }: Place,
  write: KeptWrite,
  change: { readonly state: WriteState; readonly body?: WriteBody; readonly expiresAt?: Date | null },
): Promise<void> {
  const version = write.version + 1;
  const { state, body = write.body, expiresAt = write.expiresAt } = change;
  await client.query(
    'update app.agenda_write set state = $3, version = $4, body = $5, expires_at = $6 where tenant_id = $1 and write_id = $2',
    [...[tenantId, write.id, state, version, keys.sealJson({ kind: 'agenda.write', id: write.id, version }, body), expiresAt]],
  );
}

export async function deleteWrite(client: Client, { tenantId }: Place, id: string): Promise<void> {
  await client.query('delete from app.agenda_write where tenant_id = $1 and write_id = $2', [tenantId, id]);
}
