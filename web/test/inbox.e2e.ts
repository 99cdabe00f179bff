import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { axeFaults, putInto, said, settled, signIn, until } from './browser.ts';
import { checkPage, checkWidth } from './check-page.ts';
import { addComment, change, invoiceLines } from './fixture/approvals.ts';
import { idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

const payment = idOf('apr', 1);
const hold = idOf('apr', 21);
const other = idOf('apr', 22);
const ben = 'user:usr_00000000000000000000000b';

eachTestHasAPage('busy');

const approvalOf = (id: string) => {
  const approval = server.world.approvals.get(id);
  assert.ok(approval, id);
  return approval;
};
const set = (id: string, facts: Parameters<typeof change>[2]) => server.world.approvals.set(id, { ...approvalOf(id), ...facts });
const rowOf = (page: Page, words: string) => page.locator('[data-row]').filter({ hasText: words });

/** Checks what is on the screen in light, in dark and on a phone. */
async function checkThrice(page: Page, what: string): Promise<void> {
  await checkPage(page, what, opened.complaints);
  await putInto(page, 'dark');
  await checkPage(page, `${what} in dark`, opened.complaints);
  await putInto(page, 'light');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkPage(page, `${what} at 390 px`, opened.complaints);
  await page.setViewportSize({ width: 320, height: 640 });
  await checkWidth(page, `${what} at 320 px`);
  await page.setViewportSize({ width: 1280, height: 860 });
}

test('each view and each filter is an address of its own, with and without something in it', async () => {
  const { page } = opened;
  set(other, { assignee: { kind: 'team', id: idOf('tem', 1), name: 'Finance', until: new Date(Date.now() + 86_400_000).toISOString() } });
  await signIn(page, server.origin, '/?view=delegated');
  await page.getByText(/with Finance until/).waitFor();
  await checkThrice(page, 'delegated');
  await page.getByRole('link', { name: 'Snoozed' }).click();
  await page.getByText('Nothing is snoozed').waitFor();
  await checkThrice(page, 'snoozed');
  await page.getByRole('link', { name: 'All', exact: true }).click();
  await page.waitForURL('**/?view=all');
  await rowOf(page, 'Pay 1,240').waitFor();
  await page.keyboard.press('/');
  await page.getByRole('searchbox', { name: 'Words' }).fill('site visit 2');
  await page.waitForURL(/q=site/);
  await rowOf(page, 'Pay 1,240').waitFor({ state: 'hidden' });
  await rowOf(page, 'Site visit 2').waitFor();
  await page.getByLabel('Risk').selectOption('high');
  await page.getByText('Nothing was asked').waitFor();
  await checkThrice(page, 'filtered');
  await page.reload();
  await page.getByText('Nothing was asked').waitFor();
  assert.equal(await page.getByLabel('Risk').inputValue(), 'high');
  await page.getByRole('button', { name: 'Clear filter' }).click();
  await rowOf(page, 'Pay 1,240').waitFor();
});

test('a snooze takes a row away, its undo brings it back, all by keyboard', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await rowOf(page, 'Site visit 1').getByRole('link').focus();
  await page.keyboard.press('s');
  const dialog = page.getByRole('dialog', { name: 'Snooze' });
  await dialog.getByRole('button', { name: /Tomorrow morning/ }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: /Tomorrow morning/ }).click();
  await rowOf(page, 'Site visit 1').waitFor({ state: 'hidden' });
  const until8 = new Date(approvalOf(hold).snoozedUntil ?? 0);
  assert.ok(until8.getTime() > Date.now());
  await page.getByRole('button', { name: /^Undo/ }).waitFor();
  await page.keyboard.press('u');
  await rowOf(page, 'Site visit 1').waitFor();
  assert.equal(approvalOf(hold).snoozedUntil, null);
});

test('what expires within the hour stands first and cannot be put off', async () => {
  const { page } = opened;
  set(hold, { expiresAt: new Date(Date.now() + 50 * 60_000).toISOString() });
  await signIn(page, server.origin);
  const urgent = page.getByRole('list', { name: 'Expires within the hour' });
  await urgent.getByText('Site visit 1').waitFor();
  await urgent.getByRole('link').focus();
  await page.keyboard.press('s');
  await page.getByText('It expires too soon to be put off').waitFor();
});

test('an approval is handed to a colleague until a time, and taken back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${hold}`);
  await page.keyboard.press('d');
  const dialog = page.getByRole('dialog', { name: 'Delegate' });
  await dialog.getByLabel('Find a person or team').fill('ben');
  await dialog.getByRole('button', { name: 'Delegate' }).click();
  await dialog.getByText('Choose somebody.').waitFor();
  await dialog.getByRole('radio').check();
  await dialog.getByLabel('For how long').selectOption({ label: 'Until tomorrow evening' });
  await dialog.getByLabel('Note').fill('You know the house');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Delegate' }).click();
  await page.getByText(/with Ben Okafor until/).waitFor();
  assert.equal(approvalOf(hold).assignee?.name, 'Ben Okafor');
  await page.getByText('You know the house').waitFor();
  await page.keyboard.press('d');
  await dialog.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText(/with Ben Okafor until/).waitFor({ state: 'hidden' });
  assert.equal(approvalOf(hold).assignee, null);
});

