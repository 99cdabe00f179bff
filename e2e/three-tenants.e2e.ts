import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { openPage, settled, startBrowser, type WatchedPage } from '../web/test/browser.ts';
import { type Api, mailFrom, openApi } from './api.ts';
import { enterByLink } from './dashboard.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

/** Asks a person before it answers. */
const askFirst = `---
title: Answer questions
when: { source: mail, match: { subject: { regex: "^Question " } } }
steps:
  - { id: reply, tool: mail.send, args: { to: [$event.sender], subject: $event.subject, text: We are open from nine to five. } }
---
`;

/** One customer with a browser of its own and a word that occurs in nobody else's things. */
interface Customer {
  readonly name: string;
  readonly word: string;
  readonly api: Api;
  readonly watched: WatchedPage;
}

describe('three tenants at once, each with a browser of its own', () => {
  let server: RunningServer;
  let browser: Browser;
  let customers: Customer[];
  before(async () => {
    server = await startServer({ environment: { FACTOTUM_DEMO: '0' } });
    browser = await startBrowser();
    customers = await Promise.all([openCustomer('north', 'walrus'), openCustomer('south', 'ostrich'), openCustomer('west', 'iguana')]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (server !== undefined) await removeServer(server);
  });

  async function openCustomer(name: string, word: string): Promise<Customer> {
    await command(server, 'tenant', 'create', '--name', name);
    const api = await openApi(server, name);
    await api.writeNote('Mail_Account.md', `---\naddress: office@${name}.example\n---\n`);
    await api.writeNote('Playbooks/Answer.md', askFirst);
    await api.writeNote(`Projects/${word}.md`, `# The ${word} project\n`);
    const watched = await openPage(browser, server.origin);
    await enterByLink(watched.page, server, name);
    return { name, word, api, watched };
  }

  const others = (customer: Customer) => customers.filter((other) => other !== customer);
  const textOf = async ({ watched }: Customer) => (await watched.page.locator('body').innerText()).toLowerCase();

  it('what arrives for one appears in its browser while it looks, and in no other', async () => {
    await Promise.all(
      customers.map(({ api, word }) =>
        api.sendMail(mailFrom(`Kim <kim@${word}.example>`, `Question about the ${word}`, 'When are you open?')),
      ),
    );
    await Promise.all(customers.map(({ watched, word }) => watched.page.getByText(`Send a mail to kim@${word}.example`).first().waitFor()));
    for (const customer of customers) {
      const text = await textOf(customer);
      for (const { word } of others(customer)) assert.ok(!text.includes(word), `${customer.name} sees ${word}`);
    }
  });

  it('all three approve at once, and each has its own done', async () => {
    await Promise.all(
      customers.map(async ({ watched: { page }, word }) => {
        await page.getByText(`Send a mail to kim@${word}.example`).first().click();
        // The row has a button of its own: only once the page of the approval is there, its button is the first.
        await page.getByRole('heading', { name: `Send a mail to kim@${word}.example` }).waitFor();
        await page
          .getByRole('button', { name: /^Approve/ })
          .first()
          .click();
        await page
          .getByRole('dialog')
          .getByRole('button', { name: /approve/i })
          .click();
        await page.getByText(/entry \d+ of the audit log/).waitFor();
      }),
    );
    for (const { api } of customers) {
      const [only, ...more] = await api.tasks();
      assert.ok(only !== undefined);
      assert.deepEqual(more, []);
      await api.taskWhen(only.id, ({ state, outcome }) => state === 'done' && outcome === 'completed');
    }
  });

  it('no page of one tells a word of another', async () => {
    for (const customer of customers) {
      for (const path of ['/', '/tasks', '/audit', '/vault']) {
        await customer.watched.page.goto(server.origin + path);
        await settled(customer.watched.page);
        const text = await textOf(customer);
        for (const { word, name } of others(customer)) {
          assert.ok(!text.includes(word), `${path} of ${customer.name} tells ${word}`);
          assert.ok(!text.includes(`office@${name}`), `${path} of ${customer.name} tells of ${name}`);
        }
      }
      assert.deepEqual(customer.watched.complaints, []);
    }
  });

  it("another tenant's ids are found by nobody, also not from the page of somebody who is signed in", async () => {
    for (const customer of customers) {
      for (const other of others(customer)) {
        const [task] = await other.api.tasks();
        const answers = await customer.watched.page.evaluate(
          async (paths) => Promise.all(paths.map(async (path) => (await fetch(path)).status)),
          [`/api/v1/tasks/${task?.id}`, `/api/v1/vault/notes/Projects/${other.word}.md`],
        );
        assert.deepEqual(answers, [404, 404]);
        assert.equal((await customer.api.call(`GET /api/v1/tasks/${task?.id}`)).status, 404);
      }
    }
  });
});
