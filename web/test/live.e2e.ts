import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, signIn } from './browser.ts';
import { buildTask, idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('busy');

/** A task that has just been finished, announced to everybody. */
function arrive(n: number): void {
  const task = buildTask({ n, title: `New mail ${n}`, minutes: 0, outcome: 'completed', text: '', steps: [] });
  server.world.tasks.set(task.id, task);
  server.world.record({
    kind: 'task.finished',
    actor: 'system:engine',
    objectId: task.id,
    taskId: task.id,
    state: 'done',
    text: 'Task finished',
  });
}

test('new rows show at once, but under a pointer a pill waits instead and no row moves', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks');
  await page.getByRole('banner').getByText('Live').waitFor();
  arrive(500);
  await page.getByRole('link', { name: 'New mail 500' }).waitFor();
  const first = page.locator('[data-row]').first();
  await first.hover();
  arrive(501);
  arrive(502);
  const pill = page.getByRole('button', { name: 'Show 2 new items' });
  await pill.waitFor();
  assert.match((await first.textContent()) ?? '', /New mail 500/);
  assert.deepEqual(await axeFaults(page), []);
  await pill.click();
  await page.getByRole('link', { name: 'New mail 502' }).waitFor();
  await pill.waitFor({ state: 'hidden' });
});

test('a row changes in its place', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks');
  await page.getByRole('banner').getByText('Live').waitFor();
  const row = page.locator('[data-row]').filter({ hasText: 'Weekly report' });
  const task = server.world.tasks.get(idOf('tsk', 33));
  assert.ok(task);
  await row.getByText('Running').waitFor();
  server.world.touch(task, { state: 'done', outcome: 'completed', note: 'Report written' });
  server.world.record({ kind: 'task.finished', actor: 'system:engine', objectId: task.id, taskId: task.id, state: 'done', text: 'Done' });
  await row.getByText('Report written').waitFor();
});

test('a lost connection is said, the page stays, and what was missed is there afterwards', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks');
  await page.getByRole('banner').getByText('Live').waitFor();
  server.setLive(false);
  await page.getByText('The connection is lost').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  arrive(503);
  server.setLive(true);
  await page.getByText('The connection is lost').waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: 'New mail 503' }).waitFor();
});

test('a failed page says the code, and trying again brings it', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault');
  server.failNext('/audit/entries', 500, 'server.fault');
  await page.goto(`${server.origin}/audit`);
  await page.getByText('server.fault').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('[data-row]').first().waitFor();
});

test('the command menu finds a task, the help lists the keys, g and a letter go places', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('contract');
  await page.getByRole('option', { name: /contract draft/ }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Fwd: contract draft' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  for (const [letter, title] of [
    ['a', 'Audit'],
    ['v', 'Vault'],
    ['t', 'Tasks'],
    ['i', 'Inbox'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  }
});

test('a question is answered and an unknown outcome settled where they stand', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/tasks/${idOf('tsk', 30)}`);
  await page.getByLabel('Your answer').fill('File it under Legal');
  const sent = page.waitForRequest((request) => request.url().endsWith('/resume'));
  await page.getByRole('button', { name: 'Answer and go on' }).click();
  assert.deepEqual((await sent).postDataJSON(), { comment: 'File it under Legal' });
  await page.goto(`${server.origin}/tasks/${idOf('tsk', 31)}`);
  const settledBody = page.waitForRequest((request) => request.url().endsWith('/resume'));
  await page.getByRole('button', { name: 'It happened' }).click();
  assert.deepEqual((await settledBody).postDataJSON(), { settle: { pay: 'done' } });
});

test('the theme is chosen, kept, and there before the first paint', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await page.waitForFunction(() => document.documentElement.classList.contains('dark'));
  assert.deepEqual(await axeFaults(page), []);
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.reload();
  assert.ok(await page.evaluate(() => document.documentElement.classList.contains('dark')));
});
