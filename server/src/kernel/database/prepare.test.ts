import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { createLogger, newId, type RoleUrls } from '#kernel';
import { startEmbedded } from './embedded/embedded.ts';
import { urlAs, withOwner } from './owner.ts';
import { scramVerifier } from './passwords.ts';
import { openDatabase } from './pool.ts';
import { prepareDatabase, prepareOwner } from './prepare.ts';
import { roleNames } from './tables.ts';
import { withTenant } from './transaction.ts';
import { assertWalls } from './walls.ts';

// A server of its own: these tests change roles, which belong to the whole server.
const dataFolder = await mkdtemp(join(tmpdir(), 'factotum-prepare-'));
await chmod(dataFolder, 0o711);
const log = createLogger({ level: 'silent' });
const embedded = await startEmbedded({ dataFolder, log });
after(async () => {
  await embedded.stop();
  await rm(dataFolder, { recursive: true });
});
const { superuserUrl, passwordsFile } = embedded;
const ownerUrl = await prepareOwner(superuserUrl, { passwordsFile, database: 'factotum' });
const urls = await prepareDatabase(ownerUrl, { passwordsFile });

async function checkWalls(roleUrls: RoleUrls): Promise<void> {
  const database = openDatabase(roleUrls, { log });
  try {
    for (const name of roleNames) await assertWalls(database[name]);
  } finally {
    await database.close();
  }
}

const asSuperuser = (...statements: string[]) =>
  withOwner(urlAs(superuserUrl, { user: 'postgres', password: new URL(superuserUrl).password, database: 'factotum' }), async (client) => {
    for (const statement of statements) await client.query(statement);
  });

test('a fresh database has four roles that pass the wall check, each with its schema and its limits', async () => {
  await checkWalls(urls);
  const settings = await Promise.all(
    roleNames.map((name) =>
      withOwner(urls[name], async (client) => {
        const { rows } = await client.query<{ settings: string }>(
          `select session_user || ' ' || current_setting('search_path') || ' ' || current_setting('statement_timeout') as settings`,
        );
        return rows[0]?.settings;
      }),
    ),
  );
  assert.deepEqual(settings, ['factotum_app app 15s', 'factotum_engine app 15s', 'factotum_sequencer app 15s', 'factotum_auth auth 15s']);
});

test('the owner is no superuser, and a role of ours can make neither tables nor temporary tables', async () => {
  const { rows } = await withOwner(ownerUrl, (client) =>
    client.query('select rolsuper, rolbypassrls from pg_roles where rolname = current_user'),
  );
  assert.deepEqual(rows, [{ rolsuper: false, rolbypassrls: false }]);
  for (const name of roleNames)
    for (const place of ['app.', 'auth.', 'public.', 'temporary '])
      await assert.rejects(
        withOwner(urls[name], (client) =>
          client.query(place === 'temporary ' ? 'create temporary table own (id integer)' : `create table ${place}own (id integer)`),
        ),
        { code: '42501' },
        `${name} ${place}`,
      );
});

test('preparing again, at once and from several sides, changes nothing that anybody uses', async () => {
  const again = await Promise.all(Array.from({ length: 4 }, () => prepareDatabase(ownerUrl, { passwordsFile })));
  for (const one of again) assert.deepEqual(one, urls);
});

test('databases of one server can be prepared at the same time though they share the roles', async () => {
  const owners = await Promise.all(['one', 'two', 'three'].map((database) => prepareOwner(superuserUrl, { passwordsFile, database })));
  await Promise.all(owners.map((owner) => prepareDatabase(owner, { passwordsFile })));
  await checkWalls(urls);
});

test('a password that no longer works is replaced, and the server never sees one', async () => {
  await asSuperuser(`alter role factotum_auth password 'somebody else was here'`);
  const renewed = await prepareDatabase(ownerUrl, { passwordsFile });
  assert.equal(renewed.app, urls.app);
  assert.notEqual(renewed.auth, urls.auth);
  await checkWalls(renewed);
  const file: unknown = JSON.parse(await readFile(passwordsFile, 'utf8'));
  assert.ok(file !== null && typeof file === 'object' && 'factotum_auth' in file && renewed.auth.includes(String(file.factotum_auth)));
});