test('a yes to what can be undone is held for ten seconds, and taken back with one key', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  const sent = page.waitForRequest((request) => request.url().endsWith('/decision'));
  await rowOf(page, 'Site visit 1').getByRole('link').focus();
  await page.keyboard.press('a');
  assert.equal((await sent).postDataJSON().graceSeconds, 10);
  await rowOf(page, 'Site visit 1').getByText('Approved').waitFor();
  await page.getByRole('button', { name: /^Undo/ }).waitFor();
  await page.keyboard.press('u');
  await said(page, 'Taken back');
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Approve/ })
    .waitFor();
  assert.equal(approvalOf(hold).state, 'superseded');
});

test('what has begun is not taken back, and the page says why', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/approvals/${hold}`);
  await page.keyboard.press('a');
  const undo = page.getByRole('button', { name: /^Undo/ });
  await undo.waitFor();
  const task = server.world.tasks.get(idOf('tsk', 21));
  assert.ok(task);
  server.world.touch(task, { state: 'running' });
  await undo.click();
  await said(page, 'It could not be taken back');
  await said(page, 'what was decided has begun');
  await page.getByRole('button', { name: /^Open the task/ }).click();
  await page.waitForURL(`**/tasks/${task.id}`);
});

test('several are rejected with one reason, and one that somebody else had decided says so', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('banner').getByText('Live').waitFor();
  server.setLive(false);
  server.world.settle(approvalOf(other), 'approved', ben, null);
  await page.getByLabel(/^Select Hold 25/).check();
  await page.getByRole('button', { name: 'Select 1 alike' }).click();
  await page.getByRole('button', { name: 'Reject 2' }).click();
  const dialog = page.getByRole('dialog', { name: 'Reject 2 actions?' });
  await dialog.getByLabel('Reason').fill('   ');
  await dialog.getByRole('button', { name: 'Reject 2' }).click();
  await dialog.getByText('at least a few words').waitFor();
  await dialog.getByLabel('Reason').fill('Nobody is there that week');
  await dialog.getByRole('button', { name: 'Reject 2' }).click();
  const result = page.getByRole('dialog', { name: '1 of 2 decided' });
  await result.getByText('Somebody has already decided').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await result.getByRole('button', { name: 'Close' }).last().click();
  await result.waitFor({ state: 'hidden' });
  assert.equal(approvalOf(hold).comment, 'Nobody is there that week');
  assert.equal(approvalOf(other).state, 'approved');
});

test('the approval shows where it differs from its source, what was decided before, and what colleagues say', async () => {
  const { page } = opened;
  server.world.deciding.sources.set(payment, invoiceLines('1,420.00 EUR'));
  await signIn(page, server.origin, `/approvals/${payment}`);
  await page.getByText('1 value differs from what the source says').first().waitFor();
  await page.getByText('Mail says: 1,420.00 EUR').waitFor();
  await page.getByText('One zero too many').waitFor();
  await page.getByText('The grippers arrived complete on Friday.').waitFor();
  await page.getByLabel('Write a comment').fill('Checked against PO-2041');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('listitem').filter({ hasText: 'Checked against PO-2041' }).waitFor();
  addComment(server.world, payment, '<img src=x onerror=pwned> ‮txt', ben);
  change(server.world, approvalOf(payment), {});
  await page.getByText('<img src=x onerror=pwned>').waitFor();
  await checkThrice(page, 'an approval with everything');
  await page.getByRole('button', { name: /^Approve:/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Approve this?' });
  await dialog.getByText('Mail says: 1,420.00 EUR').waitFor();
  await dialog.getByText('Bank payment').waitFor();
  assert.deepEqual(await axeFaults(page), []);
});

test('where two have to agree, the first yes waits for the second and can be taken back', async () => {
  const { page } = opened;
  set(payment, { quorum: { needed: 2, given: [], mineGiven: false } });
  await signIn(page, server.origin, `/approvals/${payment}`);
  await page.getByText('2 people have to approve').waitFor();
  await page.keyboard.press('a');
  await page.getByText('After you, 1 more person has to approve.').waitFor();
  await page.getByRole('button', { name: 'Yes, approve' }).click();
  await said(page, 'Your approval counts: 1 of 2');
  await page.getByText('You approved. 1 more approval is needed.').waitFor();
  assert.equal(await page.getByRole('button', { name: /^Approve:/ }).count(), 0);
  assert.equal(approvalOf(payment).state, 'waiting');
  await checkThrice(page, 'half agreed');
  await page.keyboard.press('u');
  await page.getByRole('button', { name: /^Approve:/ }).waitFor();
  server.world.settle({ ...approvalOf(payment), quorum: { needed: 2, given: [], mineGiven: false } }, 'approved', ben, null);
  await page.getByRole('heading', { name: /^Approved by Ben Okafor/ }).waitFor();
});

test('where the policy wants it, who decides proves first that it is them, and then nothing has to be pressed again', async () => {
  const { page } = opened;
  set(hold, { stepUp: true });
  server.world.people.isFresh = false;
  await signIn(page, server.origin);
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Approve/ })
    .click();
  await page.getByText('You will be asked to prove that it is you.').waitFor();
  await page.getByRole('button', { name: 'Yes, approve' }).click();
  const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await proof.getByLabel('Password').fill('correct horse');
  await proof.getByRole('button', { name: 'Confirm' }).click();
  await until(() => approvalOf(hold).state === 'approved');
  await rowOf(page, 'Site visit 1').getByText('Approved').waitFor();
});

test('two tabs stay alike, and a row that somebody else decided says who', async () => {
  const { page, context } = opened;
  await signIn(page, server.origin);
  const second = await context.newPage();
  await second.goto(server.origin);
  await settled(second);
  for (const tab of [page, second]) await tab.getByRole('banner').getByText('Live').waitFor();
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Approve/ })
    .click();
  await rowOf(second, 'Site visit 1').getByText('Approved').waitFor();
  server.world.settle(approvalOf(other), 'rejected', ben, 'No');
  for (const tab of [page, second]) await rowOf(tab, 'Site visit 2').getByText('Ben Okafor').waitFor();
});

test('without a connection a decision is not taken and nothing is lost; afterwards it is', async () => {
  const { page, context } = opened;
  await signIn(page, server.origin);
  await rowOf(page, 'Site visit 1').hover();
  await page.getByRole('banner').getByText('Live').waitFor();
  await context.setOffline(true);
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Approve/ })
    .click();
  await said(page, 'The decision was not taken');
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Approve/ })
    .waitFor();
  await context.setOffline(false);
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Approve/ })
    .click();
  await until(() => approvalOf(hold).state === 'approved');
});

test('a dialog whose code cannot be loaded says so, and the page stays', async () => {
  const { page } = opened;
  await page.route('**/assets/decision-dialog-*.js', (route) => route.abort());
  await signIn(page, server.origin);
  await rowOf(page, 'Site visit 1')
    .getByRole('button', { name: /^Reject/ })
    .click();
  await said(page, 'This part of the page could not be loaded');
  await page.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor();
  await page.unroute('**/assets/decision-dialog-*.js');
});

test('a slow server shows rows of the right height, a failing one its code and a way to try again', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks');
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await page.route('**/api/v1/approvals?**view=delegated**', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${server.origin}/?view=delegated`);
  await page.getByRole('status', { name: 'Loading' }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  release();
  await page.getByText('Nothing is delegated').waitFor();
  await page.unroute('**/api/v1/approvals?**view=delegated**');
  // Only the view itself asks for what was snoozed.
  await page.route('**/api/v1/approvals?**view=snoozed**', (route) =>
    route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ code: 'server.busy', title: 'Busy' }) }),
  );
  await page.getByRole('link', { name: 'Snoozed' }).click();
  await page.getByText('server.busy').waitFor();
  await checkThrice(page, 'a view that failed');
  await page.unroute('**/api/v1/approvals?**view=snoozed**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Nothing is snoozed').waitFor();
});

