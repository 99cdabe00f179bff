-- What a tenant may use, where an operator has said otherwise than the defaults in trust/quota, and which alerts have been given.

create table app.quota_limit (
  tenant_id text not null references app.tenant,
  name      text not null,
  value     bigint not null check (value >= 0),
  set_by    text not null,
  set_at    timestamptz not null default now(),
  primary key (tenant_id, name)
);

-- One row per quota, span and level: whoever inserts it has given the alert, over all processes.
create table app.quota_alert (
  tenant_id  text not null references app.tenant,
  name       text not null,
  span_start timestamptz not null,
  level      smallint not null check (level in (80, 100)),
  used       bigint not null,
  allowed    bigint not null,
  raised_at  timestamptz not null,
  -- Not mailed yet, and to be tried from then on; null: mailed, or there is nobody to mail to.
  mail_at    timestamptz,
  primary key (tenant_id, name, span_start, level)
);
create index quota_alert_mail on app.quota_alert (tenant_id) where mail_at is not null;

-- Money put aside for calls under way, counted already. One whose call never came back stays counted; it only is no longer waited for.
create table app.quota_hold (
  tenant_id  text not null references app.tenant,
  hold_id    text not null,
  micros     bigint not null check (micros >= 0),
  held_at    timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, hold_id)
);

do $$
declare t text;
begin
  foreach t in array array['quota_limit', 'quota_alert', 'quota_hold'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;
-- Whoever mails looks for alerts of all tenants in one statement. There is no content in them.
create policy engine_all_tenants on app.quota_alert for select to factotum_engine using (true);
grant select on app.quota_alert to factotum_engine;

-- A use is never taken back below nothing, whoever writes the row.
alter table app.quota_counter add constraint quota_counter_used check (used >= 0);

-- A task that waits until there is money for its plan again.
alter table app.task drop constraint task_wait_reason_check;
alter table app.task add constraint task_wait_reason_check check (wait_reason in ('approval', 'question', 'unknown', 'quota'));

-- What is there already is counted, and what was set as a setting becomes a limit. The owner is behind the wall as well.
alter table app.tenant no force row level security;
alter table app.note_version no force row level security;
alter table app.quota_counter no force row level security;
alter table app.quota_limit no force row level security;
insert into app.quota_limit (tenant_id, name, value, set_by)
  select tenant_id, s.key, (s.value #>> '{}')::bigint, 'system:migration' from app.tenant, jsonb_each(settings) s
  where (s.key = 'maxRunning' and s.value <> '20') or (s.key = 'eventsPerMinute' and s.value <> '6000');
insert into app.quota_counter (tenant_id, name, window_start, used)
  select tenant_id, 'vaultBytes', 'epoch', sum(octet_length(body) + octet_length(manifest)) from app.note_version group by tenant_id;
alter table app.tenant force row level security;
alter table app.note_version force row level security;
alter table app.quota_counter force row level security;
alter table app.quota_limit force row level security;
