import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sql } from 'kysely';
import { createDropFolder } from '#connector/files';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { createTenant } from '../../src/platform.ts';
import { testHttp } from '../http.ts';
import { eventually } from '../platform.ts';

const fixtures = process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'fixtures');
const corpus = join(fixtures, 'corpora', 'mail');
const skip = existsSync(corpus) ? false : 'the mail corpus is not there: set FACTOTUM_FIXTURES to the folder that holds corpora/mail';

/** Every file below the corpus, under a name of its own. */
async function readCorpus() {
  const entries = await readdir(corpus, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.sort().map(async (path, at) => ({ name: `${at}.eml`, path, bytes: await readFile(path) })));
}

describe('every mail of the corpus', { skip }, async () => {
  const mails = skip === false ? await readCorpus() : [];
  const different = new Set(mails.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'))).size;
  const { platform, send, buildCustomer } = await testHttp();
  const { intake, fileIntake, identity, log, folder } = platform;
  const drop = createDropFolder({
    root: join(folder, 'drop'),
    intake,
    files: fileIntake,
    findTenant: (name) => identity.findTenant(name),
    listTenants: () => identity.listTenants(),
    log,
    settledMs: 20,
  });

  /** Events, those among them without exactly one task, and the ids of all. */
  const stored = (tenantId: Id<'tenant'>) =>
    withTenant(platform.database.app.db, tenantId, async (tx) => {
      const { rows } = await sql<{ eventId: string; taskId: string; state: string }>`
        select e.event_id, t.task_id, t.state from app.event e left join app.task t on t.event_id = e.event_id order by e.event_id`.execute(
        tx,
      );
      return rows;
    });

  /** Drops all of it and waits until the folder is empty. @returns what was refused. */
  async function dropAll(tenant: string): Promise<string[]> {
    const place = await drop.prepare(tenant);
    for (const { name, bytes } of mails) {
      await writeFile(join(place, `.${name}.part`), bytes);
      await rename(join(place, `.${name}.part`), join(place, name));
    }
    await drop.scan();
    assert.deepEqual(
      (await readdir(place)).filter((name) => name !== 'refused'),
      [],
    );
    return readdir(join(place, 'refused')).catch(() => []);
  }

  /** Sends all of it over HTTP. @returns the answers' states and ids. */
  async function sendAll(key: string) {
    return Promise.all(
      mails.map(async ({ bytes }) => {
        const response = await send('POST /api/v1/events/mail', {
          key,
          body: new Uint8Array(bytes),
          headers: { 'content-type': 'message/rfc822' },
        });
        const body: unknown = await response.json();
        return { status: response.status, ids: JSON.stringify(body) };
      }),
    );
  }

  it('that is dropped becomes one event and one task, and sending all of it again by any door creates nothing', async () => {
    const customer = await buildCustomer();
    assert.deepEqual(await dropAll(customer.name), []);
    const first = await stored(customer.tenantId);
    assert.equal(first.length, different);
    assert.ok(first.every(({ taskId }) => taskId !== null));
    assert.deepEqual(await dropAll(customer.name), []);
    const answers = await sendAll(await customer.key('event:write'));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.deepEqual(await stored(customer.tenantId), first);
  });

  it('that is sent over HTTP becomes one event and one task, and sending all of it again by any door creates nothing', async () => {
    const customer = await buildCustomer();
    const key = await customer.key('event:write');
    const answers = await sendAll(key);
    assert.equal(answers.filter(({ status }) => status === 202).length, different);
    assert.equal(answers.filter(({ status }) => status === 200).length, mails.length - different);
    const first = await stored(customer.tenantId);
    assert.equal(first.length, different);
    const again = await sendAll(key);
    assert.deepEqual(
      again.map(({ ids }) => ids),
      answers.map(({ ids }) => ids),
    );
    assert.deepEqual(await dropAll(customer.name), []);
    assert.deepEqual(await stored(customer.tenantId), first);
  });

  it('is worked on until it is done or somebody is asked: none crashes a worker, stalls or is lost', async () => {
    const tenant = await createTenant(platform, { name: 'worked', actor: 'operator:test', demo: true });
    await dropAll(tenant.name);
    await platform.startWorker();
    const resting = new Set(['done', 'waiting', 'failed', 'cancelled']);
    const ended = await eventually(
      async () => {
        const rows = await stored(tenant.id);
        return rows.every(({ state }) => resting.has(state)) ? rows : undefined;
      },
      () => 'some tasks never came to rest',
    );
    assert.equal(ended.length, different);
    const failed = ended.filter(({ state }) => state === 'failed');
    const reasons = await Promise.all(failed.map(async ({ taskId }) => (await platform.look(tenant.id, taskId)).detail.error));
    assert.deepEqual(reasons, []);
    await platform.sequencer.drained();
  });
});
