import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn } from './browser.ts';
import { idOf } from './fixture/build.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('without mail, who invites gets a link to hand over; with mail, only that it is on its way', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/members');
  const invite = async (email: string) => {
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Approver').check();
    assert.deepEqual(await axeFaults(page), []);
    await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click();
    return page.getByRole('dialog', { name: 'Invited' });
  };
  const byHand = await invite('kim@demo.example');
  await byHand.getByText(/\/join#token=fresh-invitation$/).waitFor();
  await byHand.getByRole('button', { name: 'Done' }).click();
  await page.locator('#content').getByText('kim@demo.example').waitFor();
  server.world.membership.mails = true;
  const mailed = await invite('lee@demo.example');
  await mailed.getByText('on its way to lee@demo.example').waitFor();
  assert.equal(await mailed.getByText('token').count(), 0);
});

test('inviting somebody who is a member already is refused in the dialog, and what was typed stays', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/members');
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await page.getByLabel('E-mail address').fill('ben@demo.example');
  await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'a member already' }).waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'ben@demo.example');
});

test("a member's roles are changed and a member is removed; the last owner stays", async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/members');
  await page.getByRole('button', { name: 'Change Dmitri Volkov' }).click();
  await page.getByLabel('Auditor').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  assert.deepEqual(server.world.membership.members[3]?.roles, ['member', 'auditor']);

  await page.getByRole('button', { name: 'Change Dmitri Volkov' }).click();
  await page.getByRole('button', { name: 'Remove from the tenant' }).click();
  await page.getByRole('dialog', { name: 'Remove Dmitri Volkov?' }).getByRole('button', { name: 'Remove' }).click();
  await said(page, 'Dmitri Volkov is removed');
  await page.getByRole('button', { name: 'Change Dmitri Volkov' }).waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Change Anna Lindqvist' }).click();
  await page.getByLabel('Owner').uncheck();
  await page.getByLabel('Member', { exact: true }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'the last owner' }).waitFor();
});

test('a role is made of named permissions, and only of those that its maker has', async () => {
  const { page } = opened;
  server.world.me.permissions = server.world.me.permissions.filter((permission) => permission !== 'tenant:close');
  await signIn(page, server.origin, '/settings/roles');
  await page.getByRole('button', { name: 'New role' }).click();
  await page.getByLabel('Title').fill('Bücher & Büro');
  await page.getByLabel('Read notes').check();
  assert.equal(await page.getByRole('checkbox', { name: /^Close the tenant/ }).isDisabled(), true);
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  const made = server.world.membership.roles.at(-1);
  assert.deepEqual([made?.name, made?.title, made?.permissions], ['bucher-buro', 'Bücher & Büro', ['vault:read']]);
});

test('a role that somebody has is not deleted, and the page says why', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/roles');
  await page.getByRole('button', { name: 'Delete the role Bookkeeping' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('alert').filter({ hasText: 'Somebody has this role' }).waitFor();
});

test('a team is made and changed', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/teams');
  await page.getByRole('button', { name: 'New team' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Purchasing');
  await page.getByLabel('Chiara Rossi').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('#content').getByText('Chiara Rossi').waitFor();
  assert.deepEqual(server.world.membership.teams.at(-1)?.members, [idOf('usr', 12)]);
});

test('a key is shown once, after the person has proved that it is them, and replaced with an overlap', async () => {
  const { page } = opened;
  server.world.people.isFresh = false;
  await signIn(page, server.origin, '/settings/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Scanner');
  await page.getByLabel('Send events and mail in').check();
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('dialog', { name: 'Confirm that it is you' }).getByLabel('Password').fill('correct horse');
  await page.keyboard.press('Enter');
  const made = page.getByRole('dialog', { name: 'Copy the key now' });
  await made.getByText('fct_9vTq7Lw2rXkB4mZs8NfYpHcJ1dGe6UaQ').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await made.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByText('fct_9vTq7Lw2rXkB4mZs8NfYpHcJ1dGe6UaQ').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Replace the key Invoice scanner' }).click();
  const sent = page.waitForRequest((request) => request.url().endsWith('/rotate'));
  await page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click();
  assert.deepEqual((await sent).postDataJSON(), { overlapHours: 24 });
  await page.getByText('The old key works until').waitFor();
});

test('an identity provider is set up, tested and given its domain', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/sso');
  await page.getByRole('button', { name: 'Add an identity provider' }).click();
  await page.getByLabel('Name').fill('Fabrikam');
  await page.getByLabel('Address of the provider (issuer)').fill('https://login.fabrikam.example');
  await page.getByLabel('Client id').fill('factotum');
  await page.getByLabel('Client secret').fill('s3cret');
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/sso/providers'));
  await page.getByRole('button', { name: 'Save and go on' }).click();
  const body = (await sent).postDataJSON();
  assert.deepEqual([body.kind, body.enabled, body.oidc.clientSecret], ['oidc', false, 's3cret']);
  await page.getByRole('heading', { name: 'Fabrikam' }).waitFor();
  await page.getByText('/api/v1/sso/callback').waitFor();

  const opens = opened.context.waitForEvent('page');
  await page.getByRole('button', { name: 'Test the sign-in' }).click();
  await page.getByText('The test passed').waitFor();
  await page.getByText('You would get: approver').waitFor();
  await page.getByText('finance-leads').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await (await opens).getByText('You can close this window').waitFor();

  await page.getByLabel('Domain', { exact: true }).fill('Fabrikam.example');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('_factotum.fabrikam.example').waitFor();
  await page.getByRole('button', { name: 'Check fabrikam.example now' }).click();
  await said(page, 'fabrikam.example is proven');
});

test('a test that fails says why, and a domain that is not proven says what was found', async () => {
  const { page } = opened;
  server.world.sso.testError = 'The address is not verified';
  await signIn(page, server.origin, `/settings/sso/${idOf('sso', 1)}`);
  await page.getByRole('button', { name: 'Test the sign-in' }).click();
  await page.getByText('The address is not verified').waitFor();
  await page.getByRole('button', { name: 'Check northwind-supplies.example now' }).click();
  await page.getByText('Found, but not the right one: v=spf1 -all').waitFor();
  assert.deepEqual(await axeFaults(page), []);
});

test('a secret that is stored is never shown, and stays when nothing is typed', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/settings/sso/${idOf('sso', 1)}`);
  assert.equal(await page.getByLabel('Client secret').inputValue(), '');
  await page.getByLabel('Scopes').fill('openid email');
  const sent = page.waitForRequest((request) => request.method() === 'PUT');
  await page.getByRole('button', { name: 'Save' }).first().click();
  const { oidc } = (await sent).postDataJSON();
  assert.deepEqual(oidc, { issuer: 'https://login.northwind.example/realms/main', clientId: 'factotum', scopes: ['openid', 'email'] });
});

test('groups of the provider bring roles, in the order of the rules', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/settings/sso/${idOf('sso', 1)}`);
  await page.getByRole('button', { name: 'Add a group' }).click();
  await page.getByLabel('Group 2', { exact: true }).fill('auditors');
  await page.getByLabel('Role of group 2').selectOption('auditor');
  await page.getByRole('button', { name: 'Save' }).last().click();
  await said(page, 'Saved');
  assert.deepEqual(server.world.sso.providers[0]?.roles.rules, [
    { value: 'finance-leads', role: 'approver' },
    { value: 'auditors', role: 'auditor' },
  ]);
});

