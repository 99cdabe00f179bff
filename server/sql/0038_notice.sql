-- What people are told of, where and when. What it says is read from the approval, task or connection itself, by who may see it then.

-- next_seq: the next entry of the audit log to make notices of.
create table app.notice_place (
  tenant_id text   not null primary key references app.tenant,
  next_seq  bigint not null
);

-- body: sealed, what a member wants to be told of; null: what everybody is. run_at: when something may be due; null: nothing is.
-- lease_until: somebody is at it.
create table app.notice_person (
  tenant_id   text not null references app.tenant,
  user_id     text not null check (user_id ~ '^usr_[0-9a-f]{24}$'),
  version     integer not null default 0,
  body        bytea,
  run_at      timestamptz,
  lease_until timestamptz,
  fence       bigint not null default 0,
  primary key (tenant_id, user_id)
);
create index notice_person_due on app.notice_person (run_at) where run_at is not null;

-- One matter for one person. seq: the entry that it was made of. level: how full a quota is, in percent. closed_at: it needs nobody any more.
-- push_at, mail_at: when it is due there; null: it is not, or not any more. pushed: the browsers that have taken it.
create table app.notice (
  tenant_id  text not null,
  notice_id  text not null check (notice_id ~ '^ntc_[0-9a-f]{24}$'),
  user_id    text not null,
  kind       text not null check (kind in ('approval', 'delegated', 'comment', 'question', 'unknown', 'failed', 'connection', 'quota')),
  seq        bigint not null,
  object_id  text not null,
  risk       text,
  level      integer,
  on_page    boolean not null,
  created_at timestamptz not null,
  seen_at    timestamptz,
  closed_at  timestamptz,
  push_at    timestamptz,
  push_tries integer not null default 0,
  pushed     text[] not null default '{}',
  mail       text check (mail in ('now', 'digest')),
  mail_at    timestamptz,
  mail_tries integer not null default 0,
  primary key (tenant_id, notice_id),
  foreign key (tenant_id, user_id) references app.notice_person on delete cascade,
  unique (tenant_id, user_id, seq)
);
create index notice_unread on app.notice (tenant_id, user_id) where on_page and seen_at is null and closed_at is null;
create index notice_waiting on app.notice (tenant_id, user_id) where push_at is not null or mail_at is not null;
create index notice_open on app.notice (tenant_id, object_id) where closed_at is null;
create index notice_age on app.notice (tenant_id, created_at);

-- body: sealed, where a browser is pushed to and for whom it is encrypted. endpoint_mac: a browser is one person's at a time.
-- session_id: what is pushed goes where its person is signed in, and ends with that.
create table app.push_subscription (
  tenant_id       text not null references app.tenant,
  subscription_id text not null check (subscription_id ~ '^psh_[0-9a-f]{24}$'),
  user_id         text not null,
  session_id      text not null,
  endpoint_mac    bytea not null,
  body            bytea not null,
  created_at      timestamptz not null,
  sent_at         timestamptz,
  primary key (tenant_id, subscription_id),
  unique (tenant_id, endpoint_mac)
);
create index push_subscription_person on app.push_subscription (tenant_id, user_id);

do $$
declare t text;
begin
  foreach t in array array['notice_place', 'notice_person', 'notice', 'push_subscription'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;
-- Whoever tells people claims for all tenants at once, a person at a time; what is sealed is left to the tenant's own transactions.
create policy engine_claims on app.notice_person to factotum_engine using (true) with check (true);
grant select (tenant_id, user_id, run_at, lease_until, fence), update (lease_until, fence) on app.notice_person to factotum_engine;

-- What this installation is known by at the services that push to browsers (RFC 8292): made at the first start, one row.
-- "sealedKey": PKCS #8, sealed by the installation key.
create table auth."pushKey" (
  "id"        text not null primary key check ("id" = 'vapid'),
  "publicKey" text not null,
  "sealedKey" bytea not null,
  "createdAt" timestamptz not null
);
grant select, insert, delete on auth."pushKey" to factotum_auth;
