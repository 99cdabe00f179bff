-- The ledger: bank accounts as statements tell of them, invoices, and which transaction pays which.

-- number_mac: finds an account by its IBAN or number and its currency. body: sealed (names, number, how its CSV files are read).
-- pending: sealed, a file that waits until somebody has said how to read it.
create table app.ledger_account (
  tenant_id  text not null references app.tenant,
  account_id text not null check (account_id ~ '^acc_[0-9a-f]{24}$'),
  number_mac bytea not null,
  version    integer not null check (version >= 1),
  body       bytea not null,
  pending    bytea,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, account_id),
  unique (tenant_id, number_mac)
);

-- file_mac: the file and the place of the statement in it, so that the same file twice is known. announced: its event has been taken in.
create table app.ledger_statement (
  tenant_id    text not null,
  statement_id text not null check (statement_id ~ '^stm_[0-9a-f]{24}$'),
  account_id   text not null,
  file_mac     bytea not null,
  from_on      date,
  until_on     date,
  added        integer not null check (added >= 0),
  announced    boolean not null default false,
  body         bytea not null,
  created_at   timestamptz not null,
  primary key (tenant_id, statement_id),
  unique (tenant_id, account_id, file_mac),
  foreign key (tenant_id, account_id) references app.ledger_account
);
create index ledger_statement_period on app.ledger_statement (tenant_id, account_id, from_on);

-- key_mac and occurrence: what is equal in account, day, amount and content is counted, so that two equal payments of one day both stay.
create table app.ledger_transaction (
  tenant_id        text not null,
  transaction_id   text not null check (transaction_id ~ '^trx_[0-9a-f]{24}$'),
  account_id       text not null,
  statement_id     text not null,
  key_mac          bytea not null,
  occurrence       integer not null check (occurrence >= 1),
  end_to_end_mac   bytea,
  counterparty_mac bytea,
  category_mac     bytea,
  categorised_by   text check (categorised_by in ('rule', 'learned', 'tool', 'person')),
  booked_on        date not null,
  body             bytea not null,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (tenant_id, transaction_id),
  unique (tenant_id, account_id, key_mac, occurrence),
  foreign key (tenant_id, account_id) references app.ledger_account,
  foreign key (tenant_id, statement_id) references app.ledger_statement
);
create index ledger_transaction_day on app.ledger_transaction (tenant_id, booked_on, transaction_id);
create index ledger_transaction_account on app.ledger_transaction (tenant_id, account_id, booked_on, transaction_id);
create index ledger_transaction_end_to_end on app.ledger_transaction (tenant_id, end_to_end_mac) where end_to_end_mac is not null;
create index ledger_transaction_counterparty on app.ledger_transaction (tenant_id, counterparty_mac, booked_on) where counterparty_mac is not null;
create index ledger_transaction_examples on app.ledger_transaction (tenant_id, updated_at) where categorised_by = 'person';

-- document_mac: the document it was read from. state: open, partly paid, paid, or settled by a person without a transaction.
create table app.ledger_invoice (
  tenant_id    text not null references app.tenant,
  invoice_id   text not null check (invoice_id ~ '^ivc_[0-9a-f]{24}$'),
  document_mac bytea not null,
  number_mac   bytea,
  iban_mac     bytea,
  state        text not null check (state in ('open', 'partly', 'paid', 'closed')),
  due_on       date,
  body         bytea not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (tenant_id, invoice_id),
  unique (tenant_id, document_mac)
);
create index ledger_invoice_state on app.ledger_invoice (tenant_id, state, invoice_id);
create index ledger_invoice_number on app.ledger_invoice (tenant_id, number_mac) where number_mac is not null;

-- proposed: waits for a person. A person's answer is never changed by a program.
create table app.ledger_match (
  tenant_id      text not null,
  invoice_id     text not null,
  transaction_id text not null,
  state          text not null check (state in ('proposed', 'accepted', 'rejected')),
  decided_by     text,
  decided_at     timestamptz,
  body           bytea not null,
  created_at     timestamptz not null,
  primary key (tenant_id, invoice_id, transaction_id),
  foreign key (tenant_id, invoice_id) references app.ledger_invoice,
  foreign key (tenant_id, transaction_id) references app.ledger_transaction
);
create index ledger_match_transaction on app.ledger_match (tenant_id, transaction_id);

-- The tenant's rules for categories, in their order. body: sealed.
create table app.ledger_rules (
  tenant_id  text not null primary key references app.tenant,
  version    integer not null check (version >= 1),
  body       bytea not null,
  author     text not null,
  updated_at timestamptz not null
);

-- What was noticed, once each. key_mac: what it is about. body: sealed.
create table app.ledger_hint (
  tenant_id  text not null references app.tenant,
  key_mac    bytea not null,
  kind       text not null check (kind in ('unusual', 'subscription', 'price_rise', 'unused')),
  body       bytea not null,
  announced  boolean not null default false,
  created_at timestamptz not null,
  primary key (tenant_id, key_mac)
);

do $$
declare t text;
begin
  foreach t in array array['ledger_account', 'ledger_statement', 'ledger_transaction', 'ledger_invoice', 'ledger_match', 'ledger_rules', 'ledger_hint'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    -- What a bank has told stays until the tenant is erased.
    execute format('create policy erased_only on app.%I as restrictive for delete to factotum_app using (app.is_erased())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;
