import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openPage, settled } from '../web/test/browser.ts';
import { enterByLink, startWithBrowser } from './dashboard.ts';
import { hostileMails } from './hostile-mails.ts';

/** Keeps what came as a note, and asks before it answers: so a stranger's words stand in lists, pages, questions and notes. */
const playbook = `---
title: Keep and answer
when: { source: mail, match: { subject: { regex: "^Trick" } } }
steps:
  - { id: keep, tool: vault.write, args: { path: "Mail/\${task.id}.md", content: $event.text } }
  - { id: reply, tool: mail.send, args: { to: [$event.sender], subject: $event.subject, text: $event.text } }
---
`;

/** What a page must not have, whatever it shows: things that load, run, lead away or take input for somebody else. */
const harmful = () => {
  const isOurs = (address: string) => address === '' || new URL(address, location.href).origin === location.origin;
  const found: string[] = [];
  const look = (selector: string, address: (element: Element) => string) => {
    for (const element of document.querySelectorAll(selector)) if (!isOurs(address(element))) found.push(element.outerHTML.slice(0, 200));
  };
  look('a[href], area[href], base[href], link[href]', (element) => element.getAttribute('href') ?? '');
  look('img[src], script[src], iframe[src], embed[src], source[src], video[src]', (element) => element.getAttribute('src') ?? '');
  look('form[action]', (element) => element.getAttribute('action') ?? '');
  for (const element of document.querySelectorAll('iframe, object, embed, meta[http-equiv], [onerror], [onload], [ontoggle], [srcdoc]'))
    found.push(element.outerHTML.slice(0, 200));
  // An old browser's trick that still counts as an address of its own kind.
  for (const element of document.querySelectorAll('[href^="javascript:" i], [src^="javascript:" i], [src^="data:" i]'))
    found.push(element.outerHTML.slice(0, 200));
  if ('pwned' in window) found.push('a script ran');
  return found;
};

test('whatever a stranger writes into a mail is harmless in every list, page, question and note that shows it', {
  timeout: 300_000,
}, async (t) => {
  const { server, browser, api } = await startWithBrowser(t);
  await api.writeNote('Playbooks/Keep.md', playbook);

  const tasks: { name: string; id: string }[] = [];
  for (const [name, mail] of hostileMails) tasks.push({ name, id: await api.sendMail(mail) });
  const asked: string[] = [];
  for (const { id } of tasks) {
    const task = await api.taskWhen(id, ({ state }) => state !== 'received' && state !== 'planning' && state !== 'running');
    asked.push(...task.approvals.map((approval) => `/approvals/${approval.id}`));
  }
  assert.ok(asked.length >= tasks.length, `${asked.length} questions`);
  // What was asked is approved, so that the notes are there; what is asked next stays.
  for (const { id } of tasks)
    for (const approval of (await api.task(id)).approvals)
      if (approval.tool === 'vault.write' && approval.state === 'waiting') await api.approve(approval);
  const notes: string[] = [];
  for (const { id } of tasks) {
    const task = await api.taskWhen(id, ({ steps }) =>
      steps.every((step) => step.id !== 'keep' || !['pending', 'running'].includes(step.state)),
    );
    if (task.steps.some((step) => step.id === 'keep' && step.state === 'done')) notes.push(`Mail/${id}.md`);
  }
  assert.ok(notes.length > 0, 'no note was written');

  const { page, complaints } = await openPage(browser, server.origin);
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await enterByLink(page, server, 'acme');

  const generated = tasks.map(({ id }) => `/tasks/${id}`);
  const inVault = notes.map((path) => `/vault/note?path=${encodeURIComponent(path)}`);
  for (const path of ['/', '/tasks', '/audit', '/notices', '/vault', '/vault/search?q=evil', ...generated, ...asked, ...inVault])
    await look(page, server.origin, path);
  assert.deepEqual(complaints, []);
  assert.deepEqual(dialogs, []);
});

async function look(page: Page, origin: string, path: string): Promise<void> {
  await page.goto(`${origin}${path}`);
  await settled(page);
  assert.equal(new URL(page.url()).pathname, path.split('?')[0], 'the page was left');
  assert.deepEqual(await page.evaluate(harmful), [], path);
  // Nothing lies over the page: what is in its middle belongs to it.
  const isFree = await page.evaluate(() =>
    document.querySelector('main')?.contains(document.elementFromPoint(innerWidth / 2, innerHeight / 2)),
  );
  assert.equal(isFree, true, path);
}
