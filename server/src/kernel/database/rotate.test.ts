import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger } from '#kernel';
import { startEmbedded } from './embedded/embedded.ts';
import { urlWithPasswordsFile } from './login.ts';
import { firstThatOpens, withOwner } from './owner.ts';
import { type Passwords, readPasswords } from './passwords.ts';
import { type Database, openDatabase } from './pool.ts';
import { prepareDatabase, prepareOwner } from './prepare.ts';
import { type PasswordRotation, type RotationStep, rotatePasswords } from './rotate.ts';
import { roleNames } from './tables.ts';

// A server of its own: these tests change passwords of roles, which belong to the whole server. It logs every statement.
const dataFolder = await mkdtemp(join(tmpdir(), 'factotum-rotate-'));
await chmod(dataFolder, 0o711);
const log = createLogger({ level: 'silent' });
const start = () => startEmbedded({ dataFolder, log, parameters: { log_statement: 'all' } });
const embedded = await start();
after(async () => {
  await embedded.stop();
  await rm(dataFolder, { recursive: true });
});
const { passwordsFile } = embedded;
const superuserUrl = urlWithPasswordsFile(embedded.superuserUrl, passwordsFile);
const ownerUrl = await prepareOwner(superuserUrl, { passwordsFile, database: 'factotum' });
const rotation: PasswordRotation = { ownerUrl, superuserUrl, passwordsFile };
const logins = ['factotum_app', 'factotum_auth', 'factotum_engine', 'factotum_owner', 'factotum_sequencer', 'postgres'];
const made: Passwords[] = [];

/** Another process, which has read its logins at its start. */
async function openProcess(): Promise<Database> {
  const database = openDatabase(await prepareDatabase(ownerUrl, { passwordsFile }), { log });
  after(() => database.close());
  return database;
}

/** On new connections, of which there is none before: each is destroyed after its use. */
async function assertWorks(database: Database): Promise<void> {
  for (const name of roleNames) {
    const client = await database[name].pool.connect();
    await client.query('select 1');
    client.release(true);
    // The other way in, by which statements of the pool itself come.
    await database[name].pool.query('select 1');
    const again = await database[name].pool.connect();
    again.release(true);
  }
  for (const url of [ownerUrl, superuserUrl]) await withOwner(url, (client) => client.query('select 1'));
}

const cutOffAt = (wanted: RotationStep) => (step: RotationStep) => {
  if (step === wanted) throw new Error('the process has died');
};

test('every login has a new password, the old ones are refused, and processes of before and after find the new', async () => {
  const before = await openProcess();
  await assertWorks(before);
  const { current: old } = await readPasswords(passwordsFile);
  made.push(old);
  const at = new Date('2026-05-01T10:00:00Z');
  assert.deepEqual([...(await rotatePasswords(rotation, at))].sort(), logins);
  const { current, pending, madeAt } = await readPasswords(passwordsFile);
  assert.deepEqual([Object.keys(current).sort(), pending, madeAt], [logins, {}, at]);
  for (const login of logins)
    assert.equal(await firstThatOpens(ownerUrl, login, [old[login] ?? '', current[login] ?? '']), current[login], login);
  await assertWorks(before);
  await assertWorks(await openProcess());
});

test('the file stays the owner’s alone', async () => {
  assert.equal((await stat(passwordsFile)).mode & 0o777, 0o600);
});

for (const step of ['pending', 'set', 'committed', 'promoted'] as const)
  test(`cut off when the passwords are ${step}, every process can still log in, and the next rotation ends what was begun`, async () => {
    const before = await openProcess();
    await assertWorks(before);
    await assert.rejects(rotatePasswords(rotation, new Date(), cutOffAt(step)), /has died/);
    const left = await readPasswords(passwordsFile);
    made.push(left.current, left.pending);
    assert.equal(Object.keys(left.pending).length, step === 'promoted' ? 0 : logins.length);
    await assertWorks(before);
    const started = openDatabase(rolesOf(ownerUrl), { log });
    after(() => started.close());
    await assertWorks(started);
    // A rotation that is cut off as well, on top of the first.
    await assert.rejects(rotatePasswords(rotation, new Date(), cutOffAt(step)), /has died/);
    await assertWorks(before);
    await assertWorks(started);
    await rotatePasswords(rotation, new Date());
    assert.deepEqual((await readPasswords(passwordsFile)).pending, {});
    await assertWorks(before);
    await assertWorks(started);
  });

