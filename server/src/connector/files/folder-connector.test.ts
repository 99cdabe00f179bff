import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost } from '@factotum/connector-sdk/test';
import { eventually, testPlatform } from '../../../test/platform.ts';
import { createFolderConnector } from './folder-connector.ts';

const platform = await testPlatform();
const root = await mkdtemp(join(tmpdir(), 'factotum-folder-'));
after(() => rm(root, { recursive: true, force: true }));

let count = 0;

/** A folder with a connection to it; time is what the test says. */
async function build(settings: Record<string, string> = {}, path?: string) {
  count += 1;
  const folder = join(root, String(count));
  await mkdir(join(folder, 'deep'), { recursive: true });
  const tenantId = await platform.buildTenant();
  const connector = createFolderConnector({ files: platform.fileIntake, rootsOf: async () => [root] });
  // The kit's host is of one tenant; the vault is of ours, and an hour later everything is whole.
  const at = () => new Date(Date.now() + 3_600_000);
  const ours = {
    ...connector,
    check: (context: Parameters<typeof connector.check>[0]) => connector.check({ ...context, tenantId, now: at }),
    poll: (...[context, ...rest]: Parameters<NonNullable<typeof connector.poll>>) =>
      connector.poll?.({ ...context, tenantId, now: at }, ...rest),
  };
  const host = createHost({ connector: ours as typeof connector, settings: { path: path ?? folder, ...settings }, credentials: {} });
  return { folder, host, names: () => host.arrivals.map((arrival) => (arrival.form === 'event' ? arrival.title : 'mail')).sort() };
}

test('what comes into a folder is told of once; what lay there is left alone, unless it is said', async () => {
  const { folder, host, names } = await build();
  await writeFile(join(folder, 'old.txt'), 'old');
  await host.drain();
  assert.deepEqual(names(), []);
  await writeFile(join(folder, 'new.txt'), 'new');
  await writeFile(join(folder, 'deep', 'mail.eml'), 'From: a@example.com\r\nSubject: x\r\n\r\ny');
  await host.drain();
  await host.drain();
  assert.deepEqual(names(), ['mail', 'new.txt']);
  await writeFile(join(folder, 'old.txt'), 'changed');
  await host.drain();
  assert.deepEqual(names(), ['mail', 'new.txt', 'old.txt']);
  const all = await build({ existing: 'history' });
  for (const name of ['a.txt', 'b.txt', 'c.txt']) await writeFile(join(all.folder, name), name);
  await all.host.drain({ arrivals: 1 });
  assert.deepEqual(all.names(), ['a.txt', 'b.txt', 'c.txt']);
  assert.ok(all.host.arrivals.every(({ history }) => history === true));
});

test('a crash between reading and commit loses nothing and doubles nothing', async () => {
  const { folder, host, names } = await build({ existing: 'new' });
  await writeFile(join(folder, 'a.txt'), 'a');
  await host.pollAndCrash();
  assert.deepEqual(names(), []);
  await host.drain();
  assert.deepEqual(names(), ['a.txt']);
  const event = host.arrivals[0];
  assert.match(event?.form === 'event' ? String(event.payload.path) : '', /\/a\.txt$/, 'the file of the crash is used');
});

test('links, hidden and unfinished files are left alone, and no folder outside of what is allowed is read', async () => {
  const { folder, host, names } = await build({ existing: 'new' });
  const outside = await mkdtemp(join(tmpdir(), 'factotum-outside-'));
  after(() => rm(outside, { recursive: true, force: true }));
  await writeFile(join(outside, 'secret.txt'), 'secret');
  await symlink(join(outside, 'secret.txt'), join(folder, 'link.txt'));
  await symlink(outside, join(folder, 'linked'));
  for (const name of ['.hidden', 'a.part', '~b', 'c~']) await writeFile(join(folder, name), 'x');
  await writeFile(join(folder, 'real.txt'), 'real');
  await host.drain();
  assert.deepEqual(names(), ['real.txt']);
  for (const path of [outside, join(folder, '..', '..'), join(folder, 'linked'), join(folder, 'nowhere'), `${root}x`]) {
    const other = await build({}, path);
    await assert.rejects(other.host.check(), { kind: 'permanent' }, path);
    await assert.rejects(other.host.poll(), { kind: 'permanent' }, path);
  }
});

test('a file that is being written is waited for', async () => {
  const { folder } = await build();
  const tenantId = await platform.buildTenant();
  const connector = createFolderConnector({ files: platform.fileIntake, rootsOf: async () => [root] });
  const host = createHost({ connector, settings: { path: folder, existing: 'new' }, credentials: {} });
  const context = { ...host.context(), tenantId, settings: { path: folder, existing: 'new' as const } };
  const begunAt = new Date();
  await writeFile(join(folder, 'a.txt'), 'begun');
  const polled = await connector.poll?.({ ...context, now: () => begunAt }, null, { arrivals: 10, bytes: 1_000_000 });
  assert.deepEqual([polled?.arrivals.length, (polled?.nextInMs ?? 0) > 0], [0, true]);
  await utimes(join(folder, 'a.txt'), 1, 1);
  const later = await connector.poll?.({ ...context, now: () => new Date(Date.now() + 60_000) }, polled?.cursor ?? null, {
    arrivals: 10,
    bytes: 1_000_000,
  });
  assert.equal(later?.arrivals.length, 1);
});

test('the watch of a folder says that there is something', async () => {
  const { folder, host } = await build();
  const stopping = new AbortController();
  let hints = 0;
  const connector = createFolderConnector({ files: platform.fileIntake, rootsOf: async () => [root] });
  const streaming = connector.stream?.({ ...host.context(stopping.signal), settings: { path: folder, existing: 'skip' } }, () => {
    hints += 1;
  });
  // Nobody can tell from outside when a watch has begun: so something happens until it sees it.
  await eventually(async () => {
    await writeFile(join(folder, '.a'), String(hints));
    await rename(join(folder, '.a'), join(folder, 'a.txt'));
    return hints > 0 ? true : undefined;
  });
  stopping.abort();
  await streaming;
});
