import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Api, apiWith, mailFrom, openApi, until } from './api.ts';
import { command, databasePid, failingServer, type RunningServer, removeServer, startServer } from './server.ts';

const playbook = `---
title: File three times
when: { source: mail, match: { subject: { regex: "^Load " } } }
steps:
  - { id: draft, tool: mail.draft, args: { to: [$event.sender], subject: $event.subject, text: $event.text } }
  - { id: keep, tool: vault.write, after: [draft], args: { path: "Load/\${task.id} a.md", content: $event.text } }
  - { id: copy, tool: vault.write, after: [keep], args: { path: "Load/\${task.id} b.md", content: $event.text } }
---
`;
describe('the server is ended, in every way, and started again on its data', () => {
  let server: RunningServer;
  let api: Api;
  /** Everything that was ever sent in. */
  const sent: string[] = [];
  before(async () => {
    server = await startServer({ environment: { FACTOTUM_DEMO: '0' } });
    await command(server, 'tenant', 'create', '--name', 'acme');
    api = await openApi(server, 'acme');
    await api.writeNote('Playbooks/Load.md', playbook);
  });
  after(async () => {
    await server?.stop();
    if (server !== undefined) await removeServer(server);
  });

  async function start(): Promise<void> {
    server = await startServer({ folder: server.folder, environment: { FACTOTUM_DEMO: '0' } });
    api = apiWith(server.origin, api.key);
    assert.equal(server.signInUrl, '', 'a link is made for a new data folder only');
  }
  /** Sends mails in and comes back while they are being worked on. */
  async function load(count: number): Promise<void> {
    const accepted = Array.from({ length: count }, async () => {
      sent.push(await api.sendMail(mailFrom('Kim <kim@fabrikam.example>', `Load ${sent.length}`, 'Once each.')));
    });
    await Promise.all(accepted);
    const open = (await api.tasks()).filter(({ state }) => state !== 'done').length;
    assert.ok(open > 0, 'there is work in hand');
  }
  async function allDoneOnce(): Promise<void> {
    let tasks: Awaited<ReturnType<Api['tasks']>> = [];
    await until(
      async () => {
        tasks = await api.tasks();
        return tasks.every(({ state }) => state === 'done');
      },
      60_000,
      () => JSON.stringify(tasks.find(({ state }) => state !== 'done')),
    );
    assert.deepEqual(tasks.map(({ id }) => id).toSorted(), sent.toSorted());
    assert.ok(tasks.every(({ outcome }) => outcome === 'completed'));
    const drafts = await api.call('GET /api/v1/vault/notes?prefix=Drafts/&limit=200');
    // What the vault lists; the count is all that matters.
    assert.equal((drafts.body.items as unknown[]).length, sent.length, 'one draft each');
    assert.deepEqual(await command(server, 'audit', 'verify', '--tenant', 'acme').then((report) => (report as { ok: boolean }).ok), true);
  }
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('asked to end in the middle of work it ends without an error, and goes on at the next start', async (t) => {
    await load(50);
    const askedAt = performance.now();
    assert.equal(await server.stop('SIGTERM'), 0);
    t.diagnostic(`it ended ${Math.round(performance.now() - askedAt)} ms after it was asked to`);
    assert.doesNotMatch(server.output(), /"level":"(?:warn|error|fatal)"/, server.output());
    assert.match(server.output(), /Stopping \.\.\.\n$/);
    await start();
    await allDoneOnce();
    t.diagnostic(`start on an existing data folder: ${Math.round(server.startMs)} ms`);
  });

  it('killed while its database lives on, the next start adopts the database and finishes the work', async (t) => {
    const database = await databasePid(server);
    await load(50);
    await server.stop('SIGKILL');
    assert.ok(isAlive(database));
    await start();
    assert.equal(await databasePid(server), database, 'the same database process');
    const startedAt = performance.now();
    await allDoneOnce();
    t.diagnostic(`adopted after ${Math.round(server.startMs)} ms, all done ${Math.round(performance.now() - startedAt)} ms later`);
  });

  it('killed with its database, the next start recovers both', async (t) => {
    const database = await databasePid(server);
    await load(50);
    process.kill(database, 'SIGKILL');
    await server.stop('SIGKILL');
    await start();
    assert.notEqual(await databasePid(server), database);
    await allDoneOnce();
    t.diagnostic(`recovered after ${Math.round(server.startMs)} ms`);
  });

  it('its database killed under it, it goes on by itself', async () => {
    const database = await databasePid(server);
    await load(40);
    process.kill(database, 'SIGKILL');
    await until(async () => ![0, database].includes(await databasePid(server)) && (await api.call('GET /api/v1/tasks')).status === 200);
    await allDoneOnce();
  });

  it('a second server on its data folder is refused, and the first does not notice', async () => {
    const { code, output } = await failingServer({ folder: server.folder });
    assert.equal(code, 1);
    assert.match(output, /^A server runs on \S+ already\. Stop it, or use another folder with --data\.\n$/);
    assert.equal((await api.call('GET /api/v1/me')).status, 200);
  });
});
