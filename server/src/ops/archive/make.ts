import { encodeProof } from '@factotum/tlog';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Id } from '#kernel';
import { type Database, type Tx, withTenantSnapshot } from '#kernel/database';
import { entryProof, exportLogIn, packHead } from '#trust/audit';
import type { Blobs } from '#trust/blob';
import { hashIdentity, type IdentityTable, packIdentity } from '#trust/identity';
import type { AuditorKey, Keyring } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { blobParts } from './blobs.ts';
import { sealArchive } from './codec.ts';
import { contentParts } from './content.ts';
import type { ArchiveHeader } from './header.ts';
import type { Part } from './parts.ts';
import { exportRows } from './rows.ts';
import { travellingTables } from './tables.ts';

export interface ArchiveDeps {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly blobs: Blobs;
  readonly auditor: AuditorKey;
}

/** What an archive held when it was made, by which a move finds out whether anything has changed since. */
export interface ArchiveFacts {
  readonly logSize: number;
  readonly tasksEpoch: number;
  readonly identityHash: Buffer;
}

export interface Progress {
  readonly done: number;
  readonly of: number;
}

/**
 * Makes an archive of one moment and hands its bytes to `write`, a few at a time. The moment lasts as long as writing does, so write where
 * nobody is slow.
 */
export async function makeArchive(
  deps: ArchiveDeps,
  what: { readonly header: ArchiveHeader; readonly key: Uint8Array; readonly onProgress?: (progress: Progress) => void },
  write: (bytes: AsyncIterable<Buffer>) => Promise<void>,
): Promise<ArchiveFacts> {
  const { tenantId } = what.header;
  return withTenantSnapshot(deps.database.app.db, tenantId, async (tx) => {
    const identity = await packIdentity(deps.database.auth, tenantId);
    const head = await packHead(tx, tenantId);
    const tasksEpoch = await readTasksEpoch(tx, tenantId);
    await write(sealArchive(what.header, what.key, partsOf(deps, tx, { ...what, identity })));
    return { logSize: head.size, tasksEpoch, identityHash: hashIdentity(identity) };
  });
}

/** How often tasks of the tenant have been claimed. */
export async function readTasksEpoch(tx: Tx, tenantId: Id<'tenant'>): Promise<number> {
  const { rows } = await sql<{
    epoch: number;
  }>`select coalesce(sum(epoch), 0)::bigint as epoch from task where tenant_id = ${tenantId}`.execute(tx);
  return rows[0]?.epoch ?? 0;
}

/** The newest migration of this database. */
export async function schemaNumber(tx: Tx): Promise<number> {
  const { rows } = await sql<{ number: number }>`select max(number) as number from app.schema_migration`.execute(tx);
  return rows[0]?.number ?? 0;
}

/** The first part: what the tenant is. */
export const tenantPartSchema = z.looseObject({ schema: z.int(), id: z.string(), name: z.string() });
/** The seeds, with which all of the rows open. */
export const seedsPartSchema = z.strictObject({
  seeds: z
    .array(
      z.strictObject({
        generation: z.int().min(1),
        state: z.enum(['active', 'retired']),
        seed: z.base64(),
        // What MACs are made with, where the seeds have been rotated.
        indexKey: z.base64().nullable().default(null),
      }),
    )
    .min(1)
    .max(1_000),
});

interface Making {
  readonly header: ArchiveHeader;
  readonly identity: readonly IdentityTable[];
  readonly onProgress?: (progress: Progress) => void;
}

async function* partsOf(deps: ArchiveDeps, tx: Tx, { header, identity, onProgress }: Making): AsyncGenerator<Part> {
  const { tenantId, kind } = header;
  yield { name: 'tenant.json', body: [json(await aboutTenant(tx, tenantId, identity))] };
  if (kind === 'whole') yield* wholeParts(deps, tx, tenantId, identity);
  yield* logParts(tx, tenantId);
  const of = await countItems(tx, tenantId);
  let done = 0;
  const onItem = () => {
    done += 1;
    onProgress?.({ done, of: Math.max(of, done) });
  };
  yield* contentParts({ tx, tenantId, keysOf: () => deps.keyring.of(tenantId), onItem, damaged: [], blobs: deps.blobs });
}

/** What another installation needs to go on: rows as they are, the keys that open them, who may sign in. */
async function* wholeParts(deps: ArchiveDeps, tx: Tx, tenantId: Id<'tenant'>, identity: readonly IdentityTable[]): AsyncGenerator<Part> {
  const seeds = await deps.keyring.seedsOf(tenantId);
  const texts = seeds.map(({ seed, indexKey, ...rest }) => ({
    ...rest,
    seed: seed.toString('base64'),
    indexKey: indexKey?.toString('base64') ?? null,
  }));
  for (const { seed, indexKey } of seeds) {
    seed.fill(0);
    indexKey?.fill(0);
  }
  yield { name: 'keys.json', body: [json({ seeds: texts })] };
  for (const table of await travellingTables(tx)) yield { name: `rows/app.${table.name}.ndjson`, body: exportRows(tx, tenantId, table) };
  for (const { name, columns, rows } of identity)
    yield { name: `rows/auth.${name}.ndjson`, body: [json({ table: name, columns }), ...rows.map(json)] };
  yield* blobParts(tx, tenantId, deps.blobs);
  yield { name: 'audit/head.json', body: [json(await packHead(tx, tenantId, deps.auditor))] };
}

/** The log as `factotum-verify` checks it, its newest checkpoint and key, and the proof of its last entry. */
async function* logParts(tx: Tx, tenantId: Id<'tenant'>): AsyncGenerator<Part> {
  const { size, checkpoint, verifierKey } = await packHead(tx, tenantId);
  yield { name: 'audit/log.jsonl', body: exportLogIn(tx, tenantId) };
  yield { name: 'audit/checkpoint', body: [checkpoint] };
  yield { name: 'audit/key', body: [`${verifierKey}\n`] };
  const proof = size === 0 ? null : await entryProof(tx, tenantId, size - 1);
  if (proof !== null) {
    yield { name: 'audit/last-entry.json', body: [proof.body] };
    yield { name: 'audit/last-entry.tlog-proof', body: [encodeProof(proof)] };
  }
}

async function aboutTenant(tx: Tx, tenantId: Id<'tenant'>, identity: readonly IdentityTable[]) {
  const { id, name, title, state, settings, createdAt } = await readTenant(tx, tenantId);
  const people = identity.find((table) => table.name === 'user');
  const memberships = identity.find((table) => table.name === 'member');
  const value = (table: IdentityTable | undefined, row: readonly (string | null)[], column: string) =>
    row[table?.columns.indexOf(column) ?? -1] ?? null;
  const members = memberships?.rows.map((row) => {
    const userId = value(memberships, row, 'userId');
    const person = people?.rows.find((one) => value(people, one, 'id') === userId) ?? [];
    return {
      userId,
      name: value(people, person, 'name'),
      email: value(people, person, 'email'),
      roles: value(memberships, row, 'role')?.split(',') ?? [],
    };
  });
  return { schema: await schemaNumber(tx), id, name, title, state, settings, createdAt, members: members ?? [] };
}

async function countItems(tx: Tx, tenantId: Id<'tenant'>): Promise<number> {
  const { rows } = await sql<{ items: number }>`select (select count(*) from note where tenant_id = ${tenantId} and deleted_at is null)
    + (select count(*) from vault_file where tenant_id = ${tenantId})
    + (select count(*) from task where tenant_id = ${tenantId}) as items`.execute(tx);
  return rows[0]?.items ?? 0;
}

const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
