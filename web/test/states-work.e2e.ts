import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page, Route } from 'playwright-core';
import { openPage, putInto, settled, signIn, startBrowser } from './browser.ts';
import { checkPage } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

interface WorkPage {
  path: string;
  /** What the page asks for first, below /api/v1: the beginning of the path, with all that stands before a `?`. */
  asks: string;
  /** Only seen when that has come. */
  shows: string;
  /** What a tenant sees in which nothing has happened yet. */
  whenEmpty?: string;
  /** The same page about what is not there. */
  ofNothing?: string;
}

const task = (n: number) => `/tasks/${idOf('tsk', n)}`;
const approval = (n: number) => `/approvals/${idOf('apr', n)}`;
const noteAt = (page: string, path: string) => `${page}?path=${encodeURIComponent(path)}`;
const order = 'Accounting/Purchases/PO-2041.md';
const playbook = 'Playbooks/Pay supplier invoices.md';
const inside = (path: string) => `/vault/notes/${path.split('/').map(encodeURIComponent).join('/')}`;

/** The pages of everyday's work, each with what its states look like. */
const pages: Record<string, WorkPage> = {
  inbox: { path: '/', asks: '/approvals', shows: 'Pay 1,240.00 EUR to Northwind', whenEmpty: 'Waiting for the first mail' },
  'inbox: delegated': { path: '/?view=delegated', asks: '/approvals', shows: 'Nothing is delegated' },
  'inbox: snoozed': { path: '/?view=snoozed', asks: '/approvals', shows: 'Nothing is snoozed' },
  'inbox: decided': { path: '/?view=decided', asks: '/approvals', shows: 'Nothing was decided' },
  'inbox: all': { path: '/?view=all', asks: '/approvals', shows: 'Pay 1,240.00 EUR to Northwind', whenEmpty: 'Nothing was asked' },
  approval: { path: approval(1), asks: approval(1), shows: 'DE89 3704 0044 0532 0130 00', ofNothing: approval(99) },
  tasks: { path: '/tasks', asks: '/tasks', shows: 'Invoice INV-7731', whenEmpty: 'No tasks yet' },
  task: { path: task(3), asks: task(3), shows: 'Match the purchase PO-2041', ofNothing: task(99) },
  agenda: { path: '/agenda', asks: '/agenda', shows: 'Planning of the week', whenEmpty: 'No calendar is connected' },
  money: { path: '/money', asks: '/ledger/transactions', shows: 'Blue Bean', whenEmpty: 'No transactions' },
  'money: accounts': { path: '/money', asks: '/ledger/accounts', shows: 'Business account', whenEmpty: 'No bank accounts yet' },
  'money: invoices': { path: '/money?view=invoices', asks: '/ledger/invoices', shows: 'INV-2026-0042', whenEmpty: 'No invoices' },
  'money: hints': { path: '/money?view=hints', asks: '/ledger/hints', shows: 'Blue Bean costs more', whenEmpty: 'Nothing stands out' },
  'money: rules': { path: '/money?view=rules', asks: '/ledger/rules', shows: 'Food', whenEmpty: 'No rules' },
  vault: { path: '/vault', asks: '/vault/notes', shows: 'Company_Handbook', whenEmpty: 'The vault is empty' },
  note: { path: noteAt('/vault/note', order), asks: inside(order), shows: '12 grippers', ofNothing: noteAt('/vault/note', 'Nothing.md') },
  'note: edit': {
    path: noteAt('/vault/edit', order),
    asks: inside(order),
    shows: '12 grippers',
    ofNothing: noteAt('/vault/edit', 'Nothing.md'),
  },
  'note: history': { path: noteAt('/vault/history', 'Company_Handbook.md'), asks: '/vault/history', shows: 'As it is now' },
  'vault: search': { path: '/vault/search?q=northwind', asks: '/vault/search', shows: 'Contacts.md', whenEmpty: 'No note has this' },
  'vault: deleted': { path: '/vault/deleted', asks: '/vault/deleted', shows: 'Sales/Prices 2026.md', whenEmpty: 'Nothing is deleted' },
  'vault: files': { path: '/vault/files', asks: '/vault/files', shows: 'photo.jpg', whenEmpty: 'No files' },
  playbooks: { path: '/playbooks', asks: '/playbooks', shows: 'Pay supplier invoices', whenEmpty: 'No playbook yet' },
  playbook: {
    path: noteAt('/playbooks/edit', playbook),
    asks: inside(playbook),
    shows: 'Which events it is for',
    ofNothing: noteAt('/playbooks/edit', 'Playbooks/Nothing.md'),
  },
  analytics: { path: '/analytics', asks: '/analytics', shows: 'Completion rate', whenEmpty: 'Nothing to count yet' },
  notices: { path: '/notices', asks: '/me/notices', shows: 'Fwd: contract draft', whenEmpty: 'Nothing yet' },
  audit: { path: '/audit', asks: '/audit/entries', shows: 'Mail received: Meeting next week?', whenEmpty: 'No entries' },
  status: { path: '/status', asks: '/status', shows: 'Waiting for a worker', whenEmpty: 'All is well' },
};

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

