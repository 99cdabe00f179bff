import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyExport } from '@factotum/tlog';
import { type TestDatabase, testDatabase } from '../server/test/database.ts';
import { apiWith, openApi, until } from './api.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

const playbook = `---
title: Note what came
when: { source: flood, kind: number }
steps:
  - { id: keep, tool: vault.write, args: { path: "Numbers/\${task.id}.md", content: $event.text } }
---
`;
const passphrase = 'a passphrase for the move';
/** Enough before the move and after it that every state of it is met. */
const eventsBefore = 40;
const eventsAfter = 40;

describe('a tenant that moves to another installation while events arrive', () => {
  const databases: TestDatabase[] = [];
  const servers: RunningServer[] = [];
  let folder: string;
  let old: RunningServer;
  let fresh: RunningServer;

  const start = async () => {
    const database = await testDatabase();
    databases.push(database);
    const { app, engine, sequencer, auth } = database.roleUrls;
    const environment = {
      FACTOTUM_DATABASE_APP_URL: app,
      FACTOTUM_DATABASE_ENGINE_URL: engine,
      FACTOTUM_DATABASE_SEQUENCER_URL: sequencer,
      FACTOTUM_DATABASE_AUTH_URL: auth,
      FACTOTUM_DEMO: '0',
    };
    const server = await startServer({ folder: await mkdtemp(join(tmpdir(), 'factotum-e2e-')), environment });
    servers.push(server);
    return server;
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'factotum-move-'));
    await writeFile(join(folder, 'passphrase'), `${passphrase}\n`);
    [old, fresh] = [await start(), await start()];
    await command(old, 'tenant', 'create', '--name', 'acme');
    await command(fresh, 'tenant', 'create', '--name', 'resident');
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all(servers.map(removeServer));
    await Promise.all(databases.map((database) => database.close()));
  });

  it('loses no event and handles none twice, and its audit log proves that on both sides', async () => {
    const api = await openApi(old, 'acme');
    await api.writeNote('Playbooks/Numbers.md', playbook);
    const file = (name: string) => join(folder, name);
    const secret = ['--passphrase-file', file('passphrase')];
    // A copy for people, opened without any server.
    await command(old, 'tenant', 'export', '--tenant', 'acme', '--to', file('copy.factotum'), ...secret);
    await command({ folder }, 'tenant', 'open', file('copy.factotum'), '--to', file('copy'), ...secret);
    assert.equal(await readFile(join(file('copy'), 'notes', 'Playbooks', 'Numbers.md'), 'utf8'), playbook);
    const sender = createSender(old.origin, api.key);
    const sending = sender.run();
    sending.catch(() => undefined);
    await until(async () => sender.accepted.size >= eventsBefore);

    await command(old, 'tenant', 'move', '--tenant', 'acme', '--to', file('called-off.factotum'), ...secret);
    await command(old, 'tenant', 'move', '--call-off', '--tenant', 'acme');
    await until(async () => sender.accepted.size >= eventsBefore * 2);
    await command(old, 'tenant', 'move', '--tenant', 'acme', '--to', file('acme.factotum'), ...secret);
    // Dropped while nobody takes anything in: it stays where it is, for whoever forwards it.
    const dropped = join(old.folder, 'drop', 'acme', 'late.json');
    await writeFile(dropped, JSON.stringify({ source: 'flood', kind: 'number', externalId: 'dropped', payload: { text: 'late' } }));
    await command(fresh, 'tenant', 'import', file('acme.factotum'), ...secret);
    assert.equal((await apiWith(fresh.origin, api.key).call('GET /api/v1/tasks')).body.code, 'tenant.moving');
    await command(old, 'tenant', 'moved', '--tenant', 'acme', '--to', fresh.origin, '--release', file('release.json'));
    // What a process knows of a tenant it believes for five seconds.
    const leadsOn = async () => {
      const headers = { authorization: `Bearer ${api.key}` };
      const answer = await fetch(`${old.origin}/api/v1/tasks?limit=7`, { headers, redirect: 'manual' });
      return answer.status === 308 && answer.headers.get('location') === `${fresh.origin}/api/v1/tasks?limit=7`;
    };
    await until(leadsOn);
    await command(fresh, 'tenant', 'arrived', '--release', file('release.json'));
    const atArrival = sender.accepted.size;
    await until(async () => sender.accepted.size >= atArrival + eventsAfter, 60_000);
    sender.stop();
    await sending;

    const moved = apiWith(fresh.origin, api.key);
    await until(async () => (await moved.tasks()).every(({ state }) => state === 'done'), 60_000);
    const tasks = await moved.tasks();
    assert.deepEqual(
      tasks.map(({ id }) => id).sort(),
      [...sender.accepted.values()].sort(),
      'every event is exactly one task, under the id that was answered',
    );
    for (const id of sender.accepted.values())
      assert.equal((await moved.call(`GET /api/v1/vault/notes/Numbers/${id}.md`)).status, 200, `the note of ${id}`);
    assert.ok(sender.seen.has(503) && sender.seen.has(308), `met on the way: ${[...sender.seen].join(', ')}`);
    await access(dropped);

    const [left, gone] = [await logOf(old, file('old.jsonl')), await logOf(fresh, file('new.jsonl'))];
    assert.equal(left.key, gone.key);
    assert.deepEqual(gone.lines.slice(0, left.lines.length), left.lines, 'the new side continues the very log');
    assert.match(left.lines.at(-1) ?? '', /tenant\.moved/);
    const created = gone.lines.filter((line) => line.includes('\\"kind\\":\\"task.created\\"')).length;
    const finished = gone.lines.filter((line) => line.includes('\\"kind\\":\\"task.finished\\"')).length;
    assert.deepEqual({ created, finished }, { created: sender.accepted.size, finished: sender.accepted.size });
  });

  async function logOf(server: RunningServer, path: string) {
    assert.equal(((await command(server, 'audit', 'verify', '--tenant', 'acme')) as { ok: boolean }).ok, true);
    await command(server, 'audit', 'export', path, '--tenant', 'acme');
    const bytes = await readFile(path);
    const report = await verifyExport([bytes]);
    assert.equal(report.fault, null);
    const [, ...lines] = bytes.toString('utf8').trimEnd().split('\n');
    return { key: report.verifierKey, lines };
  }
});

