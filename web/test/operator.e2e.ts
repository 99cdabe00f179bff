import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { axeFaults, said, signIn } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');
beforeEach(() => server.world.operate());

test('an operator comes to the list of tenants and finds one by its name and by its state', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('heading', { name: 'Tenants' }).waitFor();
  await page.getByLabel('Find a tenant').fill('north');
  await page.getByRole('link', { name: /demo/ }).waitFor({ state: 'hidden' });
  await page.waitForURL((url) => url.search === '?find=north');
  await page.getByRole('link', { name: /northwind/ }).waitFor();
  await page.getByLabel('State').selectOption('closing');
  await page.getByText('No tenant fits').waitFor();
});

test('a tenant is made, and the operator is told how its owner gets in', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator');
  await page.getByRole('button', { name: 'New tenant' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('demo');
  await dialog.getByLabel("Owner's e-mail address").fill('kim@fabrikam.example');
  await dialog.getByRole('button', { name: 'Make the tenant' }).click();
  await dialog.getByText('A tenant of this name exists').waitFor();
  await dialog.getByLabel('Name', { exact: true }).fill('fabrikam');
  await dialog.getByRole('button', { name: 'Make the tenant' }).click();
  await page.getByText('session link --tenant fabrikam --email kim@fabrikam.example').waitFor();
  assert.deepEqual(await axeFaults(page), []);
});

test('a tenant is suspended with a reason, resumed, closed and erased, each only after a question', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator');
  await page.getByRole('link', { name: /northwind/ }).click();
  await page.getByRole('button', { name: 'Suspend' }).click();
  await page.getByLabel('Reason').fill('The invoice is open');
  await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await said(page, 'The tenant goes on');

  const confirm = async (opener: string, title: string, button: string) => {
    await page.getByRole('button', { name: opener, exact: true }).click();
    const dialog = page.getByRole('dialog', { name: title });
    await dialog.getByLabel('Type northwind to confirm').fill('northwind');
    await dialog.getByRole('button', { name: button, exact: true }).click();
  };
  await confirm('Close…', 'Close northwind?', 'Close the tenant');
  await confirm('Erase now…', 'Erase northwind now?', 'Erase now');
  await page.getByRole('link', { name: 'Certificate of destruction' }).waitFor();
});

test('limits that were changed are shown with what there was, and what applies to all is given back as that', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator');
  await page.getByRole('link', { name: /northwind/ }).click();
  await page.getByText('What was changed before').click();
  await page.getByText('Vault: 5 GB → 9 GB').waitFor();
  await page.getByRole('button', { name: /^Put back the limits from before/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Put these limits back?' });
  await dialog.getByText('Tasks in flight: 20').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Put back' }).click();
  await said(page, 'Put back');
  assert.deepEqual(server.world.tenancy.sentLimits, [{ 'vault.bytes': null, 'task.inFlight': 20 }]);
});

test('limits are typed in dollars and megabytes, and only what was changed is sent', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator');
  await page.getByRole('link', { name: /northwind/ }).click();
  await page.getByLabel('Model spend per day').fill('7.5');
  await page.getByLabel(/^Vault/).fill('');
  const sent = page.waitForRequest((request) => request.method() === 'PUT');
  await page.getByRole('button', { name: 'Save' }).click();
  const { limits } = (await sent).postDataJSON();
  assert.deepEqual(Object.values(limits), [7_500_000, null]);
});

test('an archive of another installation is sent with its passphrase in front', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator');
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByLabel('Archive', { exact: true }).setInputFiles({ name: 'a.factotum', mimeType: '', buffer: Buffer.from('sealed') });
  await page.getByLabel('Passphrase of the archive').fill('a long enough phrase');
  const sent = page.waitForRequest((request) => request.url().endsWith('/operator/imports'));
  await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click();
  assert.equal((await sent).headers()['content-type'], 'application/vnd.factotum.import');
  await said(page, 'The archive is being read');
});

test('a registration is approved', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator/registrations');
  await page.getByRole('button', { name: 'Approve fabrikam' }).click();
  await page.getByText('Nobody is waiting').waitFor();
});

test('a member without the right sees nothing of the operators, and one who has it is asked to change', async () => {
  const { page } = opened;
  const tenant = { id: 'ten_000000000000000000000001', name: 'demo' };
  Object.assign(server.world.me, { tenant, operator: false });
  await signIn(page, server.origin, '/operator');
  await page.getByText('This area is for those who operate the installation').waitFor();
  server.world.me.operator = true;
  await page.reload();
  const sent = page.waitForRequest((request) => request.url().endsWith('/session/tenant'));
  await page.getByRole('button', { name: 'Change to the operator area' }).click();
  assert.deepEqual((await sent).postDataJSON(), { tenantId: null });
});

test('the sheet of keys has those that work for operators, and they do', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/operator');
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await sheet.getByText('Registrations').waitFor();
  assert.equal(await sheet.getByText('Approve').count(), 0);
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'hidden' });
  await page.keyboard.press('g');
  await page.keyboard.press('v');
  await page.waitForURL('**/operator/volume');
});
