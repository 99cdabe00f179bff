import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { withTenant } from '#kernel/database';
import { createArchiveJobs, openIntoFolder } from '#ops/archive';
import { listEntries } from '#trust/audit';
import { createJobRunner, type JobRunner } from '#trust/job';
import { changeState } from '#trust/tenant';
import { writeNote } from '#trust/vault';
import { type Sent, type TestCustomer, type TestHttp, testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';
import { eventually } from '../../../test/platform.ts';

const here = await testHttp();
const there = await testHttp();
const passphrase = 'twelve or more characters';
const folder = await mkdtemp(join(tmpdir(), 'factotum-archive-'));
after(() => rm(folder, { recursive: true }));

const runners: JobRunner[] = [];
function startJobs({ platform }: TestHttp): JobRunner {
  const { database, keyring, installation, clock, log } = platform;
  const runner = createJobRunner({
    engine: database.engine,
    keyring,
    installation,
    clock,
    log,
    handlers: createArchiveJobs(platform),
    pollMs: 20,
  });
  runners.push(runner);
  runner.start();
  return runner;
}
after(() => Promise.all(runners.map((runner) => runner.stop())));

const ask = async ({ send }: TestHttp, line: Parameters<TestHttp['send']>[0], sent: Sent) => {
  const response = await send(line, sent);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const jobOf = (at: TestHttp, key: string, jobId: unknown) =>
  eventually(async () => {
    const { body } = await ask(at, `GET /api/v1/jobs/${jobId}` as `GET /${string}`, { key });
    return body.state === 'done' || body.state === 'failed' ? body : undefined;
  });
const fetchArchive = async (key: string, jobId: unknown) => {
  const response = await here.send(`GET /api/v1/exports/${jobId}/archive` as `GET /${string}`, { key });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
};

let customer: TestCustomer;
let key: string;
before(async () => {
  customer = await here.buildCustomer();
  key = await customer.key();
});

describe('the export of a tenant', () => {
  test('is made as a job and fetched sealed, which both stand in the log; another tenant finds neither', async () => {
    const jobs = startJobs(here);
    const asked = await ask(here, 'POST /api/v1/exports', { key, json: { passphrase } });
    assert.equal(asked.status, 202);
    const job = await jobOf(here, key, asked.body.jobId);
    assert.deepEqual([job.state, (job.result as { kind: string }).kind], ['done', 'copy']);
    const { status, bytes } = await fetchArchive(key, asked.body.jobId);
    assert.equal(status, 200);
    await writeFile(join(folder, 'copy.factotum'), bytes);
    const opened = await openIntoFolder(join(folder, 'copy.factotum'), join(folder, 'copy'), passphrase);
    assert.deepEqual([opened.tenantId, opened.kind], [customer.tenantId, 'copy']);
    assert.match(await readFile(join(folder, 'copy', 'notes', 'Company_Handbook.md'), 'utf8'), /^# Company handbook/);
    await assert.rejects(openIntoFolder(join(folder, 'copy.factotum'), join(folder, 'copy'), passphrase), /is there already/);

    const other = await (await here.buildCustomer()).key();
    assert.equal((await fetchArchive(other, asked.body.jobId)).status, 404);
    assert.equal((await fetchArchive(key, 'job_000000000000000000000000')).status, 404);
    await here.platform.sequencer.drained();
    const entries = await withTenant(here.platform.database.app.db, customer.tenantId, (tx) =>
      listEntries(tx, { tenantId: customer.tenantId, limit: 50 }),
    );
    assert.deepEqual(
      entries.filter(({ kind }) => kind === 'tenant.exported').map(({ state }) => state),
      ['fetched', 'asked'],
    );
    await jobs.stop();
  });

  test('asks for a passphrase that protects something, and for the permission', async () => {
    assert.equal((await ask(here, 'POST /api/v1/exports', { key, json: { passphrase: 'too short' } })).status, 400);
    const reader = await customer.key('settings:read', 'vault:read');
    assert.equal((await ask(here, 'POST /api/v1/exports', { key: reader, json: { passphrase } })).status, 403);
    assert.equal((await fetchArchive(reader, 'job_000000000000000000000000')).status, 403);
  });

  test('goes on with another process when the first one ends in the middle of it', async () => {
    const { keyring, database } = here.platform;
    const keys = await keyring.of(customer.tenantId);
    await withTenant(database.app.db, customer.tenantId, async (tx) => {
      for (let at = 0; at < 30; at += 1)
        await writeNote(tx, keys, {
          path: `Large/${at}.md`,
          content: `${at} `.repeat(200_000),
          author: 'user:test',
          trusted: true,
          at: new Date(),
        });
    });
    const { body } = await ask(here, 'POST /api/v1/exports', { key, json: { passphrase, secrets: true } });
    const piecesNow = () =>
      withTenant(database.app.db, customer.tenantId, async (tx) => {
        const { rows } = await sql<{ pieces: number }>`select count(*) as pieces from archive_piece`.execute(tx);
        return rows[0]?.pieces ?? 0;
      });
    const before = await piecesNow();
    const first = startJobs(here);
    await eventually(async () => ((await piecesNow()) > before + 2 ? true : undefined));
    await first.stop();
    assert.notEqual((await ask(here, `GET /api/v1/jobs/${body.jobId}` as `GET /${string}`, { key })).body.state, 'done');
    assert.equal((await fetchArchive(key, body.jobId)).status, 404, 'half an archive is none');
    startJobs(here);
    assert.equal((await jobOf(here, key, body.jobId)).state, 'done');
    const { bytes } = await fetchArchive(key, body.jobId);
    await writeFile(join(folder, 'whole.factotum'), bytes);
    const opened = await openIntoFolder(join(folder, 'whole.factotum'), join(folder, 'whole'), passphrase);
    assert.ok(opened.files > 30);
    const names = await readdir(join(folder, 'whole'));
    assert.deepEqual(
      names.filter((name) => /rows|keys/.test(name)),
      [],
      'a folder for people has no keys in it',
    );
  });

  test('is taken in by an operator elsewhere, who sends it with its passphrase', async () => {
    const { token } = await there.platform.identity.operators.create({ email: 'op@example.com', name: 'Op' });
    const cookie = cookiesOf(await there.send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } }));
    const archive = await readFile(join(folder, 'whole.factotum'));
    const send = (body: Uint8Array<ArrayBuffer>, type = 'application/vnd.factotum.import', as: Sent = { cookie }) =>
      ask(there, 'POST /api/v1/operator/imports', { ...as, body, headers: { 'content-type': type, origin: testOrigin } });
    const upload = (line: unknown, bytes: Uint8Array) => new Uint8Array(Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), bytes]));
    assert.equal((await send(upload({ passphrase }, archive), 'application/json')).status, 415);
    assert.equal((await send(new Uint8Array(archive))).status, 400);
    assert.equal((await send(upload({ passphrase }, Buffer.from('something else\n')))).status, 422);
    assert.equal((await send(upload({ passphrase }, archive), undefined, { key: await (await there.buildCustomer()).key() })).status, 401);

    startJobs(there);
    const until = (jobId: unknown) =>
      eventually(async () => {
        const { body } = await ask(there, `GET /api/v1/operator/jobs/${jobId}` as `GET /${string}`, { cookie });
        return body.state === 'done' || body.state === 'failed' ? body : undefined;
      });
    const wrong = await send(upload({ passphrase: 'another one of that length' }, archive));
    assert.equal(((await until(wrong.body.jobId)).error as { code: string }).code, 'archive.invalid');
    const right = await send(upload({ passphrase }, archive));
    assert.equal(right.status, 202);
    const job = await until(right.body.jobId);
    assert.deepEqual([job.state, (job.result as { tenantId: string }).tenantId], ['done', customer.tenantId]);
    assert.equal((await ask(there, 'GET /api/v1/tasks', { key })).body.code, 'tenant.moving', 'it rests until it is released');
  });
});

describe('a tenant that has moved', () => {
  test('sends programs on with method and body, and tells browsers the address', async () => {
    const mover = await here.buildCustomer();
    const [program, cookie] = [await mover.key(), await mover.signIn()];
    const { database } = here.platform;
    for (const [from, to] of [
      ['active', 'moving'],
      ['moving', 'moved'],
    ] as const)
      await withTenant(database.app.db, mover.tenantId, (tx) =>
        changeState(tx, mover.tenantId, {
          from: [from],
          to,
          at: new Date(),
          movedTo: 'https://new.example',
          actor: 'operator:test',
          kind: 'tenant.changed',
        }),
      );
    const elsewhere = await testHttpLike(program, 'POST /api/v1/events?a=b');
    assert.deepEqual(elsewhere, { status: 308, location: 'https://new.example/api/v1/events?a=b' });
    const browser = await ask(here, 'GET /api/v1/tasks', { cookie });
    assert.deepEqual([browser.status, browser.body.code, browser.body.movedTo], [410, 'tenant.moved', 'https://new.example']);
  });

  async function testHttpLike(program: string, line: Parameters<TestHttp['send']>[0]) {
    const response = await here.send(line, { key: program, json: {} });
    return { status: response.status, location: response.headers.get('location') };
  }
});