test('a process that starts while the server runs settles what a rotation left that was cut off', async () => {
  await assert.rejects(rotatePasswords(rotation, new Date(), cutOffAt('committed')), /has died/);
  const adopted = await start();
  assert.ok(adopted.adopted);
  const owner = await prepareOwner(adopted.superuserUrl, { passwordsFile, database: 'factotum' });
  await prepareDatabase(owner, { passwordsFile });
  const { current, pending } = await readPasswords(passwordsFile);
  assert.deepEqual(Object.keys(pending), ['postgres'], 'what was not looked at waits for the next rotation');
  for (const login of logins.filter((one) => one !== 'postgres'))
    assert.equal(await firstThatOpens(ownerUrl, login, [current[login] ?? '']), current[login]);
  await assertWorks(await openProcess());
});

test('rotations and preparations at the same time end with one truth', async () => {
  const before = await openProcess();
  await Promise.all([
    rotatePasswords(rotation, new Date()),
    prepareDatabase(ownerUrl, { passwordsFile }),
    rotatePasswords(rotation, new Date()),
    prepareOwner(superuserUrl, { passwordsFile, database: 'factotum' }),
    assertWorks(before),
  ]);
  const { current, pending } = await readPasswords(passwordsFile);
  assert.deepEqual(pending, {});
  for (const login of logins) assert.equal(await firstThatOpens(ownerUrl, login, [current[login] ?? '']), current[login], login);
  await assertWorks(before);
});

test('without the login of a superuser the four roles are rotated, and no other', async () => {
  const { current: old } = await readPasswords(passwordsFile);
  const four = logins.filter((login) => login !== 'factotum_owner' && login !== 'postgres');
  assert.deepEqual([...(await rotatePasswords({ ...rotation, superuserUrl: null }, new Date()))].sort(), four);
  const { current } = await readPasswords(passwordsFile);
  assert.deepEqual(
    logins.filter((login) => current[login] !== old[login]),
    four,
  );
});

test('no password is in a statement or in the server’s log', async () => {
  made.push((await readPasswords(passwordsFile)).current);
  const text = await readFile(join(dataFolder, 'run', 'postgres.log'), 'utf8');
  assert.match(text, /alter role "?factotum_app"? password 'SCRAM-SHA-256/);
  for (const passwords of made) for (const password of Object.values(passwords)) assert.ok(!text.includes(password));
});

test('a server that is started after such a rotation is opened with the password that it knows', async () => {
  await assert.rejects(rotatePasswords(rotation, new Date(), cutOffAt('committed')), /has died/);
  await embedded.stop();
  const again = await start();
  try {
    const owner = await prepareOwner(again.superuserUrl, { passwordsFile, database: 'factotum' });
    await rotatePasswords(
      { ownerUrl: owner, superuserUrl: urlWithPasswordsFile(again.superuserUrl, passwordsFile), passwordsFile },
      new Date(),
    );
    assert.deepEqual((await readPasswords(passwordsFile)).pending, {});
  } finally {
    await again.stop();
  }
});

/** As a process has them that has read nothing yet: only the file knows the passwords. */
function rolesOf(url: string) {
  const urlOf = (name: string) => {
    const changed = new URL(url);
    [changed.username, changed.password] = [`factotum_${name}`, ''];
    return changed.href;
  };
  return { app: urlOf('app'), engine: urlOf('engine'), sequencer: urlOf('sequencer'), auth: urlOf('auth') };
}
