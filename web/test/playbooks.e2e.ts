import assert from 'node:assert/strict';
import { test } from 'node:test';
import { said, settled, signIn } from './browser.ts';
import { checkEverywhere, checkPage } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

const edit = (name: string) => `/playbooks/edit?path=${encodeURIComponent(`Playbooks/${name}.md`)}`;

test('playbooks are listed with what they are used for, and one is switched on', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('link', { name: 'Playbooks' }).click();
  const row = (name: string) => page.getByRole('listitem').filter({ hasText: name });
  await row('Pay supplier invoices').getByText('used 41 times in 30 days').waitFor();
  await row('Broken').getByText('There is no tool bank.play').waitFor();
  await page.getByRole('button', { name: 'Switch on Answer questions' }).click();
  await said(page, 'The playbook is on');
  await page.getByRole('button', { name: 'Switch off Answer questions' }).waitFor();
  assert.match(server.world.notes.get('Playbooks/Answer questions.md')?.content ?? '', /"enabled": true/);
});

test('a playbook is changed in its form, tried on what came in, and saved as its text', async () => {
  const { page } = opened;
  await signIn(page, server.origin, edit('Pay supplier invoices'));
  const pattern = page.getByLabel('Value', { exact: true }).nth(1);
  await pattern.fill('(?i)rechnung');
  await page.getByText('Not saved yet').waitFor();
  await page.getByRole('button', { name: 'Try it on the last 30 days' }).click();
  await page.getByText('On the last 30 days this would have matched 41 events').waitFor();
  await page.getByText('Invoice INV-2026-0042').click();
  await page.getByText('Pay 1,240.00 EUR to billing@northwind-supplies.example').waitFor();
  await page.getByText('$purchase.fields.iban').first().waitFor();

  await page.getByRole('button', { name: 'Text', exact: true }).click();
  const area = page.getByLabel('The note, front matter and all');
  await area.waitFor();
  assert.match(await area.inputValue(), /"regex": "\(\?i\)rechnung"/);
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'The playbook is saved');
  await page.waitForURL(/\/playbooks$/);
  assert.match(server.world.notes.get('Playbooks/Pay supplier invoices.md')?.content ?? '', /rechnung[\s\S]*# Pay supplier invoices/);
});

test('a fault names its line and leads there', async () => {
  const { page } = opened;
  await signIn(page, server.origin, edit('Broken'));
  await page.getByText('Step a: There is no tool bank.play.').waitFor();
  await page.getByRole('button', { name: 'Line 7' }).click();
  const area = page.getByLabel('The note, front matter and all');
  await area.waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('textarea'));
  await area.fill('---\n{"when": \n---\n');
  await page.getByText('it is not closed').waitFor();
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  await page.getByText('This cannot be shown as a form').waitFor();
});

test('a new one begins with a template, and leaving it unsaved is asked about', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/playbooks');
  await page.getByRole('button', { name: 'New playbook' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Thank everybody');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('heading', { name: 'Thank everybody' }).waitFor();
  await page.getByLabel('What is about to be done').fill('Thank them');
  await page.getByRole('link', { name: 'Playbooks' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('What you have changed here is not saved.').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'The playbook is saved');
  assert.match(server.world.notes.get('Playbooks/Thank everybody.md')?.content ?? '', /"summary": "Thank them"/);
});

test('what was done for a task becomes a playbook, with what is still to be looked at', async () => {
  const { page } = opened;
  const task = [...server.world.tasks.values()][0];
  assert.ok(task);
  Object.assign(task, { state: 'done', playbook: null, planVersion: 1 });
  await signIn(page, server.origin, '/playbooks');
  await page.getByRole('button', { name: 'New playbook' }).click();
  await page.getByLabel('Name', { exact: true }).fill('From a task');
  await page.getByLabel('Begin with').selectOption('task');
  await page.getByLabel('The task').waitFor();
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByText('Nothing tells which of several values is meant by total').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'The playbook is saved');
});

test('a finished task that a model planned leads to a playbook, under a name that people choose', async () => {
  const { page, complaints } = opened;
  const task = [...server.world.tasks.values()].find(({ plan, outcome }) => plan !== null && outcome === 'completed');
  assert.ok(task);
  Object.assign(task, { title: 'Re: Invoice 42 <b>../..</b>', playbook: null });
  await signIn(page, server.origin, `/tasks/${task.id}`);
  await page.getByRole('button', { name: 'Make a playbook of this' }).click();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Re Invoice 42 b b');
  await checkPage(page, '/tasks with the dialog', complaints);
  await page.getByLabel('Name', { exact: true }).fill('Invoices');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.waitForURL((url) => url.searchParams.get('path') === 'Playbooks/Invoices.md' && url.searchParams.get('task') === task.id);
  await page.getByText('Nothing tells which of several values is meant by total').waitFor();
});

test('who saves a playbook over somebody else’s version sees both, and puts them together', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, edit('Pay supplier invoices'));
  await page.getByLabel('What is about to be done').fill('Mine');
  const note = server.world.notes.get('Playbooks/Pay supplier invoices.md');
  assert.ok(note);
  note.content = note.content.replace('2. Pay\n', '2. Pay, once\n');
  note.item.etag = 'theirs';
  // The page hears of it, and still saves over the version that it began with.
  server.world.record({ kind: 'note.written', actor: 'user:usr_b', objectId: 'not_1', taskId: null, state: null, text: 'Written' });
  await page.getByRole('button', { name: 'Save' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('Somebody else has saved this note while you were writing').waitFor();
  await alert.getByText('Both changes fit together.').waitFor();
  await checkPage(page, '/playbooks/edit with two versions', complaints);
  assert.equal(await page.getByLabel('What is about to be done').inputValue(), 'Mine');
  assert.equal(server.world.notes.get('Playbooks/Pay supplier invoices.md'), note);
  await alert.getByRole('button', { name: 'Put both together' }).click();
  await alert.waitFor({ state: 'detached' });
  const whole = await page.getByLabel('The note, front matter and all').inputValue();
  assert.match(whole, /"summary": "Mine"[\s\S]*2\. Pay, once/);
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'The playbook is saved');
  assert.equal(server.world.notes.get('Playbooks/Pay supplier invoices.md')?.content, whole);
});

test('the pages of playbooks have no fault of accessibility in light, dark and on phones, and nothing is written by who may only read', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/playbooks');
  await settled(page);
  await checkEverywhere(page, server.origin, ['/playbooks', edit('Pay supplier invoices'), edit('Broken')], complaints);
  server.world.me.permissions = ['vault:read'];
  await page.goto(`${server.origin}/playbooks`);
  await page.getByText('Pay supplier invoices').waitFor();
  assert.equal(await page.getByRole('button', { name: 'New playbook' }).count(), 0);
});
