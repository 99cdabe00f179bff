import assert from 'node:assert/strict';
import { appendFile, chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Intake } from '#flow/intake';
import { FactotumError, type Id } from '#kernel';
import { mail, testDropFolders } from '../../../test/drop-folder.ts';
import { eventually } from '../../../test/platform.ts';
import { createDropFolder } from './drop-folder.ts';

const { platform, filesOver, buildFolder } = await testDropFolders();
const { intake, vaultFiles } = platform;

test('a file that is renamed in becomes one event and one task, at once, and is gone', async () => {
  const { folder, drop, gone, events, left } = await buildFolder();
  await folder.start();
  await drop('one.eml', mail('One'));
  await gone('one.eml');
  const [event, ...others] = await events();
  assert.deepEqual([event?.title, event?.tasks, others.length], ['One', 1, 0]);
  assert.deepEqual(event?.provenance, { channel: 'drop', submittedBy: 'connector:drop', integrity: 'untrusted', from: 'a@example.com' });
  await drop('again.eml', mail('One'));
  await gone('again.eml');
  assert.equal((await events()).length, 1);
  assert.deepEqual(await left(), []);
});

test('any other file is kept in the vault, read and told of, and nothing of it is logged', async () => {
  const { folder, drop, left, events, acme, logged } = await buildFolder();
  await drop('offer of secrets.txt', 'the secret terms');
  await drop('old.mbox', `From x Thu Jan  1 00:00:00 2026\n${mail('In a box')}`);
  await folder.scan();
  assert.deepEqual(await left(), []);
  const [event] = await events();
  assert.deepEqual([event?.title, event?.payload.text, event?.provenance.channel], ['offer of secrets.txt', 'the secret terms', 'drop']);
  const kept = await vaultFiles.list(acme.id, 'Inbox/Files', { after: '', limit: 10 });
  assert.deepEqual(
    kept.map(({ path }) => path.split('/').at(-1)),
    ['offer of secrets.txt', 'old.mbox'],
  );
  assert.equal(/secret|old\.mbox/.test(logged()), false);
});

test('a file that is still being written is taken once it is whole', async () => {
  /** @returns the longest rest that its writer made, in milliseconds. */
  const write = async (path: string): Promise<number> => {
    await writeFile(path, mail('Slow', 'line'));
    let [longestMs, lastMs] = [0, performance.now()];
    for (let piece = 0; piece < 20; piece += 1) {
      // The writer's own pace, far below what counts as finished.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await appendFile(path, `line ${piece}\r\n`);
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
    }
    return longestMs;
  };
  const rests: number[] = [];
  // Where this machine stands still for that long the file is finished indeed, as far as anybody can tell. Then with more patience.
  for (const settledMs of [600, 2_400, 9_600]) {
    const { folder, at, gone, events } = await buildFolder({ settledMs });
    await folder.start();
    const restMs = await write(at('acme', 'slow.eml'));
    await gone('slow.eml');
    rests.push(Math.round(restMs));
    if (restMs > settledMs / 2) continue;
    const all = await events();
    assert.equal(all.length, 1);
    assert.match(String(all[0]?.payload.text), /line 0[\s\S]*line 19/);
    return;
  }
  assert.fail(`this machine stood still in the middle of each of the files, for ${rests.join(', ')} ms`);
});

test('what grows after it was read stays and becomes an event of its own: nothing is lost', async () => {
  const box: { path?: string } = {};
  const meddled: Intake = {
    ...intake,
    async acceptMail(...args) {
      const accepted = await intake.acceptMail(...args);
      if (box.path !== undefined) await appendFile(box.path, 'more\r\n');
      delete box.path;
      return accepted;
    },
  };
  const { folder, at, drop, left, events } = await buildFolder({ over: meddled });
  box.path = at('acme', 'a.eml');
  await drop('a.eml', mail('Grows'));
  await folder.scan();
  assert.deepEqual(await left(), ['a.eml']);
  await folder.scan();
  assert.deepEqual(await left(), []);
  assert.deepEqual((await events()).map(({ payload }) => String(payload.text).includes('more')).sort(), [false, true]);
});

