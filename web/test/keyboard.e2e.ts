import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openPage, settled, signIn, startBrowser } from './browser.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

const settings = [
  ...['general', 'policies', 'grants', 'changes', 'model', 'connections', 'schedules', 'webhooks', 'tools', 'members', 'roles', 'teams'],
  ...['keys', 'secrets', 'sso', 'provisioning', 'security', 'encryption', 'usage', 'closing'],
].map((topic) => `/settings/${topic}`);
const ofTenants = [
  ...['/', '/tasks', '/send', '/audit', '/vault', '/vault/files', '/playbooks', '/money', '/agenda', '/analytics', '/status', '/notices'],
  ...['/account', '/account/notices', '/setup', '/help', '/settings', ...settings],
  ...[`/tasks/${idOf('tsk', 3)}`, `/approvals/${idOf('apr', 1)}`],
];
const ofOperators = [
  ...['/operator', '/operator/system', '/operator/registrations', '/operator/volume', '/operator/jobs', '/operator/backups'],
  ...[`/operator/tenants/${idOf('ten', 1)}`, '/account'],
];

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

/** What is wrong with the outline of a page, one line each. */
const outlineFaults = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const faults: string[] = [];
    const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(({ tagName }) => Number(tagName.slice(1)));
    if (levels.filter((level) => level === 1).length !== 1) faults.push(`headings of the first level: ${levels.join(' ')}`);
    if (levels.some((level, at) => at > 0 && level > (levels[at - 1] ?? 0) + 1)) faults.push(`a level is left out: ${levels.join(' ')}`);
    if (document.querySelectorAll('main').length !== 1) faults.push('not one main');
    if (document.querySelector('main h1') === null) faults.push('the h1 is outside of main');
    if (document.querySelector('nav[aria-label]') === null) faults.push('no named navigation');
    if (document.querySelector('[role=status], [aria-live]') === null) faults.push('no live region');
    if (!document.title.includes(' · ')) faults.push(`the title names no page: ${document.title}`);
    for (const one of document.querySelectorAll('[tabindex]'))
      if ((one as HTMLElement).tabIndex > 0) faults.push(`tabindex ${one.outerHTML}`);
    return faults;
  });

for (const [who, paths] of Object.entries({ 'of a tenant': ofTenants, 'of operators': ofOperators }))
  test(`every page ${who} has an outline, begins with a way past the navigation, and takes the focus when one goes there`, async (t) => {
    const server = await startFixtureServer('demo');
    t.after(() => server.close());
    if (paths === ofOperators) server.world.operate();
    const { page, context, complaints } = await openPage(browser, server.origin);
    t.after(() => context.close());
    await signIn(page, server.origin, paths[0]);
    const begun = paths[0];
    for (const path of paths) {
      await page.goto(server.origin + path);
      await settled(page);
      assert.deepEqual(await outlineFaults(page), [], path);
      // Set-up asks one question a screen, and its answer has the focus already.
      if (path === '/setup') continue;
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), '#content', `${path} begins with the way past`);
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.activeElement?.id === 'content');
    }
    assert.deepEqual(complaints, []);
    // Going somewhere by a link of the navigation: the keyboard goes on in the page, not in the navigation.
    const link = page.locator(`nav a[href="${begun}"]`).first();
    await link.focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('content')?.contains(document.activeElement) === true);
  });
