import assert from 'node:assert/strict';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { axeFaults, openPage, settled, sidewaysPx, startBrowser } from '../web/test/browser.ts';
import { until } from './api.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

const screenshots = process.env.FACTOTUM_TEST_SCREENSHOTS;

describe('the main job, on the product as a person starts it', () => {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  before(async () => {
    server = await startServer();
    browser = await startBrowser();
    ({ page, complaints } = await openPage(browser, server.origin));
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (server !== undefined) await removeServer(server);
  });

  async function picture(name: string): Promise<void> {
    if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: false });
  }

  it('the printed link signs in, once, and leaves no token in the address', async () => {
    await page.goto(server.signInUrl);
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    const second = await openPage(browser, server.origin);
    await second.page.goto(server.signInUrl);
    await second.page
      .getByText(/used|expired/i)
      .first()
      .waitFor();
    await second.context.close();
  });

  it('of five mails two wait, two are done and one is refused, each with a line that says why', async () => {
    await page.getByText('Pay 1,240.00 EUR to Nordlicht Office Supplies').waitFor();
    await page.getByText('Send a mail to hello@harbour-studio.example').waitFor();
    await page.getByText(/Hold .* for Your appointment at Seaview Dental Practice/).waitFor();
    await page.getByText(/Write the note Newsletters\//).waitFor();
    await page.getByText(/Bank details that only appear in a message are never paid/).waitFor();
    await picture('inbox-light');
  });

  it('the payment is opened, seen, approved; its steps run while one looks, and the receipt is verified in the browser', async () => {
    await page.getByText('Pay 1,240.00 EUR to Nordlicht Office Supplies').click();
    await page.getByRole('heading', { name: /Pay 1,240.00 EUR/ }).waitFor();
    for (const shown of [
      'DE89 3704 0044 0532 0130 00',
      'Accounting/Purchases/PO-2026-0117.md',
      'Every payment needs a person',
      'Cannot be undone',
    ])
      await page.getByText(shown).first().waitFor();
    await picture('approval-light');
    await page
      .getByRole('button', { name: /^Approve/ })
      .first()
      .click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /approve/i })
      .click();
    await page.getByText(/entry \d+ of the audit log/).waitFor();
    await page.getByText('verified', { exact: false }).first().waitFor();
    // The receipt proves the decision; the step that follows from it has a moment more to be done.
    const folder = join(server.folder, 'outbox', 'demo', 'bank');
    const written = async () => (await readdir(folder).catch((): string[] => [])).filter((name) => name.endsWith('.xml'));
    await until(async () => (await written()).length > 0);
    const files = await written();
    assert.equal(files.length, 1);
    const order = await readFile(join(folder, files[0] ?? ''), 'utf8');
    assert.match(order, /<InstdAmt Ccy="EUR">1240.00<\/InstdAmt>/);
    assert.match(order, /<IBAN>DE89370400440532013000<\/IBAN>/);
  });

  it('the result is in the vault', async () => {
    await page.goto(`${server.origin}/vault`);
    await settled(page);
    await page.getByText('Accounting').first().waitFor();
    const notes = async () =>
      JSON.stringify(await page.evaluate(async () => (await fetch('/api/v1/vault/notes?prefix=Accounting/Payments/')).json()));
    // The note follows the file.
    await until(async () => /Accounting\/Payments\/.*\.xml/.test(await notes()));
  });

  it("a mail of one's own, dropped into the folder, appears while one looks", async () => {
    await page.goto(server.origin);
    await settled(page);
    await copyFile(join(import.meta.dirname, 'own-mail.eml'), join(server.folder, 'drop', 'demo', 'own-mail.eml'));
    await page.getByText('A question about your opening hours').first().waitFor();
    await page
      .getByText(/No playbook says what to do/)
      .first()
      .waitFor();
  });

  it('every page is whole in light, dark and on a phone: no accessibility fault, nothing sideways, no policy broken', async () => {
    const tasks = (await command(server, 'task', 'list', '--tenant', 'demo')) as { id: string }[];
    const paths = ['/', '/tasks', `/tasks/${tasks[0]?.id}`, '/audit', '/vault'];
    const cookies = await page.context().cookies();
    for (const view of [{}, { theme: 'dark' as const }, { width: 390, height: 844 }]) {
      const opened = await openPage(browser, server.origin, view);
      await opened.context.addCookies(cookies);
      for (const path of paths) {
        await opened.page.goto(server.origin + path);
        await settled(opened.page);
        assert.deepEqual(await axeFaults(opened.page), [], path);
        assert.ok((await sidewaysPx(opened.page)) <= 0, path);
        assert.deepEqual(opened.complaints, [], path);
        if (screenshots !== undefined && path !== '/vault')
          await opened.page.screenshot({
            path: join(
              screenshots,
              `${path === '/' ? 'inbox' : path.startsWith('/tasks/') ? 'task' : path.slice(1)}-${view.width === 390 ? '390' : (view.theme ?? 'light')}.png`,
            ),
          });
      }
      await opened.context.close();
    }
  });

  it('the audit log holds, and nothing on the way complained', async () => {
    const report = (await command(server, 'audit', 'verify', '--tenant', 'demo')) as { ok: boolean };
    assert.equal(report.ok, true);
    assert.deepEqual(complaints, []);
  });

  it('killed and started again it goes on with its data', async () => {
    await server.stop('SIGKILL');
    server = await startServer({ folder: server.folder });
    const tasks = (await command(server, 'task', 'list', '--tenant', 'demo')) as unknown[];
    assert.equal(tasks.length, 6);
  });
});
