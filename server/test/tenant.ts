import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Id, newId, systemClock } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { createKeyring, createLocalKek, type Keyring, onlyKek, type TenantKeys } from '#trust/key';

/** A tenant with keys and nothing else, for tests of one module. */
export interface TestTenant {
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  /** One unit of work of this tenant. */
  run<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
}

/** Makes tenants in a test's database, under a KEK of the test's own. */
export async function tenantFactory(
  database: Database,
): Promise<{ keyring: Keyring; build(): Promise<TestTenant>; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-keys-'));
  const keks = onlyKek(await createLocalKek({ folder, tenantsExist: async () => false }));
  const { db } = database.app;
  const keyring = createKeyring({ db, keks, clock: systemClock });
  return {
    keyring,
    async build() {
      const tenantId = newId('tenant');
      await withTenant(db, tenantId, async (tx) => {
        await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
        await sql`insert into tenant_queue (tenant_id, max_running) values (${tenantId}, 20)`.execute(tx);
        await keyring.provision(tx, tenantId);
      });
      return { tenantId, keys: await keyring.of(tenantId), run: (work) => withTenant(db, tenantId, work) };
    },
    async close() {
      keyring.close();
      await rm(folder, { recursive: true });
    },
  };
}
