import type { Clock } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { createLeasing, type Leasing } from './leasing.ts';
import type { Span } from './window.ts';

/** Small limits are taken one by one, larger ones in as many blocks as this: an idle process holds back little, a busy address costs little. */
const blocks = 64;

/** Rows swept up at once; the next window takes the rest. */
const sweptMax = 10_000;

/**
 * Counters of network addresses, which belong to no tenant, by name and minute, leased in blocks. @see createLeasing for what they promise.
 *
 * @param auth - the role that owns the table
 */
export function createAddressCounters({ auth: { pool }, clock }: { auth: Pick<RoleDatabase, 'pool'>; clock: Clock }): Leasing<string> {
  let sweptMs = 0;

  /** Once a window: the one before stays, as a process whose clock is a little behind may still be in it. */
  async function sweep(span: Span): Promise<void> {
    if (sweptMs === span.start.getTime()) return;
    sweptMs = span.start.getTime();
    await pool.query(
      `delete from auth."addressCounter" where ("name", "windowStart") in (select "name", "windowStart" from auth."addressCounter"
         where "windowStart" < $1 limit ${sweptMax} for update skip locked)`,
      [span.previousStart],
    );
  }

  /** Adds unless that would pass the limit: look and change are one statement. @returns what is used then, or null. */
  async function add(name: string, span: Span, amount: number, limit: number): Promise<number | null> {
    const { rows } = await pool.query<{ used: number }>(
      `insert into auth."addressCounter" as counter ("name", "windowStart", "used") select $1, $2, $3::bigint where $3::bigint <= $4::bigint
       on conflict ("name", "windowStart") do update set "used" = counter."used" + excluded."used" where counter."used" + excluded."used" <= $4::bigint
       returning "used"::float8 as used`,
      [name, span.start, amount, limit],
    );
    return rows[0]?.used ?? null;
  }

  async function usedOf(name: string, span: Span): Promise<number> {
    const { rows } = await pool.query<{ used: number }>(
      `select "used"::float8 as used from auth."addressCounter" where "name" = $1 and "windowStart" = $2`,
      [name, span.start],
    );
    return rows[0]?.used ?? 0;
  }

  return createLeasing<string>({
    clock,
    window: 'minute',
    textOf: (name) => name,
    lease: async (name, { span, wanted, limit }) => {
      await sweep(span);
      for (let granted = Math.max(wanted, Math.floor(limit / blocks)); ; ) {
        const used = await add(name, span, granted, limit);
        if (used !== null) return { granted, remaining: Math.max(0, limit - used) };
        // Less than a block is left: all of it, unless somebody else is faster, in which case it has shrunk by then.
        const left = Math.max(0, limit - (await usedOf(name, span)));
        if (left < wanted) return { granted: 0, remaining: left };
        granted = Math.min(left, granted);
      }
    },
  });
}
