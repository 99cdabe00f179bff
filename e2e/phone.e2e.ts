import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { axeFaults, openPage, settled, sidewaysPx } from '../web/test/browser.ts';
import { enterByLink, startWithBrowser } from './dashboard.ts';

const playbook = `---
title: Answer when we are open
when: { source: mail, match: { subject: { regex: "(?i)opening hours" } } }
steps:
  - id: reply
    tool: mail.send
    args: { to: [$event.sender], subject: "Re: \${event.subject}", text: "We are open on weekdays from 9 to 17, and gladly by appointment.", inReplyTo: $event.messageId }
---
`;
const mail = [
  'From: Mira Castellan <mira@castellan.example>',
  'To: office@acme.test',
  'Subject: Your opening hours',
  'Message-ID: <hours@castellan.example>',
  'Date: Mon, 02 Mar 2026 09:00:00 +0000',
  '',
  'Hello, when can I come by this week?',
  '',
].join('\r\n');
/** Where the film in the README is kept, when it is to be taken anew. */
const screenshots = process.env.FACTOTUM_TEST_SCREENSHOTS;

test('on a phone a mail is answered with two touches: it appears, is approved, and is done', { timeout: 180_000 }, async (t) => {
  const { server, browser, api } = await startWithBrowser(t);
  await api.writeNote('Playbooks/Hours.md', playbook);
  await api.writeNote('Mail_Account.md', '---\naddress: office@acme.test\n---\n');

  const { page, complaints } = await openPage(browser, server.origin, { width: 390, height: 844 });
  const film = async (name: string) => {
    assert.deepEqual(await axeFaults(page), [], name);
    assert.ok((await sidewaysPx(page)) <= 0, name);
    if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `phone-${name}.png`) });
  };
  await enterByLink(page, server, 'acme');
  await settled(page);

  const task = await api.sendMail(mail);
  const approve = page.getByRole('button', { name: 'Approve: Send a mail to mira@castellan.example' });
  await approve.waitFor();
  const appearedAt = performance.now();
  await film('1-arrives');

  await approve.tap();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('mira@castellan.example').first().waitFor();
  await film('2-asks');

  await dialog.getByRole('button', { name: /approve/i }).tap();
  const done = await api.taskWhen(task, ({ state }) => state === 'done');
  assert.equal(done.outcome, 'completed');
  await page.goto(`${server.origin}/tasks/${task}`);
  await page.getByText('Completed').first().waitFor();
  await settled(page);
  t.diagnostic(`from its appearance to done in ${Math.round(performance.now() - appearedAt)} ms, pictures and checks included`);
  await film('3-done');
  assert.deepEqual(complaints, []);
});