/** A client as it should be: what is not accepted it sends again, and where it is sent on to it stays. */
function createSender(origin: string, key: string) {
  const accepted = new Map<string, string>();
  const seen = new Set<number>();
  let target = origin;
  let stopped = false;
  const send = async (externalId: string): Promise<void> => {
    const body = JSON.stringify({ source: 'flood', kind: 'number', externalId, payload: { text: externalId } });
    for (;;) {
      const answer = await fetch(`${target}/api/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body,
        redirect: 'manual',
      });
      seen.add(answer.status);
      const location = answer.headers.get('location');
      if (answer.status === 202 || answer.status === 200) {
        const { taskId } = (await answer.json()) as { taskId: string };
        accepted.set(externalId, taskId);
        return;
      }
      await answer.body?.cancel();
      if (answer.status === 308 && location !== null) target = new URL(location).origin;
      else if (answer.status === 503 || answer.status === 429) await sleep(100);
      else throw new Error(`the event was refused with ${answer.status}`);
    }
  };
  return {
    accepted,
    seen,
    stop: () => {
      stopped = true;
    },
    async run() {
      // Two at a time: one is always under way when something changes.
      const lane = async (name: string) => {
        for (let number = 0; !stopped; number += 1) {
          await send(`${name}-${number}`);
          await sleep(20);
        }
      };
      await Promise.all([lane('a'), lane('b')]);
    },
  };
}
