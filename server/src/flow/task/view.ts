import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, isId, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

/** Pages that remember filters. */
export const viewPages = ['tasks', 'inbox'] as const;
export type ViewPage = (typeof viewPages)[number];

/** Views that one member may keep. */
const viewsMax = 50;

/** What a view holds sealed: its name, and the filter as it stands in the address of the page. */
export const viewBodySchema = z.strictObject({
  name: z.string().trim().min(1).max(60),
  filter: z.record(z.string().max(40), z.string().max(200)).refine((filter) => Object.keys(filter).length <= 16, 'has too many members'),
});
export type ViewBody = z.infer<typeof viewBodySchema>;

export interface SavedView extends ViewBody {
  readonly id: string;
  readonly page: ViewPage;
}

/** Whose views, and the transaction. */
export interface ViewUnit {
  readonly tx: Tx;
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  readonly userId: string;
  readonly now: Date;
}

/** A member's views, oldest first. */
export async function listViews({ tx, tenantId, keys, userId }: Omit<ViewUnit, 'now'>): Promise<SavedView[]> {
  const { rows } = await sql<{ viewId: string; page: ViewPage; body: Buffer }>`
    select view_id, page, body from app.saved_view where tenant_id = ${tenantId} and user_id = ${userId} order by view_id limit ${viewsMax}`.execute(
    tx,
  );
  return rows.map(({ viewId, page, body }) => ({
    id: viewId,
    page,
    ...keys.openJson({ kind: 'saved_view', id: viewId }, body, viewBodySchema),
  }));
}

/** Keeps a filter under a name. @throws FactotumError `quota.exceeded` when the member has as many as one may keep. */
export async function saveView({ tx, tenantId, keys, userId, now }: ViewUnit, page: ViewPage, body: ViewBody): Promise<SavedView> {
  // Whoever adds one waits here for whoever is adding one: two tabs do not both find room for the last.
  await sql`select from app.tenant where tenant_id = ${tenantId} for no key update`.execute(tx);
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from app.saved_view where tenant_id = ${tenantId} and user_id = ${userId}`.execute(tx);
  if ((rows[0]?.count ?? 0) >= viewsMax) throw new FactotumError('quota.exceeded', `You have ${viewsMax} views. Delete one first.`);
  const id = newId('view', now.getTime());
  const sealed = keys.sealJson({ kind: 'saved_view', id }, body);
  await sql`insert into app.saved_view (tenant_id, view_id, user_id, page, body, created_at, updated_at)
    values (${tenantId}, ${id}, ${userId}, ${page}, ${sealed}, ${now}, ${now})`.execute(tx);
  return { id, page, ...body };
}

/** Gives a view another name or filter. @throws FactotumError `view.not_found`, also for somebody else's. */
export async function changeView({ tx, tenantId, keys, userId, now }: ViewUnit, id: string, body: ViewBody): Promise<SavedView> {
  const sealed = keys.sealJson({ kind: 'saved_view', id }, body);
  const { rows } = await sql<{ page: ViewPage }>`update app.saved_view set body = ${sealed}, updated_at = ${now}
    where tenant_id = ${tenantId} and view_id = ${idOf(id)} and user_id = ${userId} returning page`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw notFound();
  return { id, page: row.page, ...body };
}

/** Forgets a view. @throws FactotumError `view.not_found`, also for somebody else's. */
export async function deleteView({ tx, tenantId, userId }: Pick<ViewUnit, 'tx' | 'tenantId' | 'userId'>, id: string): Promise<void> {
  const { numAffectedRows } =
    await sql`delete from app.saved_view where tenant_id = ${tenantId} and view_id = ${idOf(id)} and user_id = ${userId}`.execute(tx);
  if (numAffectedRows !== 1n) throw notFound();
}

/** Forgets what somebody kept here who is a member no more. */
export async function deleteViewsOf(tx: Tx, tenantId: Id<'tenant'>, userId: string): Promise<void> {
  await sql`delete from app.saved_view where tenant_id = ${tenantId} and user_id = ${userId}`.execute(tx);
}

const notFound = () => new FactotumError('view.not_found', 'There is no such view.');

/** What does not look like an id is the id of nothing. */
function idOf(id: string): string {
  if (!isId('view', id)) throw notFound();
  return id;
}