test('a file of passwords that is damaged costs new passwords, not the start', async () => {
  await writeFile(passwordsFile, '{"factotum_app": ');
  const renewed = await prepareDatabase(ownerUrl, { passwordsFile });
  await checkWalls(renewed);
});

test('a verifier is what RFC 5802 and 5803 say', () => {
  // RFC 7677 section 3: user "user", password "pencil", this salt, 4096 rounds. The server signature there proves the server key, and the client proof the stored key.
  const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
  assert.equal(
    verifier,
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

const breaches: readonly (readonly [what: string, breach: string, repair: string, fault: RegExp])[] = [
  [
    'may bypass row-level security',
    'alter role factotum_app bypassrls',
    'alter role factotum_app nobypassrls',
    /bypasses row-level security/,
  ],
  ['is a superuser', 'alter role factotum_app superuser', 'alter role factotum_app nosuperuser', /superuser/],
  ['may become a superuser', 'grant postgres to factotum_app', 'revoke postgres from factotum_app', /superuser/],
  [
    'owns a table',
    'create table app.stray (id integer); alter table app.stray owner to factotum_app',
    'drop table app.stray',
    /owns app\.stray/,
  ],
  [
    'may become the owner of a table',
    'create role landlord; grant landlord to factotum_app; create table app.stray (id integer); alter table app.stray owner to landlord',
    'drop table app.stray; drop role landlord',
    /owns app\.stray/,
  ],
];

for (const [what, breach, repair, fault] of breaches)
  test(`a process refuses to serve with a login that ${what}`, async () => {
    await asSuperuser(breach);
    try {
      await assert.rejects(checkWalls(await rolesNow()), { code: 'database.not_walled', message: fault });
    } finally {
      await asSuperuser(repair);
    }
    await checkWalls(await rolesNow());
  });

test('a process refuses to serve with the logins mixed up, or with the owner', async () => {
  const right = await rolesNow();
  await assert.rejects(checkWalls({ ...right, app: right.engine }), {
    code: 'database.not_walled',
    message: /factotum_engine instead of factotum_app/,
  });
  await assert.rejects(checkWalls({ ...right, app: ownerUrl }), { code: 'database.not_walled' });
});

test('preparing refuses a role that may too much instead of handing out its password', async () => {
  await asSuperuser('alter role factotum_engine createrole');
  try {
    await assert.rejects(prepareDatabase(ownerUrl, { passwordsFile }), { code: 'database.not_walled', message: /factotum_engine/ });
  } finally {
    await asSuperuser('alter role factotum_engine nocreaterole');
  }
});

test('row-level security is forced on the owner: its login sees no tenant', async () => {
  const database = openDatabase(await rolesNow(), { log });
  const tenantId = newId('tenant');
  await withTenant(database.app.db, tenantId, (tx) =>
    sql`insert into tenant (tenant_id, name) values (${tenantId}, 'seen by nobody else')`.execute(tx),
  );
  await database.close();
  const { rows } = await withOwner(ownerUrl, (client) => client.query('select count(*)::integer as tenants from app.tenant'));
  assert.deepEqual(rows, [{ tenants: 0 }]);
});

/** As the file has them: earlier tests renewed some. */
async function rolesNow(): Promise<RoleUrls> {
  const passwords: Record<string, string> = JSON.parse(await readFile(passwordsFile, 'utf8'));
  const urlOf = (name: string) => urlAs(ownerUrl, { user: `factotum_${name}`, password: passwords[`factotum_${name}`] ?? '' });
  return { app: urlOf('app'), engine: urlOf('engine'), sequencer: urlOf('sequencer'), auth: urlOf('auth') };
}
