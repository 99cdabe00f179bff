import type { RoleDatabase } from '#kernel/database';
import type { AlarmKind } from './find.ts';

/** Something that is wrong with the installation. */
export interface Alarm {
  readonly kind: AlarmKind;
  readonly raisedAt: Date;
}

/** What comes back so soon is the same trouble: who has been told is not told again. */
const sameWithin = '1 hour';

/** Notes what is wrong now: what is new is to be told, what is over ends. Any number of processes may. */
export async function noteAlarms({ pool }: RoleDatabase, found: readonly AlarmKind[]): Promise<void> {
  await pool.query('update app.alarm set ended_at = now(), mail_at = null where ended_at is null and not kind = any($1)', [found]);
  await pool.query(
    `insert into app.alarm (kind, raised_at, mail_at) select kind, now(), now() from unnest($1::text[]) as kind
      on conflict (kind) do update set ended_at = null, mail_at = now(),
        raised_at = case when alarm.ended_at > now() - interval '${sameWithin}' then alarm.raised_at else now() end,
        mail_tries = case when alarm.ended_at > now() - interval '${sameWithin}' then alarm.mail_tries else 0 end,
        mailed = case when alarm.ended_at > now() - interval '${sameWithin}' then alarm.mailed else '{}' end
      where alarm.ended_at is not null`,
    [found],
  );
}

/** What is wrong now, the newest first. */
export async function listAlarms({ pool }: RoleDatabase): Promise<Alarm[]> {
  const { rows } = await pool.query<Alarm>(
    'select kind, raised_at as "raisedAt" from app.alarm where ended_at is null order by raised_at desc, kind',
  );
  return rows;
}

export interface DueAlarm extends Alarm {
  /** Who knows of it already. */
  readonly mailed: readonly string[];
}

/** Takes what is to be mailed, for this process alone; whatever becomes of that, it is due again later: in five minutes, then in six hours at most. */
export async function takeDueAlarms({ pool }: RoleDatabase): Promise<DueAlarm[]> {
  const { rows } = await pool.query<DueAlarm>(
    `update app.alarm set mail_tries = mail_tries + 1, mail_at = now() + least(interval '6 hours', interval '5 minutes' * power(2, least(mail_tries, 10)))
      where ended_at is null and mail_at <= now() returning kind, raised_at as "raisedAt", mailed`,
  );
  return rows;
}

/** Notes who has been told. */
export async function markTold({ pool }: RoleDatabase, { kind }: Alarm, userId: string): Promise<void> {
  await pool.query('update app.alarm set mailed = array_append(mailed, $2) where kind = $1 and not $2 = any(mailed)', [kind, userId]);
}

/** Everybody has been told. */
export async function endMailing({ pool }: RoleDatabase, { kind }: Alarm): Promise<void> {
  await pool.query('update app.alarm set mail_at = null where kind = $1', [kind]);
}
