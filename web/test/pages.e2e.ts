import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openPage, putInto, settled, signIn, startBrowser } from './browser.ts';
import { checkPage, checkWidth } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

const task = (n: number) => `/tasks/${idOf('tsk', n)}`;
const approval = (n: number) => `/approvals/${idOf('apr', n)}`;
const note = (path: string) => `/vault/note?path=${path}`;

/** Every page in every state that has a face of its own. */
const pages = {
  empty: ['/', '/tasks', '/audit', '/vault', '/vault/files', task(99), approval(99), '/nowhere'],
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
    '/vault/files',
    '/send',
    note('Accounting/Purchases/PO-2041.md'),
  ],
  busy: ['/', '/tasks', task(30), task(31), task(32)],
  hostile: ['/', approval(66), task(66), '/tasks', '/audit', '/notices', '/vault', note('Mail/hostile.md')],
} as const;
const scenarios = ['empty', 'demo', 'busy', 'hostile'] as const;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

for (const scenario of scenarios) {
  test(`pages of a tenant that is ${scenario} have no fault of accessibility in light and dark, and keep the policy`, async (t) => {
    const server = await startFixtureServer(scenario);
    t.after(() => server.close());
    const { page, context, complaints } = await openPage(browser, server.origin);
    t.after(() => context.close());
    await signIn(page, server.origin);
    for (const path of pages[scenario]) {
      await page.goto(server.origin + path);
      await settled(page);
      await checkPage(page, path, complaints);
      await putInto(page, 'dark');
      await checkPage(page, `${path} in dark`, complaints);
      await putInto(page, 'light');
    }
  });

  test(`pages of a tenant that is ${scenario} fit a phone of 390 and of 320 px`, async (t) => {
    const server = await startFixtureServer(scenario);
    t.after(() => server.close());
    const { page, context, complaints } = await openPage(browser, server.origin, { width: 390, height: 844 });
    t.after(() => context.close());
    await signIn(page, server.origin);
    for (const path of pages[scenario]) {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(server.origin + path);
      await settled(page);
      await checkPage(page, `${path} at 390 px`, complaints);
      await page.setViewportSize({ width: 320, height: 640 });
      await checkWidth(page, `${path} at 320 px`);
    }
  });
}

test('without a session the page asks who it is and says how to get in without mail', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  for (const view of [{}, { theme: 'dark' as const }, { width: 390, height: 844 }]) {
    const { page, context, complaints } = await openPage(browser, server.origin, view);
    t.after(() => context.close());
    await page.goto(`${server.origin}/tasks`);
    await page.getByLabel('Your e-mail address').waitFor();
    await page.getByText('No password, no mail?').click();
    await page.getByText('npm run -s factotum -- session link').waitFor();
    await checkPage(page, '/tasks', complaints);
  }
});
