import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, settled, signIn, until } from './browser.ts';
import { idOf } from './fixture/build.ts';
import { changeApproval } from './fixture/world.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

const payment = idOf('apr', 1);
const hold = idOf('apr', 21);

eachTestHasAPage('busy');

test('a sign-in link opens the inbox and leaves no token in the address or the history', async () => {
  const { page } = opened;
  await page.goto(`${server.origin}/#token=good`);
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  assert.equal(page.url(), `${server.origin}/`);
  await page.goBack();
  assert.ok(!page.url().includes('token'));
});

test('a used sign-in link says so', async () => {
  await opened.page.goto(`${server.origin}/#token=used`);
  await opened.page.getByText('used, expired or unknown').waitFor();
});

test('signing out ends the session and leaves nothing of it on the screen', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${payment}`);
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.getByText('1,240.00').count(), 0);
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('somebody who may read but not decide sees everything and no button', async () => {
  const { page } = opened;
  server.world.me.permissions = ['task:read', 'approval:read'];
  await signIn(page, server.origin, `/approvals/${payment}`);
  await page.getByText('DE89 3704 0044 0532 0130 00').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Approve|Reject|Edit|Ask back)/ }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);
  assert.deepEqual(await axeFaults(page), []);
});

test('a payment is found, read, confirmed and proved with the keyboard alone', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  // What is riskiest stands first of its day; where the others came after midnight, theirs is above it.
  const isFound = () => page.evaluate(() => document.activeElement?.closest('[data-row]')?.textContent.includes('Pay 1,240.00 EUR'));
  while (!(await isFound())) await page.keyboard.press('j');
  await page.keyboard.press('o');
  await page.getByRole('heading', { level: 1, name: 'Pay 1,240.00 EUR' }).waitFor();
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog', { name: 'Approve this?' });
  await dialog.waitFor();
  assert.match((await dialog.textContent()) ?? '', /1,240\.00 EUR.*DE89 3704 0044 0532 0130 00/s);
  assert.deepEqual(await axeFaults(page), []);
  assert.equal(server.world.approvals.get(payment)?.state, 'waiting');

  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.waitForFunction(() => document.activeElement?.matches('button') && document.activeElement.textContent.includes('Approve'));
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  while (!(await page.evaluate(() => document.activeElement?.textContent === 'Yes, approve'))) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { name: /^Approved by you/ }).waitFor();
  await page.getByText(/entry \d+ of the audit log, verified/).waitFor();
  await page.getByText('Mark PO-2041 as paid · Done').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  assert.equal(server.world.approvals.get(payment)?.decidedBy, server.world.me.principal.actor);
});

test('rejecting needs a reason', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${payment}`);
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Reject this?' });
  const reject = dialog.getByRole('button', { name: 'Reject' });
  await dialog.getByLabel('Reason').fill('   ');
  await reject.click();
  await dialog.getByText('at least a few words').waitFor();
  assert.equal(server.world.approvals.get(payment)?.state, 'waiting');
  await dialog.getByLabel('Reason').fill('Not ordered');
  await reject.click();
  await page.getByRole('heading', { name: /^Rejected by you/ }).waitFor();
  await page.getByText('Not ordered').first().waitFor();
  assert.equal(server.world.approvals.get(payment)?.comment, 'Not ordered');
});

test('an edit sends the full new arguments, and a refused edit keeps what was typed', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${payment}`);
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Edit and approve' });
  await dialog.getByLabel('Amount').fill('-5');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The edited values do not fit the tool.').waitFor();
  assert.equal(await dialog.getByLabel('Amount').inputValue(), '-5');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByLabel('Amount').fill('99900');
  const sent = page.waitForRequest((request) => request.url().endsWith('/decision'));
  await dialog.getByRole('button', { name: 'Save' }).click();
  const body = (await sent).postDataJSON();
  assert.deepEqual(body.edits, { ...server.world.approvals.get(payment)?.args, amountMinor: 99_900 });
  await page.getByRole('heading', { name: 'Replaced by a newer question' }).waitFor();
});

test('when somebody else was faster, the page says who and when', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${payment}`);
  server.setLive(false);
  const approval = server.world.approvals.get(payment);
  assert.ok(approval);
  await page.keyboard.press('a');
  const yes = page.getByRole('button', { name: 'Yes, approve' });
  await yes.waitFor();
  // While the question is open: a page that hears of it first closes the question, which is another promise.
  server.world.settle(approval, 'rejected', 'user:usr_00000000000000000000000b', 'No');
  await yes.click();
  await page.getByText(/Ben Okafor decided this/).waitFor();
  await page.getByRole('heading', { name: /^Rejected by Ben Okafor/ }).waitFor();
});

test('an action that became another one is not approved: the page shows what changed', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${payment}`);
  changeApproval(server.world, payment, 'amountMinor', '9,800.00 EUR');
  await page.keyboard.press('a');
  await page.getByRole('button', { name: 'Yes, approve' }).click();
  const alert = page.getByRole('alert').filter({ hasText: 'This changed after you opened it' });
  await alert.waitFor();
  assert.match((await alert.textContent()) ?? '', /9,800\.00 EUR.*before 1,240\.00 EUR/s);
  assert.equal(server.world.approvals.get(payment)?.state, 'waiting');
  await page.getByRole('dialog', { name: 'Approve this?' }).waitFor({ state: 'hidden' });
  assert.deepEqual(await axeFaults(page), []);
});

test('a harmless action is approved at once and taken back when the server refuses', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  const row = page.getByRole('listitem').filter({ hasText: 'Site visit 1' });
  server.failNext(`/approvals/${hold}/decision`, 503, 'server.busy');
  await row.getByRole('button', { name: /^Approve/ }).click();
  await page.getByText('The decision was not taken').waitFor();
  await row.getByRole('button', { name: /^Approve/ }).waitFor();
  await row.getByRole('button', { name: /^Approve/ }).click();
  await row.getByText('Approved').waitFor();
  await until(() => server.world.approvals.get(hold)?.state === 'approved');
});

test('like harmless actions are approved together, unlike ones not', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByLabel(/^Select Hold 25/).check();
  await page.getByLabel(/^Select Pay 1,240/).check();
  await page.getByText('Only actions of one tool').waitFor();
  await page.getByLabel(/^Select Pay 1,240/).uncheck();
  await page.getByRole('link', { name: /^Hold 26/ }).focus();
  await page.keyboard.press('x');
  await page.getByRole('button', { name: 'Approve 2' }).click();
  const dialog = page.getByRole('dialog', { name: 'Approve 2 actions?' });
  assert.equal(await dialog.getByRole('listitem').count(), 2);
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Approve 2' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await settled(page);
  for (const n of [21, 22]) assert.equal(server.world.approvals.get(idOf('apr', n))?.state, 'approved');
});
