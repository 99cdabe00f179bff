-- Calendars as they were last seen, times that are held for a while, and what is due because of them.

-- key_mac: finds a calendar by its connection and address. Without a connection: invitations that came by mail.
-- body: sealed (address, name, whose it is, time zone, working hours).
create table app.agenda_calendar (
  tenant_id     text not null references app.tenant,
  calendar_id   text not null check (calendar_id ~ '^agc_[0-9a-f]{24}$'),
  connection_id text,
  key_mac       bytea not null,
  version       integer not null check (version >= 1),
  body          bytea not null,
  updated_at    timestamptz not null,
  primary key (tenant_id, calendar_id),
  foreign key (tenant_id, connection_id) references app.connection on delete cascade
);
create unique index agenda_calendar_key on app.agenda_calendar (tenant_id, key_mac);
create index agenda_calendar_connection on app.agenda_calendar (tenant_id, connection_id);

-- body: sealed (address, entity tag, the iCalendar object). first_day and last_day bound when it takes place, in UTC; last_day null: no end.
-- Days, and no times: enough to find a range with few rows too many, which are opened and looked at. gone_at: it is no longer there, and
-- kept for a while so that an older message about it does not bring it back.
create table app.agenda_item (
  tenant_id   text not null references app.tenant,
  item_id     text not null check (item_id ~ '^agi_[0-9a-f]{24}$'),
  calendar_id text not null,
  href_mac    bytea not null,
  uid_mac     bytea not null,
  version     integer not null check (version >= 1),
  body        bytea not null,
  first_day   date not null,
  last_day    date,
  gone_at     timestamptz,
  updated_at  timestamptz not null,
  primary key (tenant_id, item_id),
  foreign key (tenant_id, calendar_id) references app.agenda_calendar on delete cascade
);
create unique index agenda_item_href on app.agenda_item (tenant_id, calendar_id, href_mac);
create index agenda_item_uid on app.agenda_item (tenant_id, uid_mac);
create index agenda_item_days on app.agenda_item (tenant_id, first_day, last_day) where gone_at is null;

-- What our own tools write into calendars, kept before it is written: so that a call is not made twice, is recognised when it comes back
-- from the server, and can be taken back. body: sealed (what it was, what it becomes, whom it is told). operation_key: of the call.
-- expires_at: a time that is held, until then.
create table app.agenda_write (
  tenant_id     text not null references app.tenant,
  write_id      text not null check (write_id ~ '^agw_[0-9a-f]{24}$'),
  operation_key text not null,
  task_id       text not null,
  href_mac      bytea not null,
  state         text not null check (state in ('intended', 'written', 'done', 'undone')),
  version       integer not null check (version >= 1),
  body          bytea not null,
  expires_at    timestamptz,
  created_at    timestamptz not null,
  primary key (tenant_id, write_id)
);
create unique index agenda_write_operation on app.agenda_write (tenant_id, operation_key);
create index agenda_write_href on app.agenda_write (tenant_id, href_mac);

-- When a reminder or the end of a hold is next due: one row an object.
create table app.agenda_due (
  tenant_id text not null references app.tenant,
  object_id text not null,
  kind      text not null check (kind in ('reminder', 'release')),
  due_at    timestamptz not null,
  primary key (tenant_id, object_id)
);
create index agenda_due_order on app.agenda_due (due_at);

do $$
declare t text;
begin
  foreach t in array array['agenda_calendar', 'agenda_item', 'agenda_write', 'agenda_due'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
  end loop;
end $$;
-- Whoever looks for what is due looks for all tenants at once, and sees whose it is and when, nothing else.
create policy engine_all on app.agenda_due to factotum_engine using (true) with check (true);
grant select (tenant_id, due_at) on app.agenda_due to factotum_engine;
