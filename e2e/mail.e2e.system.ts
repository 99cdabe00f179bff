import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { accountOf, alice, bob, passwordOf, post, readInbox } from '../server/test/mail-accounts.ts';
import { startMailServers } from '../server/test/mail-servers.ts';
import { axeFaults, openPage, settled, sidewaysPx } from '../web/test/browser.ts';
import { until } from './api.ts';
import { enterByLink, startWithBrowser } from './dashboard.ts';
import { command } from './server.ts';

/** Drafts by itself and asks before it answers. */
const answerQuestions = `---
title: Answer what it costs
when: { source: mail, match: { subject: { regex: "(?i)what does it cost" } } }
steps:
  - id: draft
    tool: mail.draft
    args: { to: [$event.sender], subject: "Re: \${event.subject}", text: It is ten euros., inReplyTo: $event.messageId }
  - id: reply
    tool: mail.reply
    args: { to: [$event.sender], text: It is ten euros., inReplyTo: $event.messageId }
---
`;
const phone = { width: 390, height: 844 };
const earlier = '<an-earlier-mail@acme.test>';
const question = '<question@acme.test>';

test('a customer’s mail comes in over SMTP, is planned and drafted, approved on a phone, and the answer lies in their inbox in its thread', {
  timeout: 300_000,
}, async (t) => {
  const servers = await startMailServers(t);
  const { server, browser, api } = await startWithBrowser(t, {
    FACTOTUM_CONNECTION_ALLOW_HOSTS: `localhost:${servers.imapsPort},localhost:${servers.smtpPort}`,
  });
  await api.writeNote('Playbooks/Answer.md', answerQuestions);
  const office = join(server.folder, 'office.json');
  const settings = accountOf(servers, alice);
  await writeFile(office, JSON.stringify({ connector: 'mail', name: 'Office', settings, credentials: { password: passwordOf(alice) } }));
  await command(server, 'connection', 'add', office, '--tenant', 'acme');
  // What is there before the first poll is history.
  await until(
    async () => /"lastSuccessAt": ?"/.test(JSON.stringify(await command(server, 'connection', 'list', '--tenant', 'acme'))),
    60_000,
  );

  const { page, context, complaints } = await openPage(browser, server.origin, phone);
  context.setDefaultTimeout(60_000);
  await enterByLink(page, server, 'acme');

  const attachments = [{ filename: 'list.html', content: '<script>document.title = "ran"</script>', contentType: 'text/html' }];
  const sentAt = performance.now();
  const mail = { from: `Bob <${bob}>`, to: alice, subject: 'What does it cost?', text: 'Please tell me.', messageId: question };
  await post(servers, { ...mail, inReplyTo: earlier, references: earlier, attachments });

  const asked = page.getByText(`Reply to ${bob}`).first();
  await asked.waitFor({ timeout: 120_000 });
  t.diagnostic(`from SMTP to the question on the phone in ${Math.round(performance.now() - sentAt)} ms`);
  const [task] = await api.tasks();
  const { id } = await api.taskWhen(
    task?.id ?? '',
    ({ steps }) => steps.some((step) => step.id === 'draft' && step.state === 'done'),
    60_000,
  );

  await asked.click();
  await page.getByRole('heading', { name: `Reply to ${bob}` }).waitFor();
  await settled(page);
  await page.getByText('It is ten euros.').first().waitFor();
  assert.deepEqual(await axeFaults(page), []);
  assert.ok((await sidewaysPx(page)) <= 0);
  await page
    .getByRole('button', { name: /^Approve/ })
    .first()
    .click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /approve/i })
    .click();
  await page.getByText(/entry \d+ of the audit log/).waitFor();

  let inbox = await readInbox(servers, bob);
  await until(async () => {
    inbox = await readInbox(servers, bob);
    return inbox.length > 0;
  }, 120_000);
  const [answer, ...more] = inbox;
  assert.ok(answer !== undefined && more.length === 0, 'one answer and no draft');
  assert.equal(answer.subject, 'Re: What does it cost?');
  assert.equal(answer.from?.address, alice);
  assert.deepEqual(
    answer.to?.map(({ address }) => address),
    [bob],
  );
  assert.deepEqual([answer.inReplyTo, answer.references?.split(/\s+/)], [question, [earlier, question]]);
  assert.match(answer.text ?? '', /^It is ten euros\.[\s\S]*> Please tell me\./);
  const { event } = await api.taskWhen(id, ({ state, outcome }) => state === 'done' && outcome === 'completed');

  const downloading = page.waitForEvent('download');
  // A download is no page, so there is none to go to.
  await page.goto(`${server.origin}/api/v1/events/${event.id}/attachments/0`).catch(() => undefined);
  assert.equal((await downloading).suggestedFilename(), 'list.html', 'what came with a mail is saved and never shown');
  assert.deepEqual(complaints, []);
  t.diagnostic(
    `from SMTP to the answer in the customer’s inbox in ${Math.round(performance.now() - sentAt)} ms, a person on a phone included`,
  );
});
