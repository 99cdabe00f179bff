import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn, untilUnsaid } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('a mailbox is found by its address, tried, and connected; its password is never seen again', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/connections');
  await page.getByRole('button', { name: 'New connection' }).click();
  await page.getByRole('button', { name: 'Mail account' }).click();
  const dialog = page.getByRole('dialog', { name: 'Connect: Mail account' });
  await dialog.getByLabel('Name', { exact: true }).fill('My mailbox');
  await dialog.getByLabel('Your address').fill('me@found.example');
  await dialog.getByRole('button', { name: 'Find settings' }).click();
  await dialog.getByText('Settings found.').waitFor();
  assert.equal(await dialog.getByLabel('IMAP server').inputValue(), 'imap.found.example');
  await dialog.getByLabel('Password').fill('wrong');
  await dialog.getByRole('button', { name: 'Try it' }).click();
  await dialog.getByText('The mail server refuses the password.').waitFor();
  await dialog.getByLabel('Password').fill('hunter2 but longer');
  await dialog.getByRole('button', { name: 'Try it' }).click();
  await dialog.getByText('It works.').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await said(page, 'Connected');
  await page.locator('#content').getByText('My mailbox').waitFor();
  assert.deepEqual(server.world.outside.connections.at(-1)?.settings, { imapHost: 'imap.found.example', address: 'me@found.example' });
  await untilUnsaid(page, 'hunter2');
});

test('a connection that needs somebody says why; it is changed, paused, resumed and deleted', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/connections');
  await page.getByText('The mail server refuses the password. Enter it again.').waitFor();
  await page.getByText('3,200 of 10,000 fetched').waitFor();
  await page.getByRole('button', { name: 'Change Office mail' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('More settings').click();
  await dialog.getByLabel('Folders').fill('INBOX\nInvoices\n');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  const [first] = server.world.outside.connections;
  assert.deepEqual([first?.settings.folders, first?.settings.imapHost, first?.version], [['INBOX', 'Invoices'], 'imap.example.com', 2]);
  const choose = async (item: string) => {
    await page.getByRole('button', { name: 'More about Office mail' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Pause');
  await said(page, 'Paused');
  await choose('Resume');
  await said(page, 'Resumed');
  await choose('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The connection is deleted');
  await page.getByRole('button', { name: 'More about Office mail' }).waitFor({ state: 'detached' });
});

test('a connection is tested where it stands, says what came of it and what to do next, and is reconnected', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/connections');
  await page.getByRole('button', { name: 'Test Office mail' }).click();
  await page.getByText('Tested: the other side answered').waitFor();
  server.failNext('/connections/', 503, 'connection.unavailable');
  await page.getByRole('button', { name: 'Test Office mail' }).click();
  await page.getByText('A failure made by the test').waitFor();
  await page.getByText('It has stopped. Check the settings').waitFor();
  assert.equal(await page.getByRole('link', { name: 'How this connection is set up' }).getAttribute('href'), '/help/mail');
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: /^Reconnect A mailbox/ }).click();
  await page.getByRole('dialog').getByLabel('Password').waitFor();
});

test('a schedule shows when it comes before it is made; what is none is told at once', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/schedules');
  await page.getByRole('button', { name: 'New schedule' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Report');
  await dialog.getByLabel('Kind of event').fill('report');
  await dialog.getByLabel('When').selectOption('own');
  await dialog.getByLabel('Other …').fill('whenever');
  await dialog.getByText('A schedule has five fields.').waitFor();
  await dialog.getByLabel('Other …').fill('30 6 * * 2');
  await dialog.getByText('It comes next').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await said(page, 'The schedule is made');
  assert.equal(server.world.outside.schedules.at(-1)?.cron, '30 6 * * 2');
  await page.getByRole('button', { name: 'Run Monday briefing now' }).click();
  await said(page, 'It has come; see the tasks');
  await page.getByRole('button', { name: 'More about the schedule Stocktaking' }).click();
  await page.getByRole('menuitem', { name: 'Resume' }).click();
  await said(page, 'Resumed');
  await page.getByRole('button', { name: 'More about the schedule Report' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The schedule is deleted');
});

test('a webhook is made and its secret shown once; what it was told is seen and told again', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/webhooks');
  await page.getByRole('button', { name: 'New webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill('https://tools.example/hook');
  await dialog.getByLabel('What it is told of').fill('task.finished\n');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('whsec_shownonce').waitFor();
  await page.getByRole('button', { name: 'I have it' }).click();
  assert.deepEqual(server.world.outside.webhooks.at(-1)?.kinds, ['task.finished']);
  await untilUnsaid(page, 'whsec_shownonce');

  const choose = async (item: string) => {
    await page.getByRole('button', { name: 'More about https://tools.example/hook' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Send a test');
  await said(page, 'On its way');
  await page.getByRole('button', { name: 'Deliveries to https://tools.example/hook' }).click();
  await dialog.getByText('webhook.test', { exact: true }).waitFor();
  await dialog.getByText('It answered 500: something broke').waitFor();
  await dialog.getByRole('button', { name: 'Send task.finished again' }).click();
  await said(page, 'It is sent again');
  assert.deepEqual(await axeFaults(page), []);
  // What is said shortly has a button of this name too.
  const told = page.getByRole('dialog', { name: /^Deliveries to/ });
  await told.getByRole('button', { name: 'Close' }).last().click();
  await told.waitFor({ state: 'hidden' });

  await choose('New secret');
  await dialog.getByRole('button', { name: 'New secret' }).click();
  await page.getByText('whsec_another').waitFor();
});
