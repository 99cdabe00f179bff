import type { Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { Language } from '#kernel/words';

export const registrationStates = ['unverified', 'waiting', 'approved', 'rejected'] as const;
export type RegistrationState = (typeof registrationStates)[number];

/** The wish of somebody to have a tenant here. */
export interface Registration {
  readonly id: Id<'registration'>;
  readonly tenantName: string;
  readonly email: string;
  /** Of the person. */
  readonly name: string;
  /** What they read. */
  readonly language: Language;
  readonly state: RegistrationState;
  readonly createdAt: Date;
  readonly verifiedAt: Date | null;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
  readonly tenantId: Id<'tenant'> | null;
}

const columns = '"id", "tenantName", "email", "name", "language", "state", "createdAt", "verifiedAt", "decidedAt", "decidedBy", "tenantId"';

type Auth = Pick<RoleDatabase, 'pool'>;
const ask = async (auth: Auth, text: string, values: readonly unknown[]): Promise<Registration[]> =>
  (await auth.pool.query<Registration>(text, [...values])).rows;

export async function insertRegistration(
  auth: Auth,
  row: Pick<Registration, 'id' | 'tenantName' | 'email' | 'name' | 'language' | 'createdAt'> & { tokenHash: string; expiresAt: Date },
): Promise<void> {
  await auth.pool.query(
    `insert into "registration" ("id", "tenantName", "email", "name", "language", "tokenHash", "createdAt", "expiresAt")
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [row.id, row.tenantName, row.email, row.name, row.language, row.tokenHash, row.createdAt, row.expiresAt],
  );
}

/** What nobody has proved in time, and what was turned down long ago. */
export async function sweepRegistrations(auth: Auth, now: Date, keptDays: number): Promise<void> {
  await auth.pool.query(
    `delete from "registration" where ("state" = 'unverified' and "expiresAt" < $1)
       or ("state" = 'rejected' and "decidedAt" < $1::timestamptz - make_interval(days => $2::int))`,
    [now, keptDays],
  );
}

/** How many this address has begun since then, however they ended. */
export async function countOfEmail(auth: Auth, email: string, since: Date): Promise<{ unverified: number; verified: number }> {
  const { rows } = await auth.pool.query<{ unverified: number; verified: number }>(
    `select count(*) filter (where "state" = 'unverified')::int as unverified, count(*) filter (where "verifiedAt" is not null)::int as verified
     from "registration" where "email" = $1 and "createdAt" > $2`,
    [email, since],
  );
  return rows[0] ?? { unverified: 0, verified: 0 };
}

export const findByToken = async (auth: Auth, tokenHash: string, now: Date): Promise<Registration | undefined> =>
  (
    await ask(auth, `select ${columns} from "registration" where "tokenHash" = $1 and "state" = 'unverified' and "expiresAt" > $2`, [
      tokenHash,
      now,
    ])
  )[0];

/** Whether somebody else waits for this name. */
export const isAwaited = async (auth: Auth, tenantName: string): Promise<boolean> =>
  (await ask(auth, `select ${columns} from "registration" where "tenantName" = $1 and "state" = 'waiting' limit 1`, [tenantName])).length >
  0;

/** Uses the token: of any number at once, one gets the row. */
export const verifyRegistration = async (auth: Auth, id: string, tenantName: string, now: Date): Promise<Registration | undefined> =>
  (
    await ask(
      auth,
      `update "registration" set "state" = 'waiting', "verifiedAt" = $3, "tenantName" = $2, "tokenHash" = null
       where "id" = $1 and "state" = 'unverified' returning ${columns}`,
      [id, tenantName, now],
    )
  )[0];

/** Decides what waits; also what was approved a while ago by a process that died before there was a tenant. */
export const decideRegistration = async (
  auth: Auth,
  decision: { id: string; state: 'approved' | 'rejected'; by: string; now: Date; abandonedBefore: Date },
): Promise<Registration | undefined> =>
  (
    await ask(
      auth,
      `update "registration" set "state" = $2, "decidedBy" = $3, "decidedAt" = $4
       where "id" = $1 and ("state" = 'waiting' or ("state" = 'approved' and "tenantId" is null and "decidedAt" < $5)) returning ${columns}`,
      [decision.id, decision.state, decision.by, decision.now, decision.abandonedBefore],
    )
  )[0];

export const settleRegistration = async (auth: Auth, id: string, tenantId: Id<'tenant'>): Promise<Registration | undefined> =>
  (await ask(auth, `update "registration" set "tenantId" = $2 where "id" = $1 returning ${columns}`, [id, tenantId]))[0];

export async function putBackRegistration(auth: Auth, id: string): Promise<void> {
  await auth.pool.query(
    `update "registration" set "state" = 'waiting', "decidedBy" = null, "decidedAt" = null where "id" = $1 and "state" = 'approved' and "tenantId" is null`,
    [id],
  );
}

export const findRegistration = async (auth: Auth, id: string): Promise<Registration | undefined> =>
  (await ask(auth, `select ${columns} from "registration" where "id" = $1`, [id]))[0];

/** Newest first; those that nobody has proved are left out unless asked for. */
export const listRegistrations = (
  auth: Auth,
  { state, before, limit }: { state?: RegistrationState | undefined; before?: string | null | undefined; limit: number },
): Promise<Registration[]> =>
  ask(
    auth,
    `select ${columns} from "registration" where case when $1::text is null then "state" <> 'unverified' else "state" = $1 end
       and ($2::text is null or "id" < $2) order by "id" desc limit $3`,
    [state ?? null, before ?? null, limit],
  );

/** Whether there is an account with this address. */
export async function hasAccount(auth: Auth, email: string): Promise<boolean> {
  return ((await auth.pool.query('select 1 from "user" where "email" = $1', [email])).rowCount ?? 0) > 0;
}
