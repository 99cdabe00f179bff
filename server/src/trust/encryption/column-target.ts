import { type Id, isFactotumError } from '#kernel';
import { type Database, inTransaction, type RoleDatabase } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type SealedPlace, sealedPlaces } from './catalogue.ts';
import type { ResealPiece, ResealTarget } from './reseal-target.ts';

/** Rows looked at in one piece, and the bytes of theirs that are in memory at once. */
const rowsMax = 200;
const bytesMax = 4 * 1024 * 1024;
/** Counting reads the first bytes of every row. Longer than this and whoever asked does without, in milliseconds. */
const countMsMax = 10_000;

/** The sealed columns of the catalogue as targets of a rotation. */
export const columnTargets = (database: Pick<Database, 'app' | 'auth'>): ResealTarget[] =>
  sealedPlaces.map((place) => columnTarget(database[place.schema], place));

interface PrimaryKey {
  readonly names: readonly string[];
  /** As SQL casts to them. */
  readonly types: readonly string[];
}

interface SealedRow {
  readonly key: readonly string[];
  readonly id: readonly string[];
  readonly version: string | null;
  readonly sealed: Buffer;
}

/** Names come from the catalogue of this program and that of the database, never from outside. */
function columnTarget(role: RoleDatabase, place: SealedPlace): ResealTarget {
  const table = `${place.schema}.${quoted(place.table)}`;
  const column = quoted(place.name);
  const tenant = quoted(place.tenant);
  /** Schema auth has no row-level security; there the predicate alone is the wall. */
  const inTenant = <R>(tenantId: Id<'tenant'>, work: Parameters<typeof inTransaction<R>>[1]) =>
    inTransaction(role, work, place.schema === 'app' ? tenantId : undefined);
  let primaryKey: Promise<PrimaryKey> | undefined;
  const keyOf = () => {
    primaryKey ??= readPrimaryKey(role, table).catch((error: unknown) => {
      primaryKey = undefined;
      throw error;
    });
    return primaryKey;
  };

  async function readPiece({ tenantId, generation, after }: ResealPiece): Promise<{ rows: SealedRow[]; last: readonly string[] | null }> {
    const { names, types } = await keyOf();
    const keys = names.map(quoted);
    const order = keys.join(', ');
    const places = (from: number) => types.map((type, index) => `$${from + index}::text::${type}`).join(', ');
    const old = `${tenant} = $1 and ${column} is not null and substring(${column} from 1 for 6) <> $2`;
    const header = headerOf(generation);
    return inTenant(tenantId, async (client) => {
      const sizes = await client.query<{ key: string[]; size: number }>(
        `select array[${keys.map((key) => `${key}::text`).join(', ')}] as key, octet_length(${column}) as size from ${table}
         where ${old} ${after === null ? '' : `and (${order}) > (${places(3)})`} order by ${order} limit ${rowsMax}`,
        [tenantId, header, ...(after ?? [])],
      );
      let count = 0;
      for (let bytes = 0; count < sizes.rows.length && (count === 0 || bytes < bytesMax); count += 1) bytes += sizes.rows[count]?.size ?? 0;
      const last = sizes.rows[count - 1]?.key;
      if (last === undefined) return { rows: [], last: null };
      const idOf = place.id.map(
        (name) =>
          `case when pg_typeof(${quoted(name)}) = 'bytea'::regtype then substring(${quoted(name)}::text from 3) else ${quoted(name)}::text end`,
      );
      const { rows } = await client.query<SealedRow>(
        `select array[${keys.map((key) => `${key}::text`).join(', ')}] as key, array[${idOf.join(', ')}] as id,
           ${place.version === undefined ? 'null' : `${quoted(place.version)}::text`} as version, ${column} as sealed from ${table}
         where ${old} and (${order}) <= (${places(3)}) ${after === null ? '' : `and (${order}) > (${places(3 + names.length)})`} order by ${order}`,
        [tenantId, header, ...last, ...(after ?? [])],
      );
      const isEnd = count === sizes.rows.length && count < rowsMax;
      return { rows, last: isEnd ? null : last };
    });
  }

  /** Rows that somebody else holds are passed over, so this never waits and nobody waits for it longer than for one statement. */
  async function exchange(tenantId: Id<'tenant'>, rows: readonly (SealedRow & { readonly resealed: Buffer })[]): Promise<number> {
    const { names, types } = await keyOf();
    const match = names.map((name, index) => `t.${quoted(name)} = n.k${index}::${types[index]}`).join(' and ');
    const given = names.map((_, index) => `$${index + 4}::text[]`).join(', ');
    return inTenant(tenantId, async (client) => {
      const { rowCount } = await client.query(
        // One probe of the primary key a row: as a plain join the planner would compare the sealed bytes of the whole table.
        `with held as (
           select found.place, n.resealed from unnest($2::bytea[], $3::bytea[], ${given}) as n(sealed, resealed, ${names.map((_, index) => `k${index}`).join(', ')})
             cross join lateral (select t.ctid as place, t.${column} as sealed from ${table} t where ${match} and t.${tenant} = $1
               offset 0 for update of t skip locked) found
           where found.sealed = n.sealed)
         update ${table} t set ${column} = held.resealed from held where t.ctid = held.place and t.${tenant} = $1`,
        [
          tenantId,
          rows.map(({ sealed }) => sealed),
          rows.map(({ resealed }) => resealed),
          ...names.map((_, index) => rows.map(({ key }) => key[index])),
        ],
      );
      return rowCount ?? 0;
    });
  }

  const refOf = ({ id, version }: SealedRow) => ({
    kind: place.kind,
    id: id.join('/'),
    ...(version === null ? {} : { version: Number(version) }),
  });

  return {
    name: `${place.schema}.${place.table}.${place.name}`,
    async countByGeneration(tenantId) {
      return inTenant(tenantId, async (client) => {
        await client.query(`set local statement_timeout = ${countMsMax}`);
        const { rows } = await client.query<{ header: Buffer; objects: string }>(
          `select substring(${column} from 1 for 6) as header, count(*)::text as objects from ${table}
           where ${tenant} = $1 and ${column} is not null group by 1`,
          [tenantId],
        );
        return new Map(rows.map(({ header, objects }) => [generationOf(header), Number(objects)]));
      });
    },
    async reseal(piece) {
      const { tenantId, keysOf } = piece;
      const { rows, last } = await readPiece(piece);
      if (rows.length === 0) return { after: last, resealed: 0, passedOver: 0, damaged: [] };
      const keys = await keysOf(tenantId);
      const damaged: string[] = [];
      const ready = rows.flatMap((row) => {
        const resealed = resealOrNull(keys, place, refOf(row), row.sealed);
        if (resealed === null) damaged.push(`${place.table}/${row.id.join('/')}`);
        return resealed === null ? [] : [{ ...row, resealed }];
      });
      const exchanged = ready.length === 0 ? 0 : await exchange(tenantId, ready);
      return { after: last, resealed: exchanged, passedOver: ready.length - exchanged, damaged };
    },
  };
}

