-- What is older was told before the installation was restored from a backup: it is shown, and sent to nobody again.
alter table app.notice_place add column silent_before timestamptz;

-- Who has answered a survey moves with what was answered: nobody is asked twice in a quarter because their tenant has moved.
create trigger survey_turn_moving before insert or update or delete on app.survey_turn
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();

-- What is wrong with the installation, for those who run it; one row a kind, of no tenant. ended_at: it is over.
-- mail_at: when whoever runs it is to be mailed; null: there is nobody left to tell. mailed: who has been.
create table app.alarm (
  kind       text primary key check (kind in ('backup_failed', 'backup_old', 'audit_behind', 'process_busy', 'mail_away')),
  raised_at  timestamptz not null,
  ended_at   timestamptz,
  mail_at    timestamptz,
  mail_tries integer not null default 0,
  mailed     text[] not null default '{}'
);
grant select, insert, update on app.alarm to factotum_engine;

-- Whether the mail server has been away for long is seen by letters that wait for it. Of others' notices nothing can be seen.
create index notice_unmailed on app.notice (tenant_id) where mail_tries >= 4 and mail_at is not null;
create policy engine_unmailed on app.notice for select to factotum_engine using (mail_tries >= 4 and mail_at is not null);
grant select (tenant_id, mail_tries, mail_at) on app.notice to factotum_engine;
