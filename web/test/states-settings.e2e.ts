import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page, Route } from 'playwright-core';
import { openPage, settled, signIn, startBrowser } from './browser.ts';
import { checkPage } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

/** A page, with the beginning of what it asks the server for: without an answer to that it has nothing to show. */
type StatePage = readonly [path: string, api: string];

const ofTenants: readonly StatePage[] = [
  ['/settings/general', '/settings'],
  ['/settings/policies', '/policy'],
  ['/settings/grants', '/grants'],
  ['/settings/changes', '/settings/history'],
  ['/settings/model', '/model'],
  ['/settings/connections', '/connections'],
  ['/settings/schedules', '/schedules'],
  ['/settings/webhooks', '/webhooks'],
  ['/settings/tools', '/tool-servers'],
  ['/settings/members', '/members'],
  ['/settings/roles', '/roles'],
  ['/settings/teams', '/teams'],
  ['/settings/keys', '/api-keys'],
  ['/settings/secrets', '/secrets'],
  ['/settings/sso', '/sso/providers'],
  ['/settings/provisioning', '/scim'],
  ['/settings/security', '/security'],
  ['/settings/encryption', '/encryption'],
  ['/settings/usage', '/usage'],
  ['/settings/closing', '/settings'],
  ['/account/notices', '/me/notice-rules'],
];
const ofOperators: readonly StatePage[] = [
  ['/operator', '/operator/tenants'],
  [`/operator/tenants/${idOf('ten', 1)}`, '/operator/tenants/'],
  ['/operator/registrations', '/operator/registrations'],
  ['/operator/jobs', '/operator/jobs'],
  ['/operator/backups', '/operator/backups'],
];

/** Each page in one of these: what differs between pages is their words, what differs between looks is the same component. */
const looks = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'light', width: 390 },
  { theme: 'dark', width: 390 },
] as const;

const fails = (status: 403 | 500) => (request: Route) =>
  request.fulfill({
    status,
    contentType: 'application/json',
    body: JSON.stringify({ code: status === 403 ? 'auth.forbidden' : 'internal', detail: 'Made by the test', status }),
  });

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

const failure = (page: Page) => page.getByRole('alert').first();

/** Presses every way to try again until nothing is said to be wrong any more. */
const untilMended = (page: Page) =>
  page.waitForFunction(
    () => {
      const alerts = [...document.querySelectorAll('[role=alert]')];
      for (const alert of alerts) alert.querySelector('button')?.click();
      return alerts.length === 0;
    },
    null,
    { polling: 100 },
  );

for (const [who, pages] of Object.entries({ 'of a tenant': ofTenants, 'of operators': ofOperators }))
  for (const [n, look] of looks.entries())
    test(`pages ${who} load, fail, are refused and come back without a fault, ${look.theme} at ${look.width} px`, async (t) => {
      const server = await startFixtureServer('demo');
      t.after(() => server.close());
      if (pages === ofOperators) server.world.operate();
      const { page, context, complaints } = await openPage(browser, server.origin, look);
      t.after(() => context.close());
      await signIn(page, server.origin, '/account');
      for (const [index, [path, api]] of pages.entries()) {
        if (index % looks.length !== n) continue;
        const route = (url: URL) => url.pathname.startsWith(`/api/v1${api}`);

        // Slow, with grey rows until the answer comes; and the answer is that it broke.
        const { promise, resolve: answer } = Promise.withResolvers<void>();
        await page.route(route, async (request) => {
          await promise;
          await fails(500)(request);
        });
        await page.goto(server.origin + path);
        await page.locator('[aria-label="Loading"]').first().waitFor();
        assert.equal(await page.locator('h1').count(), 1, `${path} has its title while it loads`);
        answer();
        await failure(page).waitFor();
        await checkPage(page, `${path} broken`, complaints);
        await page.unroute(route);

        // Every other page is refused, the others lose the connection: both are told by the same box.
        await page.route(route, Math.floor(index / looks.length) % 2 === 0 ? fails(403) : (request) => request.abort());
        await page.reload();
        await failure(page).waitFor();
        assert.equal(await page.locator('h1').count(), 1, `${path} has one h1`);
        await page.unroute(route);
        await untilMended(page);
        await settled(page);
      }
    });
