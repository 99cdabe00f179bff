-- Finding tasks among a million: by what they are named and who they are from, by playbook, by risk; and what members keep of how they look at them.

-- One row for each word of a task's title and sender, and one for its source. word: 32 bits of a MAC under the tenant's index key.
-- segment: the task's 50 days. New tasks touch the pages of their own segment alone, however long the tenant has been here; within a
-- segment and word the rows lie in the order of the list. Why not an array under GIN: docs/decisions/0025.
create table app.task_word (
  tenant_id text not null,
  segment   integer not null,
  word      integer not null,
  task_id   text not null,
  primary key (tenant_id, segment, word, task_id)
);

create index task_playbook on app.task (tenant_id, playbook, task_id) where playbook is not null;
-- Low risk is most tasks, and found by walking the list.
create index task_risk on app.task (tenant_id, risk, task_id) where risk in ('medium', 'high');

-- Everything that a finished task did was taken back at a person's wish.
alter table app.task drop constraint task_outcome_check;
alter table app.task add constraint task_outcome_check check (outcome in ('completed', 'refused', 'partly', 'undone'));

-- A filter that a member has given a name. Name and filter are sealed: they say what somebody looks for.
create table app.saved_view (
  tenant_id  text not null references app.tenant,
  view_id    text not null check (view_id ~ '^viw_[0-9a-f]{24}$'),
  user_id    text not null,
  page       text not null check (page in ('tasks', 'inbox')),
  body       bytea not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, view_id)
);
create index saved_view_member on app.saved_view (tenant_id, user_id, view_id);

do $$
declare t text;
begin
  foreach t in array array['task_word', 'saved_view'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
  end loop;
end $$;
grant select, insert, delete on app.task_word to factotum_app;
create policy erased_only on app.task_word as restrictive for delete to factotum_app using (app.is_erased());
grant select, insert, update, delete on app.saved_view to factotum_app;

-- The words of tasks that are there already lie sealed: a job of each tenant reads them, newest first. The owner is behind the wall as well.
alter table app.task no force row level security;
alter table app.job no force row level security;
insert into app.job (tenant_id, job_id, kind, run_at, created_by, created_at)
  select tenant_id, 'job_' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 11, '0') || substr(md5(tenant_id || random()::text), 1, 13),
    'task.read_words', now(), 'system:migration', now()
  from (select distinct tenant_id from app.task) t;
alter table app.task force row level security;
alter table app.job force row level security;
