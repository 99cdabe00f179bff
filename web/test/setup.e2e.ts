import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, signIn } from './browser.ts';
import { checkEverywhere } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('the set-up asks one question a screen, keeps what was answered, and goes on where somebody stopped', async () => {
  const { page } = opened;
  const { settings } = server.world.tenancy;
  settings.setup = 'about';
  await signIn(page, server.origin);
  await page.getByText('4 questions of the set-up are left.').waitFor();
  await page.getByRole('link', { name: 'Go on with the set-up' }).click();
  await page.getByRole('heading', { name: 'What are you called, and where do you work?' }).waitFor();
  await page.getByRole('textbox').first().fill('Fabrikam');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Shall a mailbox be read?' }).waitFor();
  assert.deepEqual([settings.title, settings.setup], ['Fabrikam', 'mail']);
  await checkEverywhere(page, server.origin, ['/setup'], opened.complaints);
  await page.getByText('Question 2 of 4').waitFor();
  await page.getByRole('button', { name: 'Skip this' }).click();
  await page.getByLabel('Nobody: what no playbook knows waits for a person').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Invite somebody' }).waitFor();
  assert.equal(settings.planner, 'playbooks');
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByText('Question 3 of 4').waitFor();
  await page.getByRole('button', { name: 'Skip this' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'That is all' }).waitFor();
  await page.getByRole('link', { name: 'To the inbox' }).click();
  await page.getByRole('heading', { name: 'Inbox', level: 1 }).waitFor();
  await settled(page);
  assert.equal(await page.getByText('of the set-up').isVisible(), false);
});

test('whoever does not want it says so once', async () => {
  const { page } = opened;
  server.world.tenancy.settings.setup = 'model';
  await signIn(page, server.origin);
  await page.getByText('2 questions of the set-up are left.').waitFor();
  await page.getByRole('button', { name: 'Not now' }).click();
  await page.getByText('of the set-up').waitFor({ state: 'hidden' });
  assert.equal(server.world.tenancy.settings.setup, 'done');
});

test('the command menu leads to every place, begins what can be begun, and finds tasks and notes by their words', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  const [note] = server.world.notes.keys();
  assert.ok(note);
  await page.getByRole('heading', { name: 'Inbox', level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  const menu = page.getByRole('dialog');
  await menu.getByRole('option', { name: 'Status' }).waitFor();
  await menu.getByRole('option', { name: 'Invite somebody' }).waitFor();
  await menu.getByRole('combobox').fill(note.split('/').at(-1)?.replace('.md', '').slice(0, 6) ?? '');
  await menu.getByText('Notes found').waitFor();
  await menu.getByRole('combobox').fill('send files');
  await menu.getByRole('option', { name: 'Send files in' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/send');
});
