import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openPage, settled, signIn, startBrowser, type View } from './browser.ts';
import { idOf } from './fixture/build.ts';
import { owner, type World } from './fixture/world.ts';
import { startFixtureServer } from './fixture-server.ts';

const folder = process.env.FACTOTUM_TEST_SCREENSHOTS;
const skip = folder === undefined && 'FACTOTUM_TEST_SCREENSHOTS names no folder for pictures';

const note = (page: string, path: string) => `${page}?path=${encodeURIComponent(path)}`;

/** What docs/screenshots shows beside the pictures of the main job: file name, path, and what is waited for. */
const pictures: readonly (readonly [name: string, path: string, shows: string])[] = [
  ['approval', `/approvals/${idOf('apr', 1)}`, '.font-mono'],
  ['agenda', '/agenda?week=2026-11-23&minutes=60', 'dl'],
  ['money', '/money', 'ul li'],
  ['vault', '/vault', '[data-row]'],
  ['note', note('/vault/note', 'Accounting/Purchases/PO-2041.md'), 'article'],
  ['note-edit', note('/vault/edit', 'Accounting/Purchases/PO-2041.md'), 'textarea'],
  ['playbooks', '/playbooks', 'ul li'],
  ['playbook', note('/playbooks/edit', 'Playbooks/Pay supplier invoices.md'), 'select'],
  ['analytics', '/analytics', '.recharts-surface'],
  ['notices', '/notices', 'ul li'],
  ['status', '/status', 'svg'],
  ['send', '/send', 'input'],
  ['setup', '/setup', 'input'],
  ['connections', '/settings/connections', 'ul li'],
  ['policies', '/settings/policies', 'form'],
  ['changes', '/settings/changes', 'ul li'],
  ['notice-rules', '/account/notices', 'form'],
  ['approval-german', `/approvals/${idOf('apr', 1)}`, '.font-mono'],
  ['receipt', `/approvals/${idOf('apr', 1)}`, 'h1'],
];

/** What the fixtures have only to be hard on a page. */
const plainer: readonly (readonly [RegExp, string])[] = [
  [/A (?:mailbox|company|connection|category) whose name is far too long for the screen of a telephone/g, 'Harbour Studio'],
  [/Meeting <img src=x onerror=\\"window\.pwned=1\\"> \u202Efdp\.exe/g, 'Meeting with Contoso'],
  [/<script>window\.pwned = 1<\/script>/g, 'Room 1'],
  [/p\u0430ypal@example\.org/g, 'office@contoso.example'],
  [/W{99,}/g, 'Quarterly review'],
  [/Reply to \u202Egnp\.exe\u202C <b>bold<\/b>/g, 'Reply to Harbour Studio'],
  [/"title":"mail"/g, '"title":"Office mail"'],
  [/("kind":"failed"[^{}]*"title":)null/g, '$1"Receipt of Papeterie Linde"'],
  [/"Shop 0"/g, '"Papeterie Linde"'],
  [/"Shop"/g, '"Web shop"'],
  [/(?:somewhere ){9,}/g, 'Room 2'],
];

let browser: Browser;
before(async () => {
  if (folder !== undefined) browser = await startBrowser();
});
after(() => browser?.close());

async function makePlainer(page: Page): Promise<void> {
  await page.route('**/api/v1/**', async (route) => {
    const answer = await route.fetch();
    const body = plainer.reduce((text, [hard, plain]) => text.replaceAll(hard, plain), await answer.text());
    await route.fulfill({ response: answer, body });
  });
}

/** Gives the page as the server gives it to who reads German. */
async function inGerman(page: Page): Promise<void> {
  const german = await readFile(join(import.meta.dirname, '..', 'dist', 'index.de.html'), 'utf8');
  await page.route(
    ({ pathname }) => pathname.startsWith('/approvals/'),
    async (route) => route.fulfill({ response: await route.fetch(), body: german }),
    { times: 1 },
  );
}

/** The payment is approved, and on its way. */
function decide(world: World): void {
  const asked = world.approvals.get(idOf('apr', 1));
  if (asked === undefined) return;
  world.settle(asked, 'approved', owner, null);
  const step = world.tasks.get(asked.taskId)?.steps.find(({ id }) => id === asked.stepId);
  if (step) step.state = 'pending';
}

const views: Record<string, View> = { light: {}, dark: { theme: 'dark' }, 390: { width: 390, height: 844 } };

for (const [kind, view] of Object.entries(views)) {
  const take = async (page: Page, origin: string, [name, path, shows]: (typeof pictures)[number]) => {
    await page.goto(origin + path);
    await settled(page);
    await page.getByRole('main').locator(shows).first().waitFor({ state: 'attached' });
    // Operators have no live feed of a tenant.
    if (name !== 'system') await page.getByText('Live', { exact: true }).filter({ visible: true }).first().waitFor();
    // Wide ones by the pixels of the page: sharp enough, and a quarter of the bytes.
    await page.screenshot({ path: join(folder ?? '', `${name}-${kind}.png`), scale: kind === '390' ? 'device' : 'css' });
  };

  test(`pictures of every page for the documentation, ${kind}`, { skip }, async (t) => {
    const server = await startFixtureServer('demo');
    t.after(() => server.close());
    const { page, context } = await openPage(browser, server.origin, view);
    t.after(() => context.close());
    await makePlainer(page);
    await signIn(page, server.origin);
    await page.getByRole('banner').getByText('Live').last().waitFor();
    for (const picture of pictures) {
      const [name] = picture;
      if (name === 'receipt') decide(server.world);
      if (name === 'approval-german') await inGerman(page);
      server.world.me.language = name === 'approval-german' ? 'de' : 'en';
      await take(page, server.origin, picture);
    }
  });

  test(`a picture of what an operator sees, ${kind}`, { skip }, async (t) => {
    const server = await startFixtureServer('demo');
    t.after(() => server.close());
    const { page, context } = await openPage(browser, server.origin, view);
    t.after(() => context.close());
    server.world.operate();
    await signIn(page, server.origin, '/operator');
    await take(page, server.origin, ['system', '/operator/system', 'svg']);
  });
}
