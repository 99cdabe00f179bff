import { exportFormat } from '@factotum/tlog';
import { CompiledQuery, sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import { type TextTable, type Tx, withTenant } from '#kernel/database';
import { adoptLog, type PackedHead, packedHeadSchema } from '#trust/audit';
import { type AdoptedIdentity, adoptIdentity, type Identity, type IdentityTable } from '#trust/identity';
import type { PlainSeed } from '#trust/key';
import { readTenant, tenantNameSchema, tenantTitleSchema } from '#trust/tenant';
import { recountTenant } from '#trust/vault';
import { refuseMissing, takeBlob } from './blobs.ts';
import { openArchive } from './codec.ts';
import { conflict, invalid } from './fault.ts';
import type { ArchiveHeader } from './header.ts';
import { bytesOf, jsonOf, linesOf } from './lines.ts';
import { type ArchiveDeps, schemaNumber, seedsPartSchema, tenantPartSchema } from './make.ts';
import type { ReadPart } from './parts.ts';
import { importRows } from './rows.ts';
import { travellingTables } from './tables.ts';

export interface TakeInDeps extends ArchiveDeps {
  readonly identity: Pick<Identity, 'removeTenantOwner'>;
}

/** What came. The tenant rests until it is released. */
export interface TakenIn {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly rows: number;
  readonly logSize: number;
  readonly identity: AdoptedIdentity;
}

const smallPartMax = 16 * 1024 * 1024;
const peopleMax = 200_000;
/** An entry has at most 65,535 bytes, each escaped with six at worst. */
const entryLineMax = 400_000;

/**
 * Takes a whole archive in: all of it in one transaction, or nothing. Every row, the log from its first entry to what was signed, and the
 * manifest are checked before that transaction ends; until then nobody sees the tenant, and after it the tenant rests until `arrive`.
 *
 * @throws FactotumError `archive.invalid`, `archive.conflict`; nothing has happened then.
 */
export async function takeIn(
  deps: TakeInDeps,
  source: AsyncIterable<Uint8Array>,
  {
    keyOf,
    at,
    archiveId,
    onProgress,
  }: { keyOf: (header: ArchiveHeader) => Promise<Uint8Array>; at: Date; archiveId?: string; onProgress?: (rows: number) => void },
): Promise<TakenIn> {
  const { header, parts } = await openArchive(source, keyOf);
  if (header.kind !== 'whole')
    throw conflict('This archive is a copy for people, without what it takes to go on elsewhere. Make one with --whole.');
  const { tenantId } = header;
  let people: AdoptedIdentity | undefined;
  try {
    return await withTenant(deps.database.app.db, tenantId, async (tx) => {
      // A large part takes longer than a statement of everyday may; what is read between two statements is local.
      await tx.executeQuery(CompiledQuery.raw("set local idle_in_transaction_session_timeout = '10min'"));
      await refuseKnown(tx, tenantId);
      const taking = createTaking(deps, tx, tenantId, onProgress ?? (() => undefined));
      for await (const part of parts) await taking.take(part);
      const taken = taking.finish();
      await refuseMissing(tx, tenantId, taken.objects);
      const name = await settle(tx, tenantId, at);
      people = await adoptIdentity(deps.database.auth, { tenantId, name }, taken.identity);
      await sql`insert into tenant_move (tenant_id, direction, state, began_at, archive_id, log_size)
        values (${tenantId}, 'here', 'open', ${at}, ${archiveId ?? null}, ${taken.head.size})`.execute(tx);
      return { tenantId, name, rows: taken.rows, logSize: taken.head.size, identity: people };
    });
  } catch (error) {
    if (people !== undefined) await deps.identity.removeTenantOwner(tenantId);
    throw named(error);
  }
}

async function refuseKnown(tx: Tx, tenantId: Id<'tenant'>): Promise<void> {
  const { rows } = await sql<{ state: string }>`select state from tenant where tenant_id = ${tenantId}`.execute(tx);
  if (rows[0] !== undefined) throw conflict(`This tenant is here already (it is ${rows[0].state}).`);
}

/** What was to be pushed or mailed longer ago than this when it comes in is not sent any more. */
const overdueMsMax = 24 * 3_600_000;

/** As many as a tenant may run that nobody has said anything about. */
const runningMax = 20;

/**
 * Takes back what only who runs this installation gives, and lets the tenant rest.
 *
 * @returns its name, which is one that folders may have.
 */
async function settle(tx: Tx, tenantId: Id<'tenant'>, at: Date): Promise<string> {
  // What an old archive would tell people was told long ago, wherever it was made. A move takes less than that.
  await sql`update notice set push_at = null, mail_at = null
    where tenant_id = ${tenantId} and least(push_at, mail_at) < ${new Date(at.getTime() - overdueMsMax)}`.execute(tx);
  await sql`update tenant set settings = settings - 'maySpendOperatorModelKey', state = 'moving', state_since = ${at} where tenant_id = ${tenantId}`.execute(
    tx,
  );
  await sql`update tenant_queue set max_running = least(max_running, ${runningMax}) where tenant_id = ${tenantId}`.execute(tx);
  await recountTenant(tx, tenantId);
  try {
    const { name, title } = await readTenant(tx, tenantId);
    if (title !== name) tenantTitleSchema.parse(title);
    return tenantNameSchema.parse(name);
  } catch (cause) {
    throw cause instanceof z.ZodError ? invalid('its name or settings are none that this release knows', cause) : cause;
  }
}

/** The parts in their order: what the tenant is, its seeds, its rows, its people, the head of its log, the log. What people read is passed over. */
function createTaking(deps: TakeInDeps, tx: Tx, tenantId: Id<'tenant'>, onProgress: (rows: number) => void) {
  const seen = new Set<string>();
  const identity: IdentityTable[] = [];
  let tables: readonly TextTable[] | undefined;
  let seeds: PlainSeed[] | undefined;
  let isKeyed = false;
  let head: PackedHead | undefined;
  let rows = 0;
  let objects = 0;
  let peopleRows = 0;

  const small = async <S extends z.ZodType>(part: ReadPart, schema: S): Promise<z.output<S>> => {
    const answer = schema.safeParse(jsonOf((await bytesOf(part.body, smallPartMax)).toString('utf8')));
    if (!answer.success) throw invalid(`${part.name} has another form`, answer.error);
    return answer.data;
  };

  async function takeRows(table: string, part: ReadPart): Promise<void> {
    tables ??= await travellingTables(tx);
    if (!seen.has('tenant.json') || seeds === undefined) throw invalid('its parts are not in order');
    rows += await importRows(tx, tenantId, tables, table, part.body);
    onProgress(rows);
    if (table !== 'tenant') return;
    await deps.keyring.adopt(tx, tenantId, seeds);
    isKeyed = true;
  }

  async function takePeople(table: string, part: ReadPart): Promise<void> {
    const lines = linesOf(part.body, smallPartMax);
    const heading = z
      .strictObject({ table: z.literal(table), columns: z.array(z.string()).max(200) })
      .safeParse(jsonOf((await lines.next()).value ?? ''));
    if (!heading.success) throw invalid(`${part.name} has another form`, heading.error);
    const found: (string | null)[][] = [];
    for await (const line of lines) {
      const row = z.array(z.string().nullable()).safeParse(jsonOf(line));
      if (!row.success || ++peopleRows > peopleMax) throw invalid(`a row of ${table} has another form, or there are too many`);
      found.push(row.data);
    }
    identity.push({ name: table, columns: heading.data.columns, rows: found });
  }

  async function takeLog(part: ReadPart): Promise<void> {
    if (!isKeyed || seeds === undefined || head === undefined) throw invalid('its parts are not in order');
    await adoptLog(tx, deps.keyring.preview(tenantId, seeds), {
      head,
      entries: entriesOf(part.body),
      sealForAuditor: deps.auditor.sealForAuditor,
    });
  }

  return {
    async take(part: ReadPart): Promise<void> {
      const [, schema, table] = /^rows\/(app|auth)\.([A-Za-z_]+)\.ndjson$/.exec(part.name) ?? [];
      const [, object] = /^blobs\/(blb_[0-9a-f]{24})$/.exec(part.name) ?? [];
      const isOurs =
        table !== undefined ||
        object !== undefined ||
        ['tenant.json', 'keys.json', 'audit/head.json', 'audit/log.jsonl'].includes(part.name);
      if (!isOurs) return;
      if (seen.has(part.name)) throw invalid(`it has ${part.name} twice`);
      seen.add(part.name);
      if (object !== undefined) {
        if (!seen.has('rows/app.blob.ndjson')) throw invalid('its parts are not in order');
        await takeBlob(tx, { tenantId, object, blobs: deps.blobs }, part.body);
        objects += 1;
        return;
      }
      if (schema === 'app' && table !== undefined) return takeRows(table, part);
      if (schema === 'auth' && table !== undefined) return takePeople(table, part);
      if (part.name === 'audit/log.jsonl') return takeLog(part);
      if (part.name === 'audit/head.json') {
        head = await small(part, packedHeadSchema);
        return;
      }
      if (part.name === 'keys.json') {
        seeds = (await small(part, seedsPartSchema)).seeds.map(({ seed, indexKey, ...rest }) => ({
          ...rest,
          seed: keyOf32(seed),
          indexKey: indexKey === null ? null : keyOf32(indexKey),
        }));
        if (seeds.filter(({ state }) => state === 'active').length !== 1) throw invalid('not one of its keys is the one in force');
        return;
      }
      const about = await small(part, tenantPartSchema);
      if (about.id !== tenantId) throw invalid('it is of another tenant than it says');
      if (about.schema > (await schemaNumber(tx)))
        throw invalid('it was made by a newer release. Bring this installation up to date first');
    },
    finish() {
      if (head === undefined || !isKeyed || !seen.has('audit/log.jsonl') || !seen.has('rows/app.tenant_queue.ndjson'))
        throw invalid('parts of it are missing');
      for (const { seed, indexKey } of seeds ?? []) {
        seed.fill(0);
        indexKey?.fill(0);
      }
      return { identity, head, rows, objects };
    },
  };
}

function keyOf32(text: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32) throw invalid('a key in it has another length');
  return key;
}

