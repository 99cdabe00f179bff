-- Mail that came and mail that went: which belongs to which.
--
-- message_mac: finds a message by its Message-ID, which is its sender's claim and so never decides what counts as seen.
-- thread_id: of the first message of the thread, so that it is the same in whichever order they come.
-- automatic: why nothing is to be answered; null: a person seems to have written it. peer_macs: the addresses an answer would go to, or this
-- mail went to. of what we send: operation_mac finds it by the call that sends it, state says how far that came, and body (sealed) is what
-- the call is told when it asks.
create table app.mail_message (
  tenant_id     text not null references app.tenant,
  message_mac   bytea not null check (length(message_mac) = 32),
  thread_id     text not null check (thread_id ~ '^thr_[0-9a-f]{24}$'),
  direction     text not null check (direction in ('in', 'out')),
  task_id       text not null,
  event_id      text,
  automatic     text check (automatic in ('list', 'reply', 'bounce', 'program', 'own')),
  peer_macs     bytea[] not null,
  operation_mac bytea check (length(operation_mac) = 32),
  state         text check (state in ('sending', 'sent', 'failed')),
  body          bytea,
  at            timestamptz not null,
  primary key (tenant_id, message_mac),
  check ((direction = 'out') = (operation_mac is not null and state is not null and body is not null)),
  check ((direction = 'in') = (event_id is not null))
);
create unique index mail_message_operation on app.mail_message (tenant_id, operation_mac) where operation_mac is not null;
create index mail_message_task on app.mail_message (tenant_id, task_id);
create index mail_message_sent on app.mail_message (tenant_id, at) where direction = 'out';

alter table app.mail_message enable row level security;
alter table app.mail_message force row level security;
create policy tenant_isolation on app.mail_message to factotum_app
  using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy erased_only on app.mail_message as restrictive for delete to factotum_app using (app.is_erased());
create trigger mail_message_moving before insert or update or delete on app.mail_message
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
grant select, insert, delete, update (state, body, at) on app.mail_message to factotum_app;