/** @returns null for what does not open. */
function resealOrNull(keys: TenantKeys, { purpose }: SealedPlace, ref: Parameters<TenantKeys['seal']>[1], sealed: Buffer): Buffer | null {
  try {
    const plain = keys.open(purpose, ref, sealed);
    const resealed = keys.seal(purpose, ref, plain);
    plain.fill(0);
    return resealed;
  } catch (error) {
    if (isFactotumError(error, 'seal.broken')) return null;
    throw error;
  }
}

/** The outer header: format, suite, generation. */
function headerOf(generation: number): Buffer {
  const header = Buffer.from([1, 1, 0, 0, 0, 0]);
  header.writeUInt32BE(generation, 2);
  return header;
}

/** 0 for what is no sealed object. */
const generationOf = (header: Buffer): number => (header.length === 6 && header[0] === 1 && header[1] === 1 ? header.readUInt32BE(2) : 0);

async function readPrimaryKey(role: RoleDatabase, table: string): Promise<PrimaryKey> {
  const { rows } = await role.pool.query<{ name: string; type: string }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
     from pg_index i, unnest(i.indkey) with ordinality as k(number, place) join pg_attribute a on a.attnum = k.number
     where i.indrelid = $1::regclass and i.indisprimary and a.attrelid = i.indrelid order by k.place`,
    [table],
  );
  if (rows.length === 0) throw new Error(`${table} has no primary key to walk along`);
  return { names: rows.map(({ name }) => name), types: rows.map(({ type }) => type) };
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
