import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, settled, signIn } from './browser.ts';
import { checkPage } from './check-page.ts';
import { buildTask, idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('busy');

const rows = () => opened.page.locator('[data-row]');

test('tasks are found by words, the address says it, and what nothing fits says so', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/tasks');
  await page.keyboard.press('/');
  await page.keyboard.type('stadtwerke invoice');
  await page.waitForURL(/q=stadtwerke/);
  await page.getByText('1 task', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Invoice 8812 of Stadtwerke' }).waitFor();
  await page.goto(`${server.origin}/tasks?q=4000`);
  await settled(page);
  assert.equal(await page.getByRole('searchbox', { name: 'Words of the title or the sender' }).inputValue(), '4000');
  await page.getByRole('link', { name: 'Receipt 4000' }).waitFor();
  await page.goto(`${server.origin}/tasks?q=nowhere`);
  await page.getByText('No task fits').waitFor();
  await settled(page);
  await checkPage(page, '/tasks?q=nowhere', complaints);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('link', { name: 'Receipt 4000' }).waitFor();
});

test('tasks are narrowed by playbook, risk and what they wait for, and a look that ends early says how far back it went', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/tasks');
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByLabel('Playbook').selectOption('File delivery notes');
  await page.getByRole('link', { name: 'Delivery note 552' }).waitFor();
  await page.getByText('1 task', { exact: true }).waitFor();
  await page.getByLabel('Playbook').selectOption('');
  await page.getByLabel('Waits for').selectOption('question');
  await page.getByRole('link', { name: 'Fwd: contract draft' }).waitFor();
  await settled(page);
  await checkPage(page, '/tasks with conditions', complaints);
  await page.goto(`${server.origin}/tasks?q=needle`);
  await page.getByText(/Looked back to .*2026/).waitFor();
  await page.getByRole('button', { name: 'Look further back' }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Look further back' }).click();
  await page.getByText(/Looked back to/).waitFor({ state: 'hidden' });
});

test('a filter gets a name, is found again under it, and is forgotten', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks?state=failed');
  await page.getByRole('button', { name: 'Save view' }).click();
  await page.getByLabel('Name').fill('What went wrong');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said(page, '“What went wrong” is saved');
  await page.goto(`${server.origin}/tasks`);
  await page.getByRole('link', { name: 'What went wrong' }).click();
  await page.waitForURL(/state=failed/);
  await page.getByRole('link', { name: 'Delivery note 552' }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Delete the view “What went wrong”' }).click();
  await page.getByRole('link', { name: 'What went wrong' }).waitFor({ state: 'hidden' });
});

test('scrolling fetches what comes next, and a long list keeps few rows in the page', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks');
  await rows().first().waitFor();
  // Down, as far as it goes each time, until the oldest of all is there.
  await page.waitForFunction(() => {
    window.scrollTo(0, document.body.scrollHeight);
    return [...document.querySelectorAll('[data-row] a')].some(({ textContent }) => textContent.includes('Receipt 3741'));
  });
  await page.getByText(/^\d+ tasks$/).waitFor();
  assert.ok((await rows().count()) < 120, 'only what is near the window is drawn');
});

test('a task that was opened from a list leads to the next and the previous of that list', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks?state=waiting');
  await page.getByRole('link', { name: 'Fwd: contract draft' }).click();
  await page.getByRole('heading', { name: 'Fwd: contract draft' }).waitFor();
  const near = page.getByRole('navigation', { name: 'In this list' });
  await near.getByText(/of \d+/).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.press('n');
  await page.getByRole('heading', { name: 'Invoice 8812 of Stadtwerke' }).waitFor();
  await page.keyboard.press('p');
  await page.getByRole('heading', { name: 'Fwd: contract draft' }).waitFor();
  await page.getByRole('link', { name: 'Tasks', exact: true }).first().click();
  await page.waitForURL(/\/tasks/);
});

test('a failed task is planned anew with what the person says', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, `/tasks/${idOf('tsk', 32)}`);
  await page.getByRole('button', { name: 'Plan anew' }).click();
  await page.getByLabel('What should be different').fill('Take it from the second scanner.');
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('dialog').getByRole('button', { name: 'Plan anew' }).click();
  await said(page, 'Another plan is being made');
  await settled(page);
  assert.deepEqual(complaints, []);
});

test('a finished task is undone after a question that names what is taken back and what stays', async () => {
  const { page, complaints } = opened;
  const task = buildTask({
    n: 600,
    title: 'Appointment and reply',
    minutes: 3,
    outcome: 'completed',
    text: '',
    undo: { steps: ['hold'], left: ['reply'], underWay: false },
    steps: [
      { id: 'hold', tool: 'calendar.hold', title: 'Hold the appointment' },
      { id: 'reply', tool: 'mail.send', title: 'Reply to the fire office', reversible: false },
    ],
  });
  server.world.tasks.set(task.id, task);
  await signIn(page, server.origin, `/tasks/${task.id}`);
  await page.getByRole('button', { name: 'Undo' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 step is taken back').waitFor();
  await dialog.getByText('Hold the appointment').waitFor();
  await dialog.getByText('This stays, because it cannot be taken back:').waitFor();
  await dialog.getByText('Reply to the fire office').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Undo it' }).click();
  await said(page, 'It is being taken back');
  await page.getByText('Undone', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'hidden' });
  assert.deepEqual(complaints, []);
});
