import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, settled, signIn } from './browser.ts';
import { checkEverywhere, checkPage } from './check-page.ts';
import { idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('accounts show their balances in the digits of their currency; transactions come in pages and by account', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Money' }).click();
  await page.getByText('€12,043.50').waitFor();
  await page.getByText('¥12,400').waitFor();
  await page.getByText('Between 3 and 10 November a statement is missing.').waitFor();
  assert.equal(await page.getByText('Shop 5').count(), 0);
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText('Shop 5').waitFor();
  await page.getByLabel('Account', { exact: true }).selectOption('Account in Japan');
  await page.getByText('Shop 5').waitFor({ state: 'detached' });
  await page.waitForURL((url) => url.searchParams.get('account') === idOf('acc', 2));
});

test('a proposed category is confirmed, another is changed', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/money');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Category of Blue Bean: Food?' }).click();
  await dialog.getByText('Three like it were Food.').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  await page.getByRole('button', { name: 'Category of Interest: Interest' }).click();
  await dialog.getByLabel('Category').fill('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Category of Interest: no category' }).waitFor();
  const [, bean, interest] = server.world.ledger.transactions;
  assert.deepEqual([bean?.category, bean?.categorisedBy, interest?.category], ['Food', 'person', null]);
});

test('an invoice says why something may pay it; that is confirmed, undone, or settled otherwise', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/money?view=invoices');
  await page.getByRole('button', { name: 'Show the invoice Northwind Supplies GmbH · INV-2026-0042' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('It names the number INV-2026-0042.').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Northwind Supplies GmbH pays it' }).click();
  await dialog.getByText('pays it', { exact: true }).waitFor();
  assert.equal(server.world.ledger.invoices[0]?.state, 'paid');
  await dialog.getByRole('button', { name: 'Northwind Supplies GmbH does not pay it' }).click();
  await dialog.getByText('does not pay it', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Settled otherwise' }).click();
  await dialog.getByRole('button', { name: 'Open it again' }).waitFor();
  assert.equal(server.world.ledger.invoices[0]?.state, 'closed');
});

test('a bank file is taken in; one that needs an answer asks for its columns', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/money');
  const dialog = page.getByRole('dialog');
  const choose = async (name: string) => {
    await page.getByRole('button', { name: 'Import a bank file' }).click();
    await dialog.getByLabel('File').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from('anything') });
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  };
  await choose('november.xml');
  await dialog.getByText('2 transactions taken in, 1 known already.').waitFor();
  await dialog.getByText('Line 7: The amount is no number.').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();

  await choose('november.csv');
  await dialog.getByText('Which column has the day of the booking?').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Read it' }).isDisabled());
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByLabel('Day of the booking').selectOption('When');
  await dialog.getByLabel('Amount', { exact: true }).selectOption('How much');
  await dialog.getByRole('button', { name: 'Read it' }).click();
  await dialog.getByText('2 transactions taken in, 1 known already.').waitFor();
  assert.deepEqual(server.world.ledger.mappings, [
    {
      mapping: {
        header: ['?', 'When', 'Who', 'How much'],
        delimiter: ';',
        dateOrder: 'dmy',
        decimalPoint: ',',
        columns: { bookedOn: 1, amount: 3, counterparty: 2 },
      },
    },
  ]);
});

test('rules for categories are listed with what they would have decided, moved, made, changed and deleted', async () => {
  const { page, complaints } = opened;
  const { ledger } = server.world;
  await signIn(page, server.origin, '/money?view=rules');
  await page.getByText('Would have decided 4 of 412 transactions').waitFor();
  await page.getByText('money goes out · from €10.00 · up to €50.00 · in EUR').waitFor();
  await page.getByRole('button', { name: 'Move the rule for Food down' }).click();
  await said(page, 'Saved');
  assert.deepEqual(
    ledger.rules.slice(0, 2).map(({ category }) => category),
    ['Office', 'Food'],
  );
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog.getByText('A rule needs a category and something that has to hold.').waitFor();
  await dialog.getByLabel('Category').fill('Rent');
  await dialog.getByLabel('Words in the name').fill('Landlord');
  await dialog.getByLabel('From', { exact: true }).fill('12.5');
  await dialog.getByText('Would have decided 4 of 412 transactions').waitFor();
  await checkPage(page, '/money with a rule', complaints);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Edit the rule for Rent' }).waitFor();
  assert.deepEqual(ledger.rules[3], { category: 'Rent', counterparty: 'Landlord', minMinor: 1_250 });
  await page.getByRole('button', { name: 'Edit the rule for Rent' }).click();
  await dialog.getByRole('button', { name: 'Delete this rule' }).click();
  await page.getByRole('button', { name: 'Edit the rule for Rent' }).waitFor({ state: 'detached' });
  assert.equal(ledger.rules.length, 3);
  await checkEverywhere(page, server.origin, ['/money?view=rules'], complaints);
});

test('who may not see the accounts finds no way to them, and who may only look finds nothing to change', async () => {
  const { page } = opened;
  server.world.me.permissions = ['task:read', 'approval:read'];
  await signIn(page, server.origin);
  assert.equal(await page.getByRole('link', { name: 'Money' }).count(), 0);
  server.world.me.permissions = ['task:read', 'approval:read', 'ledger:read'];
  await page.goto(`${server.origin}/money`);
  await settled(page);
  await page.getByText('Blue Bean').waitFor();
  assert.deepEqual(await page.getByRole('main').locator('button:not([aria-haspopup=dialog])').allTextContents(), ['Load more']);
});
