import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { commentOn } from './comment.ts';
import { type DecisionContext, recordChange, refuseDecided } from './decide.ts';
import { wakeForAll } from './snooze.ts';
import { assign, holdApproval, type StoredApproval } from './store.ts';

type Context = Pick<DecisionContext, 'tx' | 'tenantId' | 'keys' | 'actor' | 'now'>;

/**
 * Puts an open question before one member or team until a time, or for good; `to` null makes it everybody's again. It says whose attention
 * it has and nothing about who may decide.
 *
 * @param input.to - the id of a member or team that the caller has found to be able to decide.
 * @throws FactotumError `approval.not_found`, `approval.already_decided`; `request.invalid` for a time that has passed.
 */
export async function delegateApproval(
  context: Context,
  approvalId: string,
  { to, until, comment }: { to: string | null; until: Date | null; comment?: string | undefined },
): Promise<StoredApproval> {
  const { tx, tenantId, now } = context;
  if (until !== null && until <= now) throw new FactotumError('request.invalid', 'Delegate it until a time that is still to come.');
  const approval = (await holdApproval(tx, tenantId, approvalId))?.approval;
  if (approval === undefined) throw new FactotumError('approval.not_found', 'There is no such approval.');
  refuseDecided(approval, now);
  const after = (await assign(tx, tenantId, approvalId, { to, until })) ?? approval;
  await wakeForAll(tx, tenantId, approvalId);
  await recordChange(context, after, { kind: 'approval.delegated', detail: { to, until: until?.toISOString() ?? null } });
  if (comment !== undefined) await commentOn(context, approvalId, comment);
  return after;
}

/** Who is asked in somebody's place, and when. */
export interface Absence {
  readonly userId: string;
  /** The id of a member or a team. */
  readonly to: string;
  readonly from: Date;
  readonly until: Date;
}

/** How long an absence may be planned ahead and last, in milliseconds. */
const absenceMsMax = 366 * 86_400_000;
/** Absences of a tenant that are looked at; more people are never away at once. */
const absencesMax = 5_000;

/** One member's absence, also one that is still to come; null for none, or one that is over. */
export async function readAbsence(tx: Tx, tenantId: Id<'tenant'>, userId: string, now: Date): Promise<Absence | null> {
  const { rows } = await sql<Absence>`select user_id, to_id as "to", from_at as "from", until_at as until from app.approval_absence
    where tenant_id = ${tenantId} and user_id = ${userId} and until_at > ${now}`.execute(tx);
  return rows[0] ?? null;
}

/** Those who are away at this moment. */
export async function currentAbsences(tx: Tx, tenantId: Id<'tenant'>, now: Date): Promise<readonly Absence[]> {
  const { rows } = await sql<Absence>`select user_id, to_id as "to", from_at as "from", until_at as until from app.approval_absence
    where tenant_id = ${tenantId} and from_at <= ${now} and until_at > ${now} order by user_id limit ${absencesMax}`.execute(tx);
  return rows;
}

/** Says who is asked in one's place. @throws FactotumError `request.invalid` for times that make no sense, or oneself. */
export async function setAbsence({ tx, tenantId, actor, now }: Context, absence: Absence): Promise<void> {
  const { userId, to, from, until } = absence;
  if (until <= from || until <= now) throw new FactotumError('request.invalid', 'The absence ends before it begins, or is over already.');
  if (until.getTime() - now.getTime() > absenceMsMax) throw new FactotumError('request.invalid', 'An absence ends within a year.');
  if (to === userId) throw new FactotumError('request.invalid', 'Name somebody else: nobody stands in for themselves.');
  await sql`insert into app.approval_absence (tenant_id, user_id, to_id, from_at, until_at) values (${tenantId}, ${userId}, ${to}, ${from}, ${until})
    on conflict (tenant_id, user_id) do update set to_id = excluded.to_id, from_at = excluded.from_at, until_at = excluded.until_at`.execute(
    tx,
  );
  const detail = { to, from: from.toISOString(), until: until.toISOString() };
  await recordAudit(tx, tenantId, [{ kind: 'absence.changed', actor, at: now, objectId: userId, detail }]);
}

/** Is there again. Does nothing for whoever was not away. */
export async function endAbsence({ tx, tenantId, actor, now }: Context, userId: string): Promise<void> {
  const { numAffectedRows } = await sql`delete from app.approval_absence where tenant_id = ${tenantId} and user_id = ${userId}`.execute(tx);
  if (numAffectedRows === 0n) return;
  await recordAudit(tx, tenantId, [{ kind: 'absence.changed', actor, at: now, objectId: userId, detail: { to: null } }]);
}

/** How often what is assigned is passed on: somebody in whose place somebody else is asked who is away as well. */
const hopsMax = 5;

/** Who is asked in the end for something that is assigned to `id`, by those who are away. Going round in circles ends where it began. */
export function standInFor(absences: ReadonlyMap<string, Absence>, id: string): { readonly id: string; readonly until: Date | null } {
  const passed: Absence[] = [];
  for (let last = id; passed.length < hopsMax; ) {
    const absence = absences.get(last);
    if (absence === undefined) return { id: last, until: earliest(passed.map(({ until }) => until)) };
    if (absence.to === id) break;
    passed.push(absence);
    last = absence.to;
  }
  return { id, until: null };
}

/** The first of these moments, null for none. */
export const earliest = (times: readonly Date[]): Date | null =>
  times.reduce<Date | null>((first, time) => (first === null || time < first ? time : first), null);

/** A member is no member any more: what was theirs alone goes with it, and nothing is kept for them. */
export async function forgetMember(tx: Tx, tenantId: Id<'tenant'>, userId: string): Promise<void> {
  await sql`delete from app.approval_snooze where tenant_id = ${tenantId} and user_id = ${userId}`.execute(tx);
  await sql`delete from app.approval_absence where tenant_id = ${tenantId} and (user_id = ${userId} or to_id = ${userId})`.execute(tx);
  await sql`delete from app.approval_vote where tenant_id = ${tenantId} and voter = ${`user:${userId}`}
    and approval_id in (select approval_id from app.approval where tenant_id = ${tenantId} and state = 'waiting')`.execute(tx);
  await sql`update app.approval set assigned_to = null, assigned_until = null where tenant_id = ${tenantId} and state = 'waiting' and assigned_to = ${userId}`.execute(
    tx,
  );
}
