import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { axeFaults, said, settled, signIn } from './browser.ts';
import { idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('busy');

const hold = idOf('apr', 21);
const row = (page: Page, words: string) => page.locator('[data-row]').filter({ hasText: words });

test('what is opened by a key and cannot be fetched leaves the page as it is, and says what to do', async () => {
  const { page, context } = opened;
  await signIn(page, server.origin);
  for (const key of ['?', 'Control+k']) {
    await context.setOffline(true);
    await page.keyboard.press(key);
    await said(page, 'This part of the page could not be loaded. Reload the page');
    await row(page, 'Site visit 1').waitFor();
    await context.setOffline(false);
    await page.reload();
    await settled(page);
    await page.keyboard.press(key);
    await page.getByRole('dialog').waitFor();
    await page.reload();
    await settled(page);
  }
});

test('a page that cannot be fetched says so inside the frame of all pages, and the way to the others is open', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.route(/\/assets\/status-page/, (route) => route.fulfill({ status: 404 }));
  await page.goto(`${server.origin}/status`);
  await page.getByRole('main').getByRole('alert').getByText('This did not work').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('navigation').getByRole('link', { name: 'Inbox' }).first().click();
  await row(page, 'Site visit 1').waitFor();
});

test('an action is changed from its row, with one key', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await row(page, 'Site visit 1').getByRole('link').focus();
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Edit and approve' });
  await dialog.waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(server.world.approvals.get(hold)?.state, 'waiting');
});

test('where a long list is gone back to or loaded again, its place is found', async () => {
  const { page } = opened;
  const like = server.world.approvals.get(hold);
  assert.ok(like);
  for (let n = 0; n < 40; n += 1)
    server.world.approvals.set(idOf('apr', 500 + n), { ...like, id: idOf('apr', 500 + n), headline: `Row ${n}` });
  await signIn(page, server.origin);
  const last = row(page, 'Row 20');
  const isInView = () =>
    page.waitForFunction(() => {
      const found = [...document.querySelectorAll('[data-row]')].find(({ textContent }) => textContent?.includes('Row 20'));
      const { top = -1, bottom = -1 } = found?.getBoundingClientRect() ?? {};
      return top >= 0 && bottom <= window.innerHeight;
    });
  await last.scrollIntoViewIfNeeded();
  await isInView();
  // With the next frame the page has heard that it was moved, and keeps its place from then on.
  assert.ok((await page.evaluate(() => new Promise<number>((seen) => requestAnimationFrame(() => seen(window.scrollY))))) > 300);
  await page.reload();
  await settled(page);
  await isInView();
  await last.getByRole('link').click();
  await page.waitForURL('**/approvals/**');
  await page.reload();
  await settled(page);
  await page.goBack();
  await isInView();
  // The same by way of another view of it, whose list is short.
  await page.getByRole('link', { name: 'Snoozed' }).evaluate((link: HTMLElement) => link.click());
  await page.getByText('Nothing is snoozed').waitFor();
  await page.goBack();
  await last.waitFor();
  await isInView();
});

test('a yes after the session has ended says so in plain words, and after signing in the same page is there', async () => {
  const { page, context } = opened;
  await signIn(page, server.origin, '/?view=all');
  await row(page, 'Site visit 1').getByRole('link').focus();
  await context.clearCookies();
  await page.keyboard.press('a');
  await said(page, 'You are signed out. Sign in and try again.');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(new URL(page.url()).search, '?view=all');
});

test('at twice the size every place can be reached, and nothing of a row lies under its buttons', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  for (const width of [640, 720, 800]) {
    await page.setViewportSize({ width, height: 430 });
    for (const place of [page.locator('nav a[href="/settings"]'), page.getByRole('button', { name: /^Account/ })]) {
      const shown = place.filter({ visible: true });
      await shown.scrollIntoViewIfNeeded();
      const box = await shown.boundingBox();
      assert.ok(box && box.y >= 0 && box.y + box.height <= 430, `${width}: ${JSON.stringify(box)}`);
    }
    const covered = await page.locator('[data-row]').evaluateAll((rows) =>
      rows.flatMap((row) => {
        const answers = [...row.querySelectorAll('[aria-keyshortcuts=a], [aria-keyshortcuts=r]')].map((one) => one.getBoundingClientRect());
        const words = [...row.querySelectorAll('a, p > *')].filter((one) => {
          const range = document.createRange();
          range.selectNodeContents(one);
          const { left, right, top, bottom } = range.getBoundingClientRect();
          return answers.some((at) => left < at.right && right > at.left && top < at.bottom && bottom > at.top);
        });
        return words.map(({ textContent }) => textContent);
      }),
    );
    assert.deepEqual(covered, [], String(width));
  }
});
