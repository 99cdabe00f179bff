import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn, untilUnsaid } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('a model of the own is tried and saved, and its key becomes a secret that nobody sees again', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/model');
  await page.getByText('The model of this installation plans.').waitFor();
  await page.getByRole('combobox', { name: 'Which model plans' }).selectOption('own');
  await page.getByLabel('Name of the model').fill('local');
  await page.getByLabel('Address').fill('https://models.example/v1');
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByText('The model answers as it should, in 0.8 s.').waitFor();
  await page.getByLabel('Key', { exact: true }).selectOption('new');
  await page.getByLabel('The key').fill('sk-not-to-be-seen');
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  await page.getByText('Your own model plans.').waitFor();
  const { own } = server.world.protection.model;
  assert.match(own?.key ?? '', /^secret:\/\/db\/model-key-/);
  await untilUnsaid(page, 'sk-not-to-be-seen');
  assert.equal(server.world.protection.secrets[0]?.name, own?.key?.slice('secret://db/'.length));
});

test('a secret is stored, replaced and deleted; one that is used stays', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/secrets');
  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByLabel('Name', { exact: true }).fill('smtp-password');
  await page.getByLabel('Value', { exact: true }).fill('hunter2 but longer');
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Store', exact: true }).click();
  await said(page, 'The secret is stored');
  await page.locator('#content').getByText('smtp-password').waitFor();

  await page.getByRole('button', { name: 'Replace the value of smtp-password' }).click();
  await page.getByLabel('Value', { exact: true }).fill('another value');
  await page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click();
  await said(page, 'The new value is stored');
  await page.locator('#content').getByText('version 2').waitFor();

  await page.getByRole('button', { name: 'Delete the secret smtp-password' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The secret is deleted');
  await page.getByRole('button', { name: 'Delete the secret smtp-password' }).waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Delete the secret mail-password' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('alert').filter({ hasText: 'refers to this secret' }).waitFor();
});

test('keys are rotated with progress, and an old generation is destroyed only by typing it', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/encryption');
  await page.getByText('Vault does not answer within 5 seconds.').waitFor();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await page.getByRole('dialog').getByLabel('Destroy the old generation afterwards').check();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
  await said(page, 'New keys are made');
  await page.getByRole('progressbar').waitFor();
  await page.getByText('Generation 4').waitFor();

  await page.getByRole('button', { name: 'Destroy generation 2' }).click();
  const dialog = page.getByRole('dialog', { name: 'Destroy generation 2?' });
  assert.equal(await dialog.getByRole('button', { name: 'Destroy' }).isDisabled(), true);
  await dialog.getByLabel('Type destroy').fill('destroy');
  await dialog.getByRole('button', { name: 'Destroy' }).click();
  await said(page, 'The generation is destroyed');
  await page.getByRole('button', { name: 'Destroy generation 2' }).waitFor({ state: 'detached' });
});

test('a tenant brings its own key service, and goes back to the installation', async () => {
  const { page } = opened;
  server.world.protection.encryption.provider.own = false;
  await signIn(page, server.origin, '/settings/encryption');
  await page.getByRole('button', { name: 'Bring your own' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address of the key').fill('vault-transit:https://vault.example/transit/ours');
  await dialog.getByLabel('Credential (JSON)').fill('not json');
  await dialog.getByText('This is not a JSON object.').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Try and change' }).isDisabled(), true);
  await dialog.getByLabel('Credential (JSON)').fill('{"token": "hvs.not-to-be-seen"}');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Try and change' }).click();
  await said(page, 'Your own service guards the keys now');
  await untilUnsaid(page, 'hvs.not-to-be-seen');
  await page.getByRole('button', { name: 'Back to the installation' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Back to the installation' }).click();
  await said(page, 'The installation guards the keys again');
  await page.getByRole('button', { name: 'Bring your own' }).waitFor();
});

test('a file is stored, offered as a download, and deleted', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault');
  await page.getByRole('link', { name: 'Files', exact: true }).click();
  await page.getByRole('button', { name: 'Upload' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByLabel('File', { exact: true })
    .setInputFiles({ name: 'notes & more.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-') });
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await said(page, 'The file is stored');
  const link = page.getByRole('link', { name: 'Download Attachments/notes & more.pdf' });
  assert.equal(await link.getAttribute('href'), '/api/v1/vault/files/Attachments/notes%20%26%20more.pdf');
  await page.getByRole('button', { name: 'Delete Attachments/notes & more.pdf' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The file is deleted');
  await link.waitFor({ state: 'detached' });
});

test('who may only see keys finds nothing to press', async () => {
  const { page } = opened;
  server.world.me.permissions = ['encryption:read', 'secret:read', 'settings:read'];
  await signIn(page, server.origin, '/settings/encryption');
  await page.getByText('Generation 3').waitFor();
  assert.equal(await page.locator('#content').locator('button:not([aria-haspopup=dialog])').count(), 0);
  await page.goto(`${server.origin}/settings/secrets`);
  await page.getByText('bank-token').waitFor();
  assert.equal(await page.locator('#content').locator('button:not([aria-haspopup=dialog])').count(), 0);
});

test('an operator sees the backups, makes one, and has one checked', async () => {
  const { page } = opened;
  server.world.operate();
  await signIn(page, server.origin, '/operator/backups');
  await page.getByText('s3://backups-of-northwind/factotum').waitFor();
  await page.getByRole('button', { name: 'Back up now' }).click();
  await said(page, 'A backup is being made');
  await page.getByRole('button', { name: /^Check the backup of/ }).click();
  await said(page, 'The backup is being checked');
});
