import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn, untilUnsaid } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('a device is added, its token is shown once with the address, and its access is taken away', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account');
  await page.getByRole('button', { name: 'Add a device' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Phone');
  await dialog.getByLabel('Write and delete notes and files').uncheck();
  await dialog.getByLabel('It ends').selectOption('90');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await dialog.getByText('fct_dev_shownonce').waitFor();
  await dialog.getByText(`${server.origin}/webdav/`).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  const [made] = server.world.devices.devices;
  assert.deepEqual([made?.name, made?.permissions], ['Phone', ['vault:read']]);
  const days = (Date.parse(made?.expiresAt ?? '') - Date.now()) / 86_400_000;
  assert.ok(days > 89 && days <= 90, `${days} days`);
  await untilUnsaid(page, 'fct_dev_shownonce');

  await page.getByRole('button', { name: 'Take the access of Phone away' }).click();
  await dialog.getByRole('button', { name: 'Take away' }).click();
  await said(page, 'The access is taken away');
  assert.deepEqual(
    server.world.devices.devices.map(({ name }) => name),
    ['Laptop'],
  );
});