test('a task that was done while its lists were loaded is shown once, as done', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/tasks');
  // The list of what is being worked on is older than that of what was handled: its task is done by now.
  await page.route('**/api/v1/tasks?**received**', async (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('state', 'done,cancelled');
    const handled = await (await route.fetch({ url: url.href })).json();
    const [first] = handled.items;
    await route.fulfill({ json: { ...handled, items: [{ ...first, state: 'running', outcome: null, finishedAt: null }] } });
  });
  const working = page.waitForResponse('**/api/v1/tasks?**received**');
  await page.goto(server.origin);
  const { items } = (await (await working).json()) as { items: { id: string }[] };
  const link = page.locator(`main a[href="/tasks/${items[0]?.id}"]`);
  await link.first().waitFor();
  await settled(page);
  assert.equal(await link.count(), 1);
  await page.unroute('**/api/v1/tasks?**received**');
});

test('while somebody is away another one stands in, until they are back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account');
  await page.getByLabel('Who stands in for you').selectOption({ label: 'Ben Okafor · ben@demo.example' });
  await page.getByLabel('Until', { exact: true }).fill('2000-01-01T08:00');
  await page.getByText('The end has to be after the beginning').waitFor();
  await page.getByLabel('Until', { exact: true }).fill('2099-01-01T08:00');
  await page.getByRole('main').locator('form').filter({ hasText: 'Who stands in' }).getByRole('button', { name: 'Save' }).click();
  await page.getByText(/Ben Okafor stands in for you until/).waitFor();
  assert.equal(server.world.deciding.away?.to.kind, 'member');
  await page.getByRole('button', { name: 'I am back' }).click();
  await page.getByLabel('Who stands in for you').waitFor();
  assert.equal(server.world.deciding.away, null);
});
