import type pg from 'pg';

/**
 * Makes the end of the old life of what was under way when the backup was made: nobody knows what the installation did between then and
 * its loss. What may have happened meanwhile is not simply done again.
 *
 * - Claims are nobody's any more, and long work begins again where it stood. Backups that were planned are planned anew.
 * - An attempt at an effect outside that had no outcome is `unknown`: a person says what became of it.
 * - A person's yes that had not been used is taken back: it may have been used since, so the person is asked again.
 * - Money, rights and destruction that were still to come are never begun without a person: an attempt that came to nothing stands before
 *   them, after which the engine asks whatever the policy says.
 * - What was still to be pushed or mailed to people may have been: it is on their page, and is sent to nobody again.
 *
 * Inside the transaction that loads, at the backup's own version: only what has been there since the first release is touched.
 */
export async function settleOldLife(client: pg.ClientBase): Promise<void> {
  await client.query('update app.task set owner = null where owner is not null');
  await client.query(`update app.step s set state = 'unknown', error_code = 'tool.outcome_unknown', finished_at = now()
    from app.attempt a join app.task t using (tenant_id, task_id)
    where a.outcome is null and a.direction = 'do' and s.tenant_id = a.tenant_id and s.task_id = a.task_id and s.plan_version = a.plan_version
      and s.step_id = a.step_id and s.plan_version = t.plan_version and s.state = 'running' and s.effect in ${outside}`);
  await client.query(`update app.attempt a set outcome = 'unknown', settled_at = now() from app.step s
    where a.outcome is null and s.tenant_id = a.tenant_id and s.task_id = a.task_id and s.plan_version = a.plan_version and s.step_id = a.step_id
      and s.effect in ${outside}`);
  await client.query(`update app.approval set state = 'superseded' where state = 'approved' and used_at is null`);
  await client.query(`insert into app.attempt (tenant_id, task_id, plan_version, step_id, direction, number, key, fence, payload_hash, outcome, started_at, settled_at)
    select s.tenant_id, s.task_id, s.plan_version, s.step_id, 'do', 1, s.task_id || '/' || s.plan_version || '/' || s.step_id, t.epoch, '', 'failed', now(), now()
    from app.step s join app.task t on t.tenant_id = s.tenant_id and t.task_id = s.task_id and t.plan_version = s.plan_version
    where t.finished_at is null and s.state in ('pending', 'waiting') and s.effect in ('money', 'grant', 'destroy')
      and not exists (select from app.attempt a where a.tenant_id = s.tenant_id and a.task_id = s.task_id and a.plan_version = s.plan_version
        and a.step_id = s.step_id and a.direction = 'do')`);
  // A yes among several may have been taken back, or have become a decision: they are asked again.
  const votes = await client.query<{ present: boolean }>(`select to_regclass('app.approval_vote') is not null as present`);
  if (votes.rows[0]?.present === true) await client.query('delete from app.approval_vote');
  await silenceNotices(client);
  const { rows } = await client.query<{ present: boolean }>(`select to_regclass('app.job') is not null as present`);
  if (rows[0]?.present !== true) return;
  await client.query(`update app.job set state = 'waiting', owner = null, leased_until = null, tries = 0 where state = 'running'`);
  await client.query(
    `update app.job set state = 'cancelled', input = null, finished_at = now() where state = 'waiting' and kind like 'backup.%'`,
  );
}

async function silenceNotices(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ notice: boolean; silence: boolean }>(`select to_regclass('app.notice') is not null as notice,
    exists (select from information_schema.columns where table_schema = 'app' and table_name = 'notice_place' and column_name = 'silent_before') as silence`);
  if (rows[0]?.notice !== true) return;
  await client.query('update app.notice set push_at = null, mail_at = null where push_at is not null or mail_at is not null');
  await client.query('update app.notice_person set run_at = null, lease_until = null');
  // Entries of which no notices had been made yet: they are made, and are silent as well.
  if (rows[0].silence) await client.query('update app.notice_place set silent_before = now()');
}

/** What somebody outside, or in another place, would notice. */
const outside = `('egress', 'money', 'grant', 'destroy')`;
