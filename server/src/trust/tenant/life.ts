import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { type AuditKind, recordAudit } from '#trust/audit';
import { addTenantJob, cancelTenantJobs, listTenantJobs } from '#trust/job';
import type { TenantKeys } from '#trust/key';
import { readTenant, type Tenant, type TenantState } from './read.ts';
import { type StateChange, updateState } from './store.ts';

/** Between the wish to close a tenant and its erasure, in days: long enough to come back from holidays. */
const closingGraceDays = 30;

/** The kind of the job that erases a tenant. */
export const eraseKind = 'tenant.erase';

export interface LifeAct {
  /** Who wants it, as the audit log names them. */
  readonly actor: string;
  readonly at: Date;
  /** Shown to operators, and kept in clear. */
  readonly reason?: string | undefined;
}

/**
 * Puts a tenant into another state, with the entry that says so, in the caller's transaction.
 *
 * @throws FactotumError `tenant.wrong_state` when it is in none of the states that it may come from, `tenant.not_found`.
 */
export async function changeState(
  tx: Tx,
  tenantId: Id<'tenant'>,
  change: StateChange & { readonly actor: string; readonly kind: AuditKind; readonly detail?: Readonly<Record<string, string>> },
): Promise<void> {
  if (await updateState(tx, tenantId, change)) {
    const { kind, actor, at, detail } = change;
    await recordAudit(tx, tenantId, [
      { kind, actor, at, objectId: tenantId, state: change.to, ...(detail === undefined ? {} : { detail }) },
    ]);
    return;
  }
  throw wrongState((await readTenant(tx, tenantId)).state, change.from);
}

/** Takes nothing in and works on nothing any more, within seconds and in every process; all stays as it is. */
export const suspendTenant = (tx: Tx, tenantId: Id<'tenant'>, { actor, at, reason }: LifeAct): Promise<void> =>
  changeState(tx, tenantId, { from: ['active'], to: 'suspended', at, reason: reason ?? null, actor, kind: 'tenant.suspended' });

/** Lifts a suspension. */
export const resumeTenant = (tx: Tx, tenantId: Id<'tenant'>, { actor, at }: LifeAct): Promise<void> =>
  changeState(tx, tenantId, { from: ['suspended'], to: 'active', at, actor, kind: 'tenant.resumed' });

/**
 * Begins to close a tenant: no work is done any more, people can read and export, and at the end of the grace it is erased.
 *
 * @param act.name - the tenant's name as the person typed it
 * @param act.graceDays - 0 erases at once
 * @throws FactotumError `tenant.name_mismatch`, `tenant.wrong_state`.
 */
export async function closeTenant(
  tx: Tx,
  keys: TenantKeys,
  act: LifeAct & { readonly name: string; readonly graceDays?: number },
): Promise<{ erasesAt: Date }> {
  const { tenantId } = keys;
  const { actor, at, reason, graceDays = closingGraceDays } = act;
  const tenant = await readTenant(tx, tenantId);
  if (act.name !== tenant.name)
    throw new FactotumError('tenant.name_mismatch', 'Type the name of the tenant exactly as it is. Nothing was changed.');
  const erasesAt = new Date(at.getTime() + graceDays * 86_400_000);
  await changeState(tx, tenantId, {
    // Who erases at once may do so while the grace of an earlier wish lasts.
    from: graceDays === 0 ? ['active', 'suspended', 'moved', 'closing'] : ['active', 'suspended'],
    to: 'closing',
    at,
    reason: reason ?? null,
    erasesAt,
    actor,
    kind: 'tenant.closing',
    detail: { erasesAt: erasesAt.toISOString() },
  });
  await cancelTenantJobs(tx, tenantId, { kind: eraseKind }, at);
  await addTenantJob(tx, keys, { kind: eraseKind, position: { phase: 'begin' }, actor, at, runAt: erasesAt });
  return { erasesAt };
}

/**
 * Calls the closing off. Nothing was lost; work goes on.
 *
 * @throws FactotumError `tenant.wrong_state`; `auth.forbidden` when somebody of the tenant calls off what an operator began.
 */
export async function reopenTenant(tx: Tx, tenantId: Id<'tenant'>, { actor, at }: LifeAct): Promise<void> {
  const [erasure] = await listTenantJobs(tx, tenantId, { kind: eraseKind, state: 'waiting', limit: 1 });
  if (erasure?.createdBy.startsWith('operator:') === true && !actor.startsWith('operator:'))
    throw new FactotumError('auth.forbidden', 'An operator of this installation closes the tenant. Ask them.');
  await changeState(tx, tenantId, { from: ['closing'], to: 'active', at, actor, kind: 'tenant.resumed' });
  await cancelTenantJobs(tx, tenantId, { kind: eraseKind }, at);
}

const wrongState = (state: Tenant['state'], from: readonly TenantState[]) =>
  new FactotumError('tenant.wrong_state', `The tenant is ${state}; this needs it to be ${from.join(' or ')}.`, { details: { state } });
