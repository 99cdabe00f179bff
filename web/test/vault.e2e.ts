import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, said, settled, signIn, startBrowser } from './browser.ts';
import { checkEverywhere } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';
import { startFixtureServer } from './fixture-server.ts';

eachTestHasAPage('demo');

const handbook = idOf('not', 1);
const prices = idOf('not', 2);
const hostile = idOf('not', 66);

test('notes are found by words that were sent off, with where they stand, and opened by keyboard', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault');
  await page.getByRole('link', { name: 'Search' }).click();
  const field = page.getByLabel('Words to look for');
  await field.waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('input'));
  assert.ok(await field.evaluate((element) => element === document.activeElement));
  await field.fill('EUR');
  assert.equal(new URL(page.url()).searchParams.get('q'), null);
  await field.press('Enter');
  const result = page.getByRole('listitem').filter({ hasText: 'Company_Handbook.md' });
  await result.waitFor();
  assert.deepEqual(await result.locator('mark').allTextContents(), ['EUR']);
  await page.getByText('3 notes').or(page.getByText('The best 3 notes')).waitFor();

  await field.fill('no such words');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByText('No note has this').waitFor();
  await page.goBack();
  await result.waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('input')].some(({ value }) => value === 'EUR'));
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/vault\/note\?path=/);
  await page.getByRole('heading', { level: 1 }).waitFor();
});

test('a search that fails says so and can be tried again', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault');
  server.failNext('/vault/search', 500, 'server.failed');
  await page.goto(`${server.origin}/vault/search?q=G2`);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('12 grippers').waitFor();
});

test('a note shows what it was, what each version changed, and becomes an older one again', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault/note?path=Company_Handbook.md');
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByRole('heading', { name: 'History of Company_Handbook' }).waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Version 4' }).getByText('As it is now').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Version 3' }).getByText('Text from outside').waitFor();

  await page.getByRole('link', { name: /^Version 3/ }).click();
  await page.getByText('From version 2 to this one').waitFor();
  await page.getByText('3 lines added, 1 line removed').waitFor();
  const lines = page.getByRole('group', { name: 'Differences, line by line' }).getByRole('listitem');
  // Exactly one: of two it would not be clear which is meant.
  await lines.filter({ hasText: 'Removed:' }).waitFor();
  await page.getByRole('link', { name: 'Against now' }).click();
  await page.getByText('2 lines removed').waitFor();
  await page.getByRole('link', { name: 'Whole text' }).click();
  await page.getByText('Lunch is at noon.').waitFor();

  await page.getByRole('button', { name: 'Restore' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('By restoring it you vouch for it.').waitFor();
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await said(page, 'The note is restored');
  await page.getByRole('link', { name: /^Version 5/ }).waitFor();
  assert.deepEqual(server.world.history.get(handbook)?.map(({ change }) => change)[0], 'restored');
});

test('a refused restore stays in its dialog with the reason', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/vault/version?id=${handbook}&version=1`);
  server.failNext(`/vault/history/${handbook}/versions/1/restore`, 409, 'vault.exists');
  await page.getByRole('button', { name: 'Restore' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await dialog.getByRole('alert').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(server.world.history.get(handbook)?.length, 4);
});

test('a deleted note is listed with where it stood, and comes back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault');
  await page.getByRole('link', { name: 'Deleted' }).click();
  await page.getByRole('button', { name: 'Restore Sales/Prices 2026.md' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
  await said(page, 'The note is restored');
  await page.getByRole('link', { name: /^Version 5/ }).waitFor();
  assert.equal(server.world.history.get(prices)?.[0]?.version, 5);
});

test('a person who may only read finds and compares, and restores nothing', async () => {
  const { page } = opened;
  server.world.me.permissions = ['vault:read'];
  await signIn(page, server.origin, `/vault/version?id=${handbook}&version=1`);
  await page.getByText('The first version that is kept').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Restore' }).count(), 0);
  await page.goto(`${server.origin}/vault/deleted`);
  await page.getByText('Sales/Prices 2026.md').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^Restore/ }).count(), 0);
});

test('searching and history have no fault of accessibility in light, dark and on phones, empty, full and hostile', async (t) => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/vault');
  const full = [
    '/vault/search?q=EUR',
    '/vault/history?path=Company_Handbook.md',
    '/vault/history?path=Dashboard.md',
    `/vault/version?id=${handbook}&version=3`,
    `/vault/version?id=${prices}&version=2&show=now`,
    '/vault/deleted',
  ];
  await checkEverywhere(page, server.origin, full, complaints);
  const browser = await startBrowser();
  t.after(() => browser.close());
  for (const [scenario, paths] of [
    ['hostile', ['/vault/search?q=secret', `/vault/history?id=${hostile}`, `/vault/version?id=${hostile}&version=2`]],
    ['empty', ['/vault/deleted', '/vault/search?q=any']],
  ] as const) {
    const other = await startFixtureServer(scenario);
    t.after(() => other.close());
    const theirs = await openPage(browser, other.origin);
    t.after(() => theirs.context.close());
    await signIn(theirs.page, other.origin, '/vault');
    await settled(theirs.page);
    await checkEverywhere(theirs.page, other.origin, paths, theirs.complaints);
  }
});