test('dying between commit and delete brings the file again, and no second task', async () => {
  const first = await buildFolder();
  await first.drop('a.eml', mail('A'));
  // What a killed process leaves: the event is committed, the file is still there.
  const accepted = await intake.acceptMail(first.acme.id, Buffer.from(mail('A')), { channel: 'drop', submittedBy: 'connector:drop' });
  assert.equal(accepted.created, true);
  await first.folder.scan();
  assert.deepEqual(await first.left(), []);
  assert.deepEqual(
    (await first.events()).map(({ tasks }) => tasks),
    [1],
  );
});

test('two processes that watch the same folder make one task of each file', async (t) => {
  const { folder, at, drop, events, left, acme, other } = await buildFolder();
  const twin = createDropFolder({
    root: at(),
    intake,
    files: filesOver(intake),
    findTenant: async (name) => [acme, other].find((tenant) => tenant.name === name) ?? null,
    listTenants: async () => [acme, other],
    log: pino({ level: 'silent' }),
    settledMs: 40,
  });
  t.after(() => twin.stop());
  for (let number = 0; number < 20; number += 1) await drop(`${number}.eml`, mail(`Mail ${number}`));
  for (let number = 0; number < 5; number += 1) await drop(`bad ${number}.eml`, `nonsense ${number}`);
  await Promise.all([folder.scan(), twin.scan()]);
  assert.deepEqual(
    (await events()).map(({ tasks }) => tasks),
    Array.from({ length: 20 }, () => 1),
  );
  assert.deepEqual(await left(), ['refused']);
  assert.equal((await readdir(at('acme', 'refused'))).filter((name) => !name.endsWith('.why.txt')).length, 5);
});

test('an event as a file is one like over HTTP: checked, known again, in conflict', async () => {
  const { folder, drop, at, events, left } = await buildFolder();
  const event = {
    source: 'shop',
    kind: 'order.placed',
    externalId: 'A1',
    occurredAt: '2026-03-01T10:00:00Z',
    payload: { title: 'Order A1' },
  };
  await drop('a.json', JSON.stringify(event));
  await drop('b.JSON', JSON.stringify(event, null, 2));
  await folder.scan();
  assert.deepEqual(
    (await events()).map(({ title, externalId, tasks }) => [title, externalId, tasks]),
    [['Order A1', 'A1', 1]],
  );
  const bad = {
    'conflict.json': JSON.stringify({ ...event, payload: {} }),
    'broken.json': '{"source":',
    'binary.json': Uint8Array.of(0x22, 0xff, 0x22),
    'deep.json': `{"a":${'['.repeat(100_000)}`,
    'nul.json': JSON.stringify({ ...event, externalId: 'A2', payload: { a: '\0' } }),
    'surrogate.json': '{"source":"shop","kind":"x","externalId":"A3","payload":{"a":"\\ud800"}}',
    'date.json': JSON.stringify({ ...event, externalId: 'A4', occurredAt: '2026-02-30T10:00:00Z' }),
    'extra.json': JSON.stringify({ ...event, externalId: 'A5', integrity: 'trusted' }),
    'list.json': '[]',
    'large.json': JSON.stringify({ ...event, externalId: 'A6', payload: { a: 'x'.repeat(600_000) } }),
  };
  for (const [name, content] of Object.entries(bad)) await drop(name, content);
  await folder.scan();
  assert.deepEqual(await left(), ['refused']);
  const aside = await readdir(at('acme', 'refused'));
  for (const name of Object.keys(bad)) {
    assert.ok(aside.includes(name), name);
    assert.match(await readFile(at('acme', 'refused', `${name}.why.txt`), 'utf8'), /^.{10,}\n$/);
  }
  // The second payload of A1 is kept, without a task.
  assert.deepEqual((await events()).map(({ tasks }) => tasks).sort(), [0, 1]);
});

