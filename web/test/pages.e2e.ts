import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { axeFaults, openPage, settled, sidewaysPx, signIn, startBrowser, type View } from './browser.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

const task = (n: number) => `/tasks/${idOf('tsk', n)}`;
const approval = (n: number) => `/approvals/${idOf('apr', n)}`;

/** Every page in every state that has a face of its own. */
const pages: Record<'empty' | 'demo' | 'busy' | 'hostile', string[]> = {
  empty: ['/', '/tasks', '/audit', '/vault', task(99), approval(99), '/nowhere'],
  demo: [
    '/',
    approval(1),
    approval(2),
    task(3),
    task(5),
    '/tasks?state=done',
    '/tasks?state=failed',
    '/audit?entry=9',
    '/vault',
    '/vault/note?path=Accounting/Purchases/PO-2041.md',
  ],
  busy: ['/', '/tasks', task(30), task(31), task(32)],
  hostile: ['/', approval(66), task(66), '/tasks', '/audit', '/vault', '/vault/note?path=Mail/hostile.md'],
};

const views: Record<string, View> = {
  'in light': {},
  'in dark': { theme: 'dark' },
  'at 390 px': { width: 390, height: 844 },
  'at 320 px': { width: 320, height: 640 },
};

describe('every page', () => {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  for (const [scenario, paths] of Object.entries(pages)) {
    for (const [name, view] of Object.entries(views)) {
      test(`of a tenant that is ${scenario}, ${name}: no fault of accessibility, nothing sideways, the policy holds`, async (t) => {
        const server = await startFixtureServer(scenario as keyof typeof pages); // The keys of the table above.
        t.after(() => server.close());
        const { page, context, complaints } = await openPage(browser, server.origin, view);
        t.after(() => context.close());
        await signIn(page, server.origin);
        for (const path of paths) {
          await page.goto(server.origin + path);
          await settled(page);
          assert.deepEqual(complaints, [], path);
          assert.ok((await sidewaysPx(page)) <= 0, `${path} can be moved sideways by ${await sidewaysPx(page)} px`);
          assert.equal(await page.evaluate(() => 'pwned' in window), false, path);
          assert.equal(await page.locator('h1').count(), 1, `${path} has one h1`);
          assert.deepEqual(await axeFaults(page), [], path);
        }
      });
    }
  }

  test('without a session says how to get one, in both themes and on a phone', async (t) => {
    const server = await startFixtureServer('demo');
    t.after(() => server.close());
    for (const view of Object.values(views)) {
      const { page, context, complaints } = await openPage(browser, server.origin, view);
      await page.goto(`${server.origin}/tasks`);
      await page.getByText('npm run -s factotum -- session link').waitFor();
      assert.deepEqual(await axeFaults(page), []);
      assert.deepEqual(complaints, []);
      await context.close();
    }
  });
});
