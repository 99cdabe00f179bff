import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Api, apiWith, mailFrom, openApi, until } from './api.ts';
import { command, failingServer, type RunningServer, removeServer, startServer } from './server.ts';

const playbook = `---
title: File three times
when: { source: mail, match: { subject: { regex: "^Load " } } }
steps:
  - { id: draft, tool: mail.draft, args: { to: [$event.sender], subject: $event.subject, text: $event.text } }
  - { id: keep, tool: vault.write, after: [draft], args: { path: "Load/\${task.id} a.md", content: $event.text } }
  - { id: copy, tool: vault.write, after: [keep], args: { path: "Load/\${task.id} b.md", content: $event.text } }
---
`;
/** A warm start on an existing data folder; four times the everyday figure, as tests share the machine. */
const startMsMax = 16_000;

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
    assert.ok(server.startMs < startMsMax, `it took ${server.startMs} ms`);
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
      30_000,
      () => JSON.stringify(tasks.find(({ state }) => state !== 'done')),
    );
    assert.deepEqual(tasks.map(({ id }) => id).toSorted(), sent.toSorted());
    assert.ok(tasks.every(({ outcome }) => outcome === 'completed'));
    const drafts = await api.call('GET /api/v1/vault/notes?prefix=Drafts/&limit=200');
    // What the vault lists; the count is all that matters.
    assert.equal((drafts.body.items as unknown[]).length, sent.length, 'one draft each');
    assert.deepEqual(await command(server, 'audit', 'verify', '--tenant', 'acme').then((report) => (report as { ok: boolean }).ok), true);
  }
  /** The database's main process, as it says itself. */
  async function postmasterPid(): Promise<number> {
    const dataFolder = join(server.folder, 'data');
    const moved = await readFile(join(dataFolder, 'postgres.location'), 'utf8').catch(() => join(dataFolder, 'postgres'));
    return Number((await readFile(join(moved.trim(), 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
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
    const database = await postmasterPid();
    await load(50);
    await server.stop('SIGKILL');
    assert.ok(isAlive(database));
    await start();
    assert.equal(await postmasterPid(), database, 'the same database process');
    const startedAt = performance.now();
    await allDoneOnce();
    t.diagnostic(`adopted after ${Math.round(server.startMs)} ms, all done ${Math.round(performance.now() - startedAt)} ms later`);
  });

  it('killed with its database, the next start recovers both', async (t) => {
    const database = await postmasterPid();
    await load(50);
    process.kill(database, 'SIGKILL');
    await server.stop('SIGKILL');
    await start();
    assert.notEqual(await postmasterPid(), database);
    await allDoneOnce();
    t.diagnostic(`recovered after ${Math.round(server.startMs)} ms`);
  });

  it('its database killed under it, it goes on by itself', async () => {
    const database = await postmasterPid();
    await load(40);
    process.kill(database, 'SIGKILL');
    await until(
      async () => (await fetch(new URL('/readyz', server.origin))).status === 200 && (await postmasterPid()) !== database,
      20_000,
    );
    await allDoneOnce();
  });

  it('a second server on its data folder is refused, and the first does not notice', async () => {
    const { code, output } = await failingServer({ folder: server.folder });
    assert.equal(code, 1);
    assert.match(output, /^A server runs on \S+ already\. Stop it, or use another folder with --data\.\n$/);
    assert.equal((await api.call('GET /api/v1/me')).status, 200);
  });
});

describe('what keeps it from starting is said in one line each, with the setting to change', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'factotum-e2e-'));
  });
  after(() => removeServer({ folder }));

  it('faulty settings: all at once, and code 78', async () => {
    const { code, output } = await failingServer({
      folder,
      environment: {
        FACTOTUM_PROT: '1',
        FACTOTUM_LOG_LEVEL: 'loud',
        FACTOTUM_DATABASE_URL: 'mysql://x',
        FACTOTUM_MODEL_PROVIDER: 'anthropic',
      },
    });
    assert.equal(code, 78);
    const named = output.split('\n').flatMap((line) => /^ {2}([A-Z_]+):/.exec(line)?.[1] ?? []);
    assert.deepEqual(named.toSorted(), ['FACTOTUM_DATABASE_URL', 'FACTOTUM_LOG_LEVEL', 'FACTOTUM_PROT']);
    const model = await failingServer({ folder, environment: { FACTOTUM_MODEL_PROVIDER: 'openai-compatible' } });
    assert.equal(model.code, 78);
    assert.match(model.output, /FACTOTUM_MODEL_URL: .*\n.*FACTOTUM_MODEL_NAME: /);
    const args = await failingServer({ folder, args: ['--prot', '1'] });
    assert.equal(args.code, 78);
    assert.match(args.output, /Use: npm start -- /);
  });

  it('a database that cannot be reached', async () => {
    const { code, output } = await failingServer({ folder, environment: { FACTOTUM_DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/x' } });
    assert.equal(code, 1);
    assert.match(output, /^The database cannot be reached .*FACTOTUM_DATABASE_URL\.\n$/);
    assert.ok(!output.includes('secret'));
  });

  it('a data folder that is no place for data, whoever starts it', async () => {
    await mkdir(join(folder, 'file'));
    await writeFile(join(folder, 'file', 'data'), 'not a folder');
    const file = await failingServer({ folder: join(folder, 'file') });
    assert.equal(file.code, 78);
    assert.match(file.output, /^The data folder \S+ cannot be used: part of its path is a file\. Choose another .*\n$/);
    // Root may write anywhere.
    if (process.getuid?.() === 0) return;
    await mkdir(join(folder, 'closed'), { mode: 0o500 });
    const closed = await failingServer({ folder: join(folder, 'closed') });
    assert.equal(closed.code, 78);
    assert.match(closed.output, /^The data folder \S+ cannot be used: this user may not write there\. Choose another .*\n$/);
  });

  it('a port that another program has, and then nothing is left running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { code, output } = await failingServer({ folder, args: ['--port', String(address.port)] });
    other.close();
    assert.equal(code, 1);
    assert.match(output, new RegExp(`\\nPort ${address.port} of 127\\.0\\.0\\.1 is taken by another program\\. .*FACTOTUM_PORT.*\\n$`));
    assert.doesNotMatch(output, /\n\s+at /, 'no stack');
    await assert.rejects(readFile(join(folder, 'data', 'postgres', 'cluster', 'postmaster.pid')));
    await rm(join(folder, 'data'), { recursive: true });
  });
});
