import { z } from 'zod';
import { FactotumError, type Id, isId } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { countMembers, type OperatorPerson } from '#trust/identity';
import {
  closeTenant,
  configureTenant,
  type LifeAct,
  type ListedTenant,
  listDirectory,
  operatorChangesSchema,
  readFromDirectory,
  readTenant,
  reopenTenant,
  resumeTenant,
  suspendTenant,
  tenantNameSchema,
  tenantStates,
  tenantTitleSchema,
} from '#trust/tenant';
import { jsonBody } from '../body.ts';
import { pageOf, pageQuery } from '../cursor.ts';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { page } from '../schema.ts';
import { listedTenantSchema, operatedTenantSchema } from '../tenant-schema.ts';
import { makeIdCursor, readIdCursor } from './cursor.ts';

type Deps = Pick<HttpDeps, 'database' | 'keyring' | 'createTenant'>;

const params = z.object({ id: z.string() });
const tag = 'operator';
const path = '/api/v1/operator/tenants';

/** The tenants of the installation, for those who run it: their names and states, and nothing of what is in them. */
export function addTenantRoutes(routes: Routes, deps: Deps): void {
  const { database, keyring } = deps;
  const shown = async (id: string) => {
    const listed = await readFromDirectory(database.engine, id);
    const members = await countMembers(database.auth, [listed.id]);
    return {
      ...presentTenant(listed, members),
      maySpendOperatorModelKey: listed.state === 'erased' ? null : await maySpend(deps, listed.id),
    };
  };

  routes.addOperator(
    {
      method: 'get',
      path,
      summary: 'List tenants, newest first; find by a part of the name or title',
      tag,
      query: z.strictObject({ state: z.enum(tenantStates).optional(), find: z.string().max(100).optional(), ...pageQuery }),
      answers: { 200: page(listedTenantSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { state, find, cursor, limit } }) => {
      const tenants = await listDirectory(database.engine, { state, find, before: readIdCursor('tenant', cursor), limit: limit + 1 });
      const members = await countMembers(
        database.auth,
        tenants.map(({ id }) => id),
      );
      const present = (tenant: ListedTenant) => presentTenant(tenant, members);
      return { status: 200, body: pageOf(tenants, limit, { present, cursorOf: ({ id }) => makeIdCursor(id) }) };
    },
  );

  routes.addOperator(
    {
      method: 'post',
      path,
      summary: 'Make a tenant with its owner, whole or not at all',
      tag,
      body: jsonBody(z.strictObject({ name: tenantNameSchema, title: tenantTitleSchema.optional(), ownerEmail: z.email().max(254) }), {
        bytesMax: 4_096,
      }),
      answers: { 201: operatedTenantSchema },
      errors: ['tenant.name_taken'],
    },
    async ({ body, operator }) => {
      const { id } = await deps.createTenant({ ...body, actor: operator.actor });
      return { status: 201, body: await shown(id) };
    },
  );

  routes.addOperator(
    {
      method: 'get',
      path: `${path}/{id}`,
      summary: 'One tenant',
      tag,
      params,
      answers: { 200: operatedTenantSchema },
      errors: ['tenant.not_found'],
    },
    async ({ params: { id } }) => ({ status: 200, body: await shown(id) }),
  );

  routes.addOperator(
    {
      method: 'put',
      path: `${path}/{id}`,
      summary: 'Change what operators set for a tenant',
      tag,
      params,
      body: jsonBody(operatorChangesSchema, { bytesMax: 4_096 }),
      answers: { 200: operatedTenantSchema },
      errors: ['tenant.not_found'],
    },
    async ({ params: { id }, body: changes, operator, now }) => {
      const tenantId = tenantIdOf(id);
      const keys = await keyring.of((await readFromDirectory(database.engine, tenantId)).id);
      await withTenant(database.app.db, tenantId, (tx) =>
        configureTenant(tx, keys, { changes, version: null, actor: operator.actor, at: now }),
      );
      return { status: 200, body: await shown(id) };
    },
  );

  /** A change of state, of the same form for all of them. */
  const addChange = <B extends { reason?: string | undefined }>(
    change: { verb: string; summary: string; body: z.ZodType<B> },
    work: (tx: Tx, tenantId: Id<'tenant'>, act: LifeAct & B) => Promise<unknown>,
  ) =>
    routes.addOperator(
      {
        method: 'post',
        path: `${path}/{id}/${change.verb}`,
        summary: change.summary,
        tag,
        fresh: true,
        params,
        body: jsonBody(change.body, { bytesMax: 4_096 }),
        answers: { 200: operatedTenantSchema },
        errors: ['tenant.not_found', 'tenant.wrong_state', 'tenant.name_mismatch'],
      },
      async ({ params: { id }, body, operator, now }) => {
        const { id: tenantId } = await readFromDirectory(database.engine, tenantIdOf(id));
        await withTenant(database.app.db, tenantId, (tx) => work(tx, tenantId, { ...body, ...actOf(operator, now) }));
        return { status: 200, body: await shown(id) };
      },
    );
  const reason = z.string().trim().min(1).max(500);
  const named = z.strictObject({ name: z.string().max(200), reason: reason.optional() });
  addChange(
    { verb: 'suspend', summary: 'Stop all work of a tenant and let nobody in', body: z.strictObject({ reason: reason.optional() }) },
    suspendTenant,
  );
  addChange(
    { verb: 'resume', summary: 'Lift a suspension, or call a closing off', body: z.strictObject({ reason: reason.optional() }) },
    async (tx, tenantId, act) => ((await readTenant(tx, tenantId)).state === 'closing' ? reopenTenant : resumeTenant)(tx, tenantId, act),
  );
  addChange({ verb: 'close', summary: 'Close a tenant: after thirty days it is erased', body: named }, async (tx, tenantId, act) =>
    closeTenant(tx, await keyring.of(tenantId), act),
  );
  addChange({ verb: 'erase', summary: 'Erase a tenant now', body: named }, async (tx, tenantId, act) =>
    closeTenant(tx, await keyring.of(tenantId), { ...act, graceDays: 0 }),
  );
}

const actOf = ({ actor }: OperatorPerson, at: Date): LifeAct => ({ actor, at });

/** @throws FactotumError `tenant.not_found`. */
export function tenantIdOf(id: string): Id<'tenant'> {
  if (isId('tenant', id)) return id;
  throw new FactotumError('tenant.not_found', 'There is no such tenant.');
}

const maySpend = async ({ database }: Deps, id: Id<'tenant'>): Promise<boolean> =>
  (await withTenant(database.app.db, id, (tx) => readTenant(tx, id))).settings.maySpendOperatorModelKey;

const presentTenant = ({ stateSince, erasesAt, createdAt, ...tenant }: ListedTenant, members: ReadonlyMap<string, number>) => ({
  ...tenant,
  stateSince: stateSince.toISOString(),
  erasesAt: erasesAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
  members: members.get(tenant.id) ?? 0,
});