test('what cannot be taken in is put aside whole, under a name of its own, with the reason', async () => {
  const { folder, drop, at, left, logged } = await buildFolder();
  const long = `${'字'.repeat(80)}.eml`;
  for (const [name, content] of [
    ['a.eml', 'first'],
    [long, 'long'],
    ['empty.eml', ''],
  ] as const)
    await drop(name, content);
  await folder.scan();
  await drop('a.eml', 'second');
  await drop('a.eml.why.eml', 'third');
  await folder.scan();
  assert.deepEqual(await left(), ['refused']);
  const contents = Object.fromEntries(
    await Promise.all(
      (await readdir(at('acme', 'refused'))).map(async (name) => [name, await readFile(at('acme', 'refused', name), 'utf8')] as const),
    ),
  );
  assert.equal(contents['a.eml'], 'first');
  assert.equal(contents['2 a.eml'], 'second');
  assert.ok(Object.entries(contents).some(([name, text]) => name.endsWith('字.eml') && text === 'long'));
  assert.match(contents['a.eml.why.txt'] ?? '', /none of the headers of a mail/);
  assert.equal(Object.values(contents).filter((text) => text === 'third').length, 1);
  assert.equal(logged().includes('a.eml'), false, "names are the tenant's");
  await folder.scan();
  assert.equal((await readdir(at('acme', 'refused'))).length, Object.keys(contents).length, 'and stays there');
});

test("hidden and unfinished files, links, pipes, folders and files beside the tenants' folders are left alone", async () => {
  const { folder, at, drop, left, titles, acme, other } = await buildFolder();
  const outside = at('..', 'outside.eml');
  await writeFile(outside, mail('Outside'));
  const unfinished = ['.hidden.eml', 'a.eml.part', 'b.crdownload', 'c.tmp', '~d.eml', 'e.eml~'];
  for (const name of unfinished) await writeFile(at('acme', name), mail(name));
  await symlink(outside, at('acme', 'link.eml'));
  await symlink(at('..'), at('acme', 'link'));
  await mkdir(at('acme', 'folder'));
  await writeFile(at('acme', 'folder', 'deep.eml'), mail('Deep'));
  await writeFile(at('root.eml'), mail('Root'));
  await mkdir(at('nobody'));
  await writeFile(at('nobody', 'a.eml'), mail('Nobody'));
  for (const name of ['ACME', acme.id]) {
    await mkdir(at(name));
    await writeFile(at(name, 'a.eml'), mail(`For ${name}`));
  }
  await folder.start();
  await drop('real.eml', mail('Real'));
  await drop('theirs.eml', mail('Theirs'), 'refused');
  await folder.scan();
  assert.deepEqual(await titles(), ['Real']);
  assert.deepEqual(await titles(other.id), ['Theirs']);
  assert.deepEqual(await left(), [...unfinished, 'folder', 'link', 'link.eml'].sort());
  assert.equal(await readFile(outside, 'utf8'), mail('Outside'));
});

test("a tenant's folder or refused folder that is a link leads nowhere", async () => {
  const { folder, at, drop, events } = await buildFolder();
  const elsewhere = at('..', 'elsewhere');
  await mkdir(elsewhere);
  await symlink(elsewhere, at('acme', 'refused'));
  await drop('bad.eml', 'nonsense');
  await folder.scan();
  assert.deepEqual(await readdir(elsewhere), []);
  assert.equal((await lstat(at('acme', 'bad.eml'))).isFile(), true);
  await rm(at('acme'), { recursive: true });
  await writeFile(join(elsewhere, 'a.eml'), mail('Elsewhere'));
  await symlink(elsewhere, at('acme'));
  await folder.scan();
  assert.deepEqual(await events(), []);
  assert.deepEqual(await readdir(elsewhere), ['a.eml']);
});

