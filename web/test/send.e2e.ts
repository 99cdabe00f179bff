import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, signIn } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

const file = (name: string) => ({ name, mimeType: '', buffer: Buffer.from('anything') });

test('files are sent in from the inbox: each says what it became, one that is refused says why and is tried again', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('link', { name: 'Send files in' }).click();
  await page.getByRole('heading', { name: 'Send files in' }).waitFor();
  await page.getByLabel('Choose files').setInputFiles([file('Bill & more.pdf'), file('March.sta'), file('broken.eml')]);
  const row = (name: string) => page.getByRole('listitem').filter({ hasText: name });
  await row('Bill & more.pdf').getByText('Stored as Inbox/Bill & more.pdf').waitFor();
  await row('March.sta').getByText('Read as a bank file: 12 new, 3 known before, 1 matched with an invoice').waitFor();
  await row('broken.eml').getByText('This is no mail: it has no header.').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Try broken.eml again' }).click();
  await row('broken.eml').getByText('taken in').waitFor();
  assert.deepEqual(
    server.world.uploads.map(({ name }) => name),
    ['Bill & more.pdf', 'March.sta', 'broken.eml', 'broken.eml'],
  );
  await row('Bill & more.pdf').getByRole('link', { name: 'Open the task' }).click();
  await page.waitForURL(/\/tasks\/tsk_/);
});

test('the mails of a mailbox are history, unless somebody says that they are to be acted on', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/send');
  await page.getByLabel('Choose files').setInputFiles(file('2025.mbox'));
  await page.getByText('Its mails are being taken in').waitFor();
  await page.getByLabel('Act on the mails of a mailbox').check();
  await page.getByLabel('Choose files').setInputFiles(file('today.mbox'));
  await page.getByRole('listitem').filter({ hasText: 'today.mbox' }).getByText('taken in', { exact: true }).waitFor();
  assert.deepEqual(server.world.uploads.slice(-2), [
    { name: '2025.mbox', as: null },
    { name: 'today.mbox', as: 'new' },
  ]);
});
