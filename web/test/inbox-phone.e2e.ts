import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, openPage, said, signIn, startBrowser, until } from './browser.ts';
import { checkPage } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

test('on a phone an approval takes one press, and the rest is a sheet under the thumb', async (t) => {
  const browser = await startBrowser();
  t.after(() => browser.close());
  const server = await startFixtureServer('busy');
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.origin, { width: 390, height: 844 });
  t.after(() => context.close());
  await signIn(page, server.origin);
  const row = page.locator('[data-row]').filter({ hasText: 'Site visit 1' });
  await row.getByRole('button', { name: /^More about/ }).tap();
  await page.getByRole('dialog', { name: 'What else?' }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Delegate' }).tap();
  await page.getByRole('radio', { name: /Finance/ }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });

  await page.getByRole('button', { name: 'Select several' }).tap();
  await page.getByLabel(/^Select Hold 26/).check();
  await page.getByRole('button', { name: 'Approve 1' }).waitFor();
  await checkPage(page, 'the inbox with something selected', complaints);
  await page.getByRole('button', { name: 'Clear selection' }).tap();

  await row.getByRole('button', { name: /^Approve/ }).tap();
  await row.getByText('Approved').waitFor();
  await until(() => server.world.approvals.get(idOf('apr', 21))?.state === 'approved');
  await page.getByRole('button', { name: 'Undo' }).tap();
  await said(page, 'Taken back');
  await row.getByRole('button', { name: /^Approve/ }).waitFor();
  assert.equal(server.world.approvals.get(idOf('apr', 21))?.state, 'superseded');
});