test('what fails for a while stays, is said once, and is taken in when it passes, without anybody touching it', async () => {
  let failures = 0;
  const down = new FactotumError('database.unavailable', 'The database does not answer.');
  const failing: Intake = {
    ...intake,
    acceptMail: (...args) =>
      failures++ < 4
        ? Promise.reject(failures % 2 === 0 ? down : Object.assign(new Error('secret.eml'), { code: 'EIO' }))
        : intake.acceptMail(...args),
  };
  const { folder, drop, gone, titles, logged } = await buildFolder({ over: failing, rescanMs: 60 });
  await folder.start();
  await drop('a.eml', mail('Later'));
  await gone('a.eml');
  assert.deepEqual(await titles(), ['Later']);
  assert.equal(failures, 5);
  assert.equal(logged().includes('secret'), false);
});

test('quota and suspension are no fault of the file: it waits', async () => {
  for (const code of ['quota.exceeded', 'tenant.suspended', 'tenant.not_found', 'seal.broken', 'key.unavailable'] as const) {
    const { folder, drop, left, logged } = await buildFolder({
      over: { ...intake, acceptMail: () => Promise.reject(new FactotumError(code, 'No.')) },
    });
    await drop('a.eml', mail('A'));
    for (let time = 0; time < 3; time += 1) await folder.scan();
    assert.deepEqual(await left(), ['a.eml'], code);
    assert.equal(logged().split(code).length - 1, 1, 'said once');
  }
});

test('a file whose event is committed and that cannot be deleted is not sent in again and again', {
  skip: process.getuid?.() === 0 && 'root deletes everything',
}, async () => {
  let sent = 0;
  const counting: Intake = { ...intake, acceptMail: (...args) => intake.acceptMail(...args).finally(() => (sent += 1)) };
  const { folder, at, drop, left, titles } = await buildFolder({ over: counting });
  await drop('a.eml', mail('Stuck'));
  await chmod(at('acme'), 0o500);
  for (let time = 0; time < 3; time += 1) await folder.scan();
  assert.deepEqual(await left(), ['a.eml']);
  await chmod(at('acme'), 0o700);
  await folder.scan();
  assert.deepEqual(await left(), []);
  assert.deepEqual([sent, await titles()], [1, ['Stuck']]);
});

test('an unreadable file waits until it can be read', { skip: process.getuid?.() === 0 && 'root reads everything' }, async () => {
  const { folder, at, drop, left, titles } = await buildFolder();
  await drop('a.eml', mail('Locked'));
  await chmod(at('acme', 'a.eml'), 0);
  await folder.scan();
  assert.deepEqual(await left(), ['a.eml']);
  await chmod(at('acme', 'a.eml'), 0o600);
  await folder.scan();
  assert.deepEqual(await titles(), ['Locked']);
});

test('a folder that is deleted while the server runs is made again and watched on', async () => {
  const { folder, at, drop, gone, titles } = await buildFolder({ rescanMs: 60 });
  await folder.start();
  await rm(at('acme'), { recursive: true });
  await eventually(async () => ((await lstat(at('acme')).catch(() => null)) === null ? undefined : true));
  await drop('a.eml', mail('Back'));
  await gone('a.eml');
  assert.deepEqual(await titles(), ['Back']);
});

test('a list of tenants that cannot be had stops nothing for good', async () => {
  let asked = 0;
  const list: { id: Id<'tenant'>; name: string }[] = [];
  const { folder, drop, gone, acme } = await buildFolder({
    rescanMs: 60,
    listTenants: async () => {
      asked += 1;
      if (asked > 1 && asked < 4) throw new FactotumError('database.unavailable', 'Not now.');
      return list;
    },
  });
  list.push(acme);
  await drop('a.eml', mail('A'));
  await folder.start();
  await gone('a.eml');
  assert.ok(asked >= 4);
});

test('two hundred files at once, more than are read at a time, and none is left', async () => {
  const { folder, drop, left, titles } = await buildFolder();
  await Promise.all(Array.from({ length: 200 }, (_, number) => drop(`${number}.eml`, mail(`Mail ${number}`))));
  await folder.scan();
  assert.deepEqual(await left(), []);
  assert.equal(new Set(await titles()).size, 200);
});
