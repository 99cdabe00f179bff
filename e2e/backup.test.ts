import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openApi, until } from './api.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

const note = 'What must not be lost.\n';

describe('an installation that is lost and made anew from its backups', () => {
  let place: string;
  let environment: Readonly<Record<string, string>>;
  let old: RunningServer;
  const folders: RunningServer[] = [];

  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'factotum-backups-'));
    environment = {
      FACTOTUM_BACKUP_TO: join(place, 'data'),
      FACTOTUM_KEY_BACKUP_TO: join(place, 'keys'),
      FACTOTUM_BACKUP_EVERY_HOURS: '0',
      FACTOTUM_DEMO: '0',
    };
    old = await startServer({ environment });
    folders.push(old);
    await command(old, 'tenant', 'create', '--name', 'acme');
  });
  after(async () => {
    await Promise.all(folders.map((server) => server.stop()));
    await Promise.all(folders.map(removeServer));
    await rm(place, { recursive: true, force: true });
  });

  it('comes back with its notes, keys and provable logs, and tells in each log that it was restored', async () => {
    const api = await openApi(old, 'acme');
    await api.writeNote('Inbox/Kept.md', note);
    const keyFile = join(place, 'recovery-key');
    const { recoveryKey } = (await command({ ...old, environment }, 'backup', 'setup')) as { recoveryKey: string };
    await writeFile(keyFile, recoveryKey.toLowerCase());
    await command({ ...old, environment }, 'backup', 'setup', '--confirm', '--recovery-key', keyFile);
    const made = (await command({ ...old, environment }, 'backup', 'create')) as { id: string; rows: number; keysId: string };
    assert.ok(made.rows > 10 && made.keysId !== null);
    const drilled = (await command({ ...old, environment }, 'backup', 'drill')) as { ok: boolean; faults: string[] };
    assert.deepEqual(drilled.faults, []);
    await old.stop();
    await removeServer(old);

    const folder = await mkdtemp(join(tmpdir(), 'factotum-e2e-'));
    const restored = (await command({ folder, environment }, 'backup', 'restore', made.id, '--recovery-key', keyFile)) as {
      ok: boolean;
      tenants: number;
      faults: string[];
    };
    assert.deepEqual([restored.ok, restored.tenants, restored.faults], [true, 1, []]);
    const fresh = await startServer({ folder, environment });
    folders.push(fresh);
    const answer = await fetch(`${fresh.origin}/api/v1/vault/notes/Inbox/Kept.md`, { headers: { authorization: `Bearer ${api.key}` } });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /What must not be lost/);
    const verified = (await command(fresh, 'audit', 'verify', '--tenant', 'acme')) as { ok?: boolean };
    assert.ok(verified);
    await until(async () => {
      const entries = await fetch(`${fresh.origin}/api/v1/audit/entries`, { headers: { authorization: `Bearer ${api.key}` } });
      const { items } = (await entries.json()) as { items: { kind: string }[] };
      return items.some(({ kind }) => kind === 'tenant.restored');
    }, 30_000);
    // The new installation knows the backups of the old one, and goes on with them.
    const { items } = (await command({ ...fresh, environment }, 'backup', 'list')) as { items: { id: string; state: string }[] };
    assert.deepEqual(
      items.map(({ id, state }) => [id, state]),
      [[made.id, 'done']],
    );
    const again = (await command({ ...fresh, environment }, 'backup', 'restore', 'latest', '--recovery-key', keyFile).catch(
      (error: unknown) => String(error),
    )) as string;
    assert.match(again, /not empty/);
  });
});