test('a token for a directory is shown once and revoked', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/provisioning');
  await page.getByText('https://factotum.example/scim/v2').waitFor();
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByLabel('Name').fill('Okta');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page
    .getByRole('dialog')
    .getByText(/^scim_/)
    .waitFor();
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('button', { name: 'Revoke the token Okta' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await said(page, 'The token is revoked');
});

test('rules that would lock their maker out are refused, and what was typed stays', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/security');
  await page.getByLabel('Only through the identity provider').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'You would lock yourself out' }).waitFor();
  await page.getByLabel('Except one owner').selectOption({ label: 'Anna Lindqvist' });
  await page.getByLabel('Allowed addresses').fill('203.0.113.7\n\n198.51.100.0/24\n');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  const { rules } = server.world.membership;
  assert.deepEqual([rules.ssoRequired, rules.allowedAddresses], [true, ['203.0.113.7', '198.51.100.0/24']]);
});

test('usage tells what is nearly and what is wholly used up, in words', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/usage');
  const row = (quota: string) => page.getByRole('listitem').filter({ hasText: quota });
  assert.match((await row('Model spend per month').textContent()) ?? '', /used up.*US\$100 of US\$100/s);
  assert.match((await row('Model spend per day').textContent()) ?? '', /over 80 %.*US\$4\.32 of US\$5/s);
});

test('only what was changed in the settings is sent', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/general');
  await page.getByLabel('Hours until a question expires').fill('48');
  await page.getByLabel('Who plans what no playbook knows').selectOption({ label: 'Nobody: it waits for a person' });
  const sent = page.waitForRequest((request) => request.method() === 'PUT');
  await page.getByRole('button', { name: 'Save' }).click();
  assert.deepEqual((await sent).postDataJSON(), { approvalTtlHours: 48, planner: 'playbooks', model: null });
  await said(page, 'Saved');
  await page.getByRole('button', { name: 'Save', disabled: true }).waitFor();
});

test('an archive is asked for with a passphrase typed twice, and listed with its progress', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/closing');
  await page.getByRole('button', { name: 'Make an archive' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Passphrase', { exact: true }).fill('a long enough phrase');
  await dialog.getByLabel('once more').fill('another');
  await dialog.getByText('not the same').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Make an archive' }).isDisabled(), true);
  await dialog.getByLabel('once more').fill('a long enough phrase');
  await dialog.getByRole('button', { name: 'Make an archive' }).click();
  await page.locator('#content').getByText('Waiting', { exact: true }).waitFor();
  assert.equal(await page.getByRole('progressbar').count(), 1);
});

test('closing the tenant needs its name typed, and can be taken back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/closing');
  await page.getByRole('button', { name: 'Close the tenant' }).click();
  const dialog = page.getByRole('dialog', { name: 'Close the tenant?' });
  const button = dialog.getByRole('button', { name: 'Close the tenant' });
  assert.equal(await button.isDisabled(), true);
  await dialog.getByLabel('Type demo to confirm').fill('demo');
  assert.deepEqual(await axeFaults(page), []);
  await button.click();
  await page.locator('#content').getByText('The tenant is being closed').waitFor();
  await page.getByRole('button', { name: 'Keep the tenant' }).click();
  await said(page, 'The tenant stays');
});

test('groups of a directory bring roles', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/provisioning');
  await page.getByLabel('Group 1', { exact: true }).fill('Accounting');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  assert.deepEqual(server.world.machines.scim.roles.rules, [{ group: 'Accounting', role: 'approver' }]);
});
