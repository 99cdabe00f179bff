-- The language that a person has chosen, wherever they sign in; null: that of the tenant's locale.
alter table auth."user" add column "language" text check ("language" in ('en', 'de'));

-- What somebody who asks for a tenant read the form in: the letters to them are in it.
alter table auth."registration" add column "language" text not null default 'en' check ("language" in ('en', 'de'));
