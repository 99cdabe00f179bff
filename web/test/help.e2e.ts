import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { axeFaults, openPage, settled, signIn, startBrowser } from './browser.ts';
import { checkEverywhere, checkPage } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

test('a page says what it is for, beside its heading, and leads to what is written about it', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await signIn(page, server.origin);
  for (const [path, words, title] of [
    ['/', 'what only you can decide', 'Approvals among people'],
    ['/playbooks', 'A playbook says once', 'Playbooks'],
    [`/tasks/${idOf('tsk', 3)}`, 'One piece of work', 'Checking the audit log'],
    [`/approvals/${idOf('apr', 1)}`, 'waits for a decision', 'Approvals among people'],
    ['/vault/note?path=Contacts.md', 'One note as it is now', 'The vault'],
    ['/playbooks/edit?path=Playbooks%2FBroken.md', 'For which events', 'Playbooks'],
    ['/send', 'Hand over', 'Files and documents'],
    ['/account', 'What belongs to you', 'People: how one signs in'],
    ['/settings/policies', 'Policies decide what runs alone', 'Policies, standing permissions and changes'],
  ] as const) {
    await page.goto(server.origin + path);
    await settled(page);
    const button = page.getByRole('button', { name: 'What is this page for?' });
    await button.click();
    const about = page.getByRole('dialog', { name: 'What is this page for?' });
    await about.getByText(words).waitFor();
    await checkPage(page, `${path} with its help`, complaints);
    await page.keyboard.press('Escape');
    await about.waitFor({ state: 'hidden' });
    await button.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await about.getByRole('link', { name: 'Read more' }).click();
    await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  }
});

test('the documentation has no fault of accessibility in light and dark, fits a phone, and its links lead on', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await signIn(page, server.origin);
  await checkEverywhere(page, server.origin, ['/help', '/help/connectors', '/help/nothing'], complaints);
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.goto(`${server.origin}/help/connectors`);
  await page.getByRole('main').locator('a[href="/help/mail"]').first().click();
  await page.getByRole('heading', { level: 1, name: 'A mail account', exact: true }).waitFor();
  await page.getByRole('button', { name: /^Account: / }).click();
  await page.getByRole('menuitem', { name: 'Help', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Help', exact: true }).waitFor();
});

test('the type of a problem leads to what its code means, signed in or not', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  const { page, context } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await page.goto(`${server.origin}/docs/errors#auth.forbidden`);
  await page.getByRole('heading', { level: 1, name: 'Errors', exact: true }).waitFor();
  await page.locator('tr[data-here]').getByText('You may not do this').waitFor();
  await page.waitForFunction(() => {
    const { top = -1, bottom = 0 } = document.querySelector('tr[data-here]')?.getBoundingClientRect() ?? {};
    return top >= 0 && bottom <= window.innerHeight;
  });
  assert.deepEqual(await axeFaults(page), []);
});