/** Moves of the page that nobody has caused: below this they are not seen (web.dev/articles/cls). */
const shiftMax = 0.1;

/** Adds up by how much what was on the screen has moved by itself. */
const watchShifts = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const watched = Object.assign(window, { shifted: 0 });
    new PerformanceObserver((list) => {
      // Entries of this type have these members, which the types of the browser do not know.
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
        if (!entry.hadRecentInput) watched.shifted += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });

const problem = (status: number, code: string) => (route: Route) =>
  route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ status, code, title: 'Made by the test' }) });

/** In the light on a wide screen, then in the dark on a phone. */
async function checkBoth(page: Page, name: string, complaints: readonly string[]): Promise<void> {
  await checkPage(page, name, complaints);
  await putInto(page, 'dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkPage(page, `${name}, in the dark at 390 px`, complaints);
  await putInto(page, 'light');
  await page.setViewportSize({ width: 1280, height: 860 });
}

for (const [name, { path, asks, shows, ofNothing }] of Object.entries(pages))
  test(`${name}: slow, refused, failed, out of reach, and back again`, async (t) => {
    const server = await startFixtureServer('demo');
    t.after(() => server.close());
    const { page, context, complaints } = await openPage(browser, server.origin);
    t.after(() => context.close());
    await watchShifts(page);
    await signIn(page, server.origin, '/send');
    const content = page.getByRole('main').getByText(shows).first();
    const isAsked = (url: URL) => decodeURI(url.pathname) === decodeURI(`/api/v1${asks}`);

    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    await page.route(isAsked, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(server.origin + path);
    await page.getByRole('status', { name: 'Loading' }).first().waitFor();
    await checkPage(page, `${name} while it loads`, complaints);
    release();
    await content.waitFor();
    await settled(page);
    const shifted = await page.evaluate(() => ('shifted' in window ? Number(window.shifted) : Number.NaN));
    assert.ok(shifted <= shiftMax, `${name} has moved by ${shifted} while it loaded`);
    await page.unroute(isAsked);

    // Without a network it stays, and with one it is asked for anew.
    await context.setOffline(true);
    await page.waitForFunction(() => !navigator.onLine);
    await content.waitFor();
    const renewed = page.waitForRequest((request) => isAsked(new URL(request.url())));
    await context.setOffline(false);
    await renewed;
    await content.waitFor();

    await page.route(isAsked, problem(403, 'auth.forbidden'));
    await page.goto(server.origin + path);
    await page.getByText('You are signed in, but not allowed to do this.').first().waitFor();
    await page.unroute(isAsked);
    await page.route(isAsked, problem(500, 'server.fault'));
    await page.goto(server.origin + path);
    await page.getByRole('alert').getByText('server.fault').first().waitFor();
    await checkBoth(page, `${name} that failed`, complaints);
    await page.unroute(isAsked);
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await content.waitFor();

    if (ofNothing === undefined) return;
    await page.goto(server.origin + ofNothing);
    await page.getByRole('alert').getByText('It may have been deleted').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
    await checkBoth(page, `${name} of nothing`, complaints);
  });

test('a tenant in which nothing has happened is told so on every page, in light, dark and on a phone', async (t) => {
  const server = await startFixtureServer('empty');
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await signIn(page, server.origin, '/send');
  for (const [name, { path, whenEmpty }] of Object.entries(pages)) {
    if (whenEmpty === undefined) continue;
    await page.goto(server.origin + path);
    await page.getByRole('main').getByText(whenEmpty).first().waitFor();
    await settled(page);
    await checkBoth(page, `${name} without anything`, complaints);
  }
});