const headingSchema = z.looseObject({ format: z.literal(exportFormat) });
const entrySchema = z.strictObject({ seq: z.int().min(0), body: z.string(), chain: z.string(), mac: z.string(), epoch: z.int().min(0) });

async function* entriesOf(body: AsyncIterable<Buffer>) {
  const lines = linesOf(body, entryLineMax);
  if (!headingSchema.safeParse(jsonOf((await lines.next()).value ?? '')).success) throw invalid('audit/log.jsonl has another form');
  for await (const line of lines) {
    const entry = entrySchema.safeParse(jsonOf(line));
    if (!entry.success) throw invalid('an entry of its log has another form', entry.error);
    yield entry.data;
  }
}

/** What the database refuses is said in the archive's words: what it holds contradicts itself, or something that is here. */
function named(error: unknown): unknown {
  if (isFactotumError(error, 'audit.broken')) return invalid(`its audit log does not hold (${error.message})`, error);
  if (isFactotumError(error, 'seal.broken')) return invalid('its keys do not open what is in it', error);
  if (isFactotumError(error) || !(error instanceof Error) || !('code' in error)) return error;
  const constraint = 'constraint' in error ? String(error.constraint) : '';
  if (constraint === 'tenant_name') return conflict('There is a tenant of this name here already.');
  const state = String(error.code);
  if (!/^(?:22|23|42501|54)/.test(state)) return error;
  return new FactotumError(
    'archive.invalid',
    `The archive cannot be read: its rows contradict each other (${constraint || state}). Nothing was taken in.`,
    {
      cause: error,
    },
  );
}
