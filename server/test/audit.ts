/** Tenants with keys and an audit log on a real database, for tests of the log and of what writes to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { type Clock, createLogger, type Id, newId, systemClock } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { type AuditDraft, createSequencer, provisionAuditLog, recordAudit, type Sequencer } from '#trust/audit';
import { type AuditorKey, createAuditorKey, createKeyring, createLocalKek, type Keyring, onlyKek } from '#trust/key';

export interface AuditSetup {
  readonly keyring: Keyring;
  readonly auditorKey: AuditorKey;
  /** Where the keys lie, for another process to open them. */
  readonly folder: string;
  buildTenant(): Promise<Id<'tenant'>>;
  /** One transaction of the application with these entries. */
  record(tenantId: Id<'tenant'>, ...drafts: readonly Partial<AuditDraft>[]): Promise<void>;
  createSequencer(over?: { database?: Database; clock?: Clock }): Sequencer;
  close(): Promise<void>;
}

const log = createLogger({ level: 'silent' });

/** A draft with what a test does not care about filled in. */
export const draft = (over: Partial<AuditDraft> = {}): AuditDraft => ({
  kind: 'task.created',
  actor: 'system:engine',
  at: new Date('2026-03-01T10:00:00.000Z'),
  ...over,
});

export async function auditSetup(database: Database): Promise<AuditSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-audit-'));
  const { keyring, auditorKey } = await openKeys(database, folder);
  return {
    keyring,
    auditorKey,
    folder,
    async buildTenant() {
      const tenantId = newId('tenant');
      await withTenant(database.app.db, tenantId, async (tx) => {
        await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
        await provisionAuditLog(tx, tenantId, await keyring.provision(tx, tenantId), auditorKey.sealForAuditor);
      });
      return tenantId;
    },
    record: (tenantId, ...drafts) => withTenant(database.app.db, tenantId, (tx) => recordAudit(tx, tenantId, drafts.map(draft))),
    createSequencer: (over = {}) => createSequencer({ database, keyring, clock: systemClock, log, ...over }),
    async close() {
      keyring.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Opens the keys in a folder, making them where there are none. */
export async function openKeys(database: Database, folder: string): Promise<{ keyring: Keyring; auditorKey: AuditorKey }> {
  const keyFolder = { folder, tenantsExist: async () => false };
  const keks = onlyKek(await createLocalKek(keyFolder));
  return { keyring: createKeyring({ db: database.app.db, keks, clock: systemClock }), auditorKey: await createAuditorKey(keyFolder) };
}

/**
 * What somebody with the database's own power can do: runs statements as the owner of the tables, past row-level security and triggers.
 * Affects the whole database of the test file, so such a file does nothing else.
 */
export async function asIntruder<R>(ownerUrl: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    for (const table of ['audit_entry', 'audit_head', 'audit_pending', 'audit_tile'])
      await client.query(`alter table app.${table} no force row level security, disable trigger user`);
    return await work(client);
  } finally {
    for (const table of ['audit_entry', 'audit_head', 'audit_pending', 'audit_tile'])
      await client.query(`alter table app.${table} force row level security, enable trigger user`);
    await client.end();
  }
}

/** Waits until `isTrue`, up to a minute. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error('it did not come true within a minute');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
