import { z } from 'zod';
import { type Clock, type Id, isId, type JsonObject } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { addTenantJob, defineJob, type JobHandler } from '#trust/job';
import type { KeyGenerations, TenantKeys } from '#trust/key';
import { type KeyAct, rewrapKind } from './rotation.ts';

export interface RewrapDeps {
  readonly database: Pick<Database, 'app' | 'engine'>;
  readonly generations: KeyGenerations;
  readonly clock: Clock;
  /** Called when the job has left entries in the audit log. */
  readonly onEntries: () => void;
}

/** Adds the job that wraps one tenant's seeds anew, in the caller's transaction. */
export const requestRewrap = (tx: Tx, keys: TenantKeys, { actor, at }: KeyAct): Promise<Id<'job'>> =>
  addTenantJob(tx, keys, { kind: rewrapKind, actor, at });

const positionSchema = z.looseObject({ after: z.string().default(''), tenants: z.int().default(0), keys: z.int().default(0) });
const tenantsAtOnce = 100;

/**
 * The job that wraps seeds anew with whoever guards them now, under the newest version of their key: of one tenant, or of all when it is the
 * installation's. What is sealed stays as it is. A tenant whose provider is away makes it wait, and it goes on with that tenant.
 */
export function createRewrapJob({ database, generations, clock, onEntries }: RewrapDeps): JobHandler {
  const rewrapOne = async (tenantId: Id<'tenant'>, actor: string): Promise<number> => {
    const keys = await generations.rewrap(tenantId);
    await withTenant(database.app.db, tenantId, (tx) =>
      recordAudit(tx, tenantId, [{ kind: 'encryption.rewrapped', actor, at: clock.now(), objectId: tenantId, detail: { keys } }]),
    );
    return keys;
  };
  return defineJob({
    kind: rewrapKind,
    input: z.null(),
    async run(job) {
      const { tenantId, actor } = job;
      if (tenantId !== null) {
        const keys = await rewrapOne(tenantId, actor);
        onEntries();
        return { tenants: 1, keys };
      }
      let position = positionSchema.parse(job.position ?? {});
      const of = await countTenants(database);
      for (let next = await tenantsAfter(database, position.after); next.length > 0; next = await tenantsAfter(database, position.after))
        for (const one of next) {
          const keys = await rewrapOne(one, actor);
          position = { after: one, tenants: position.tenants + 1, keys: position.keys + keys };
          await job.save({ position: position as JsonObject, progress: { done: position.tenants, of, unit: 'tenants' } }); // Texts and numbers.
        }
      onEntries();
      return { tenants: position.tenants, keys: position.keys };
    },
  });
}

const living = "state not in ('erased', 'moved')";

async function tenantsAfter({ engine }: Pick<Database, 'engine'>, after: string): Promise<Id<'tenant'>[]> {
  const { rows } = await engine.pool.query<{ id: string }>(
    `select tenant_id as id from app.tenant where ${living} and tenant_id > $1 order by tenant_id limit ${tenantsAtOnce}`,
    [after],
  );
  return rows.map(({ id }) => id).filter((id) => isId('tenant', id));
}

async function countTenants({ engine }: Pick<Database, 'engine'>): Promise<number> {
  const { rows } = await engine.pool.query<{ tenants: string }>(`select count(*)::text as tenants from app.tenant where ${living}`);
  return Number(rows[0]?.tenants ?? 0);
}
