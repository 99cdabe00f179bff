import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { axeFaults, openPage, settled, signIn, startBrowser } from './browser.ts';
import { checkEverywhere, checkPage } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { startFixtureServer } from './fixture-server.ts';

const topic = (name: string) => `/settings/${name}`;
const topicsOfWork = ['general', 'model', 'connections', 'schedules', 'webhooks', 'tools'].map(topic);
const topicsOfPeople = ['members', 'roles', 'teams', 'keys', 'sso', 'provisioning'].map(topic);
const topicsOfSafety = ['secrets', 'security', 'encryption', 'usage', 'closing'].map(topic);
/** The tools of the first tool server, and what is said when a sign-in to one did not work. */
const toolPages = [`/settings/tools?server=${idOf('tsv', 1)}`, '/settings/tools?problem=tool_server.invalid'];
const moneyPages = ['/money', '/money?view=invoices', '/money?view=hints'];
const provider = (n: number) => `/settings/sso/${idOf('sso', n)}`;
const operatorPages = [
  '/operator',
  '/operator/registrations',
  '/operator/jobs',
  '/operator/backups',
  `/operator/tenants/${idOf('ten', 2)}`,
];
/** In gzip, as a browser gets them; what a first visit may cost. */
const firstLoadBytesMax = 190_000;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

const areas = [
  { name: 'settings of the work', scenario: 'demo', paths: ['/settings', ...topicsOfWork] },
  { name: 'settings of people', scenario: 'demo', paths: topicsOfPeople },
  { name: 'settings of safety', scenario: 'demo', paths: topicsOfSafety },
  { name: 'identity providers of each kind', scenario: 'demo', paths: [provider(1), provider(2), provider(3), provider(9)] },
  { name: 'the tools of a tool server', scenario: 'demo', paths: toolPages },
  { name: 'settings of the work of a new tenant', scenario: 'empty', paths: topicsOfWork },
  { name: 'settings of people of a new tenant', scenario: 'empty', paths: topicsOfPeople },
  { name: 'settings of safety of a new tenant', scenario: 'empty', paths: topicsOfSafety },
  { name: 'money', scenario: 'demo', paths: moneyPages },
  { name: 'money of a new tenant', scenario: 'empty', paths: moneyPages },
  { name: "a person's account", scenario: 'busy', paths: ['/account'] },
  { name: 'the account of somebody new', scenario: 'empty', paths: ['/account'] },
] as const;

for (const { name, scenario, paths } of areas) {
  test(`${name}: no fault of accessibility in light and dark, and it fits a phone`, async (t) => {
    const server = await startFixtureServer(scenario);
    t.after(() => server.close());
    const { page, context, complaints } = await openPage(browser, server.origin);
    t.after(() => context.close());
    await signIn(page, server.origin);
    await checkEverywhere(page, server.origin, paths, complaints);
  });
}

for (const scenario of ['demo', 'empty'] as const) {
  test(`the operator's area of an installation that is ${scenario}: no fault of accessibility, and it fits a phone`, async (t) => {
    const server = await startFixtureServer(scenario);
    t.after(() => server.close());
    server.world.operate();
    const { page, context, complaints } = await openPage(browser, server.origin);
    t.after(() => context.close());
    await signIn(page, server.origin, '/operator');
    await checkEverywhere(page, server.origin, operatorPages, complaints);
  });
}

test('pages for those who are outside: no fault of accessibility in light and dark, and they fit a phone', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await checkEverywhere(
    page,
    server.origin,
    ['/sign-in', '/sign-in?error=sso.failed', '/join', '/join#token=invite-new', '/register', '/register#token=anything'],
    complaints,
  );
});

test('every topic says what went wrong and tries again', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await signIn(page, server.origin);
  const sources = {
    general: '/settings',
    model: '/model',
    tools: '/tool-servers',
    members: '/members',
    roles: '/roles',
    teams: '/teams',
    keys: '/api-keys',
    secrets: '/secrets',
    sso: '/sso/providers',
    provisioning: '/scim/tokens',
    security: '/security',
    encryption: '/encryption',
    usage: '/usage',
    closing: '/jobs',
  };
  for (const [topic, source] of Object.entries(sources)) {
    const mend = server.fail(source, 500, 'server.fault');
    await page.goto(`${server.origin}/settings/${topic}`);
    const alert = page.getByRole('alert').filter({ hasText: 'A failure made by the test' });
    await alert.waitFor();
    await checkPage(page, `${topic} with a failure`, complaints);
    mend();
    await alert.getByRole('button', { name: 'Try again' }).click();
    await alert.waitFor({ state: 'hidden' });
  }
});

test('who may not see a topic does not find it, and who may only read finds nothing to press', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  server.world.me.permissions = ['task:read', 'approval:read', 'settings:read', 'member:read', 'security:read'];
  const { page, context } = await openPage(browser, server.origin);
  t.after(() => context.close());
  await signIn(page, server.origin, '/settings');
  for (const hidden of ['API keys', 'Secrets', 'Encryption', 'Quotas and usage', 'Export and closing']) {
    assert.equal(await page.getByRole('main').getByText(hidden, { exact: true }).count(), 0, hidden);
  }
  for (const topic of ['general', 'model', 'members', 'roles', 'teams', 'sso', 'security']) {
    await page.goto(`${server.origin}/settings/${topic}`);
    await settled(page);
    const buttons = await page.getByRole('main').locator('button:not([aria-haspopup=dialog])').allTextContents();
    assert.deepEqual(buttons, [], topic);
    assert.deepEqual(await axeFaults(page), [], topic);
  }
});

test('the inbox loads no more than its budget of script, and nothing of the administration', async (t) => {
  const server = await startFixtureServer('demo');
  t.after(() => server.close());
  const { page, context } = await openPage(browser, server.origin);
  t.after(() => context.close());
  const scripts = new Map<string, Promise<Buffer>>();
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) scripts.set(response.url(), response.body());
  });
  await signIn(page, server.origin);
  const bodies = await Promise.all(scripts.values());
  const bytes = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
  t.diagnostic(`first load: ${scripts.size} scripts, ${bytes} bytes in gzip`);
  assert.ok(bytes > 0 && bytes < firstLoadBytesMax, `${bytes} bytes`);
  assert.equal([...scripts.keys()].filter((url) => url.includes('administration')).length, 0);
});
