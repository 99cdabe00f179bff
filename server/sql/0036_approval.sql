-- Approvals among several people: who has agreed so far, who is asked first, who does not want to see it for a while, what is said about it.

-- Until when it is assigned; afterwards it is everybody's again. Null: for good.
alter table app.approval add column assigned_until timestamptz;
grant update (assigned_until) on app.approval to factotum_app;
-- What was decided about the same tool before.
create index approval_decided on app.approval (tenant_id, tool, approval_id) where decided_at is not null;

-- One yes of one person, where more than one is needed. vote_mac binds it to the tenant's key: a row that was written by hand counts for nothing.
create table app.approval_vote (
  tenant_id    text not null,
  approval_id  text not null,
  voter        text not null check (voter like 'user:%'),
  payload_hash text not null,
  -- Whether the voter had just proved that it is them.
  proven       boolean not null,
  answer       bytea not null,
  vote_mac     bytea not null,
  voted_at     timestamptz not null,
  primary key (tenant_id, approval_id, voter),
  foreign key (tenant_id, approval_id) references app.approval (tenant_id, approval_id)
);

create table app.approval_comment (
  tenant_id   text not null,
  comment_id  text not null check (comment_id ~ '^cmt_[0-9a-f]{24}$'),
  approval_id text not null,
  author      text not null,
  body        bytea not null,
  created_at  timestamptz not null,
  primary key (tenant_id, comment_id),
  foreign key (tenant_id, approval_id) references app.approval (tenant_id, approval_id)
);
create index approval_comment_approval on app.approval_comment (tenant_id, approval_id, comment_id);

create table app.approval_snooze (
  tenant_id   text not null,
  user_id     text not null,
  approval_id text not null,
  until_at    timestamptz not null,
  primary key (tenant_id, user_id, approval_id),
  foreign key (tenant_id, approval_id) references app.approval (tenant_id, approval_id)
);

-- Who is asked in whose place, from when until when. to_id is a member or a team.
create table app.approval_absence (
  tenant_id text not null references app.tenant,
  user_id   text not null,
  to_id     text not null check (to_id ~ '^(usr|tem)_[0-9a-f]{24}$'),
  from_at   timestamptz not null,
  until_at  timestamptz not null check (until_at > from_at),
  primary key (tenant_id, user_id)
);

do $$
declare t text;
begin
  foreach t in array array['approval_vote', 'approval_comment', 'approval_snooze', 'approval_absence'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
  end loop;
  foreach t in array array['approval_vote.answer', 'approval_comment.body'] loop
    execute format('create trigger %I before update of %I on app.%I for each row
      when (current_user = ''factotum_app'' and old.%2$I is distinct from new.%2$I and not app.is_resealed(old.%2$I, new.%2$I)) execute function app.refuse_rewrite()',
      replace(t, '.', '_') || '_resealed', split_part(t, '.', 2), split_part(t, '.', 1));
  end loop;
end $$;
-- What was said stays said; a yes can be taken back until there are enough.
grant select, insert, delete, update (answer) on app.approval_vote to factotum_app;
grant select, insert, delete, update (body) on app.approval_comment to factotum_app;
create policy erased_only on app.approval_comment as restrictive for delete to factotum_app using (app.is_erased());
grant select, insert, update, delete on app.approval_snooze, app.approval_absence to factotum_app;
