import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, openPage, said, signIn, startBrowser } from './browser.ts';
import { checkEverywhere } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';
import { startFixtureServer } from './fixture-server.ts';

eachTestHasAPage('demo');

test('policies are tried on past decisions before they are put in force, and what somebody said no to stands first', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/policies');
  await page.getByLabel('Paid without asking, up to').fill('120.5');
  await page.getByLabel('People who have to say yes').selectOption('2');
  await page.getByLabel('From this amount on').fill('1000');
  await page.getByRole('button', { name: 'Try and save' }).click();
  const dialog = page.getByRole('dialog', { name: 'Try, then save' });
  await dialog.getByText('One of these a person had said no to.').waitFor();
  await dialog.getByText('Looked at 214 decisions').waitFor();
  await dialog.getByText('7: something else that decided about them has changed since').waitFor();
  await dialog.getByRole('row', { name: 'Runs alone 120 161 +41' }).waitFor();
  const first = dialog.getByRole('listitem').filter({ hasText: 'Contoso' });
  await first.getByText('Somebody said no').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Put in force' }).click();
  await said(page, 'These policies are in force');
  const { version, thresholds } = server.world.policies.policy;
  assert.equal(version, 4);
  assert.deepEqual(
    [thresholds?.payUnattendedUpToMinor, thresholds?.paymentApprovals, thresholds?.paymentCareFromMinor],
    [12_050, 2, 100_000],
  );
});

test('the text is looked at for faults while it is typed, and a fault leads to its line', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/policies?view=text');
  const text = page.getByLabel('Policies in Cedar');
  await text.fill('// one\n// two\npermitt (principal, action, resource);');
  await page.getByText('1 fault', { exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try and save' }).isDisabled(), true);
  await page.getByRole('button', { name: 'Go to line 3' }).click();
  const chosen = await text.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
  assert.equal(chosen, 'permitt (principal, action, resource);');
  await text.fill('// mine alone\n');
  await page.getByText('No faults').waitFor();
  await page.getByRole('button', { name: 'Try and save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Put in force' }).click();
  await said(page, 'These policies are in force');
  await page.getByRole('link', { name: 'Form', exact: true }).click();
  await page.getByText('The text was edited by hand').waitFor();
  assert.deepEqual(await axeFaults(page), []);
});

test('when somebody else has saved meanwhile nothing is overwritten, and what was typed stays', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/policies?view=text');
  await page.getByLabel('Policies in Cedar').fill('// mine\n');
  await page.getByText('No faults').waitFor();
  await page.getByRole('button', { name: 'Try and save' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Looked at 214 decisions').waitFor();
  server.world.policies.policy.version += 1;
  await dialog.getByRole('button', { name: 'Put in force' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'Somebody else' }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await page.getByLabel('Policies in Cedar').inputValue(), '// mine\n');
});

test('an older version comes back after a look at what it changes', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/policies?view=versions');
  await page.getByRole('button', { name: 'Look at version 1' }).click();
  const dialog = page.getByRole('dialog', { name: 'Version 1' });
  await dialog.getByText('"1000"').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Put in force again' }).click();
  await said(page, 'These policies are in force');
  assert.match(server.world.policies.policy.text, /"1000"/);
});

test('a standing permission is given for what it binds, and taken back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/grants');
  await page.getByRole('button', { name: 'New permission' }).click();
  const dialog = page.getByRole('dialog', { name: 'Give a standing permission' });
  assert.equal(await dialog.getByRole('button', { name: 'Give' }).isDisabled(), true, 'one that binds nothing is of no use');
  await dialog.getByLabel('Start may come from').fill('$event.date');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Give' }).click();
  await said(page, 'Given');
  const made = server.world.policies.grants.at(-1);
  assert.deepEqual(
    [made?.tool, made?.args, made?.source, made?.perDay],
    ['calendar.hold', { start: '$event.date' }, { source: 'mail' }, 20],
  );
  await page.getByRole('button', { name: 'Take back the permission for Hold a time' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await said(page, 'Taken back');
  assert.equal(server.world.policies.grants.length, 2);
});

test('a change is put back after it was shown what will be set, and what an operator set has no way back here', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/changes');
  await page.getByText('Hours until a question expires: 24 → 48').waitFor();
  await page.getByText('Members: 25 → 50').waitFor();
  await page.getByText('Setting imapHost: imap.example.com → mail.example.com').waitFor();
  await page.getByText('old passwords and keys are kept nowhere').last().waitFor();
  assert.equal(await page.getByRole('button', { name: /^Put back what was there before the change of Quotas/ }).count(), 0);
  await page.getByRole('button', { name: /^Put back what was there before the change of Settings/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Put back what was there before?' });
  await dialog.getByText('Hours until a question expires: 24').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Put back' }).click();
  await said(page, 'Put back');
  await page.getByText('Hours until a question expires: 48 → 24').waitFor();
});

test('whoever may only read sees everything and can change nothing', async () => {
  const { page } = opened;
  server.world.me.permissions = server.world.me.permissions.filter((permission) => !/^(policy|settings):write$/.test(permission));
  await signIn(page, server.origin, '/settings/policies');
  await page.getByText('You can see this, but not change it.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try and save' }).count(), 0);
  assert.equal(await page.getByLabel('Paid without asking, up to').isDisabled(), true);
  await page.goto(`${server.origin}/settings/grants`);
  await page.getByText('Start', { exact: false }).first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^Take back/ }).count(), 0);
});

test('a choice of density holds at once and for the next visit', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/grants');
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('menuitemradio', { name: 'Compact' }).click();
  await page.waitForFunction(() => document.documentElement.classList.contains('compact'));
  await page.reload();
  await page.waitForFunction(() => document.documentElement.classList.contains('compact'));
});

const pages = {
  demo: ['/settings/policies', '/settings/policies?view=text', '/settings/grants', '/settings/changes'],
  empty: ['/settings/grants', '/settings/changes'],
} as const;

for (const scenario of ['demo', 'empty'] as const)
  test(`policies, permissions and changes of a tenant that is ${scenario} have no fault of accessibility`, async (t) => {
    const place = await startFixtureServer(scenario);
    t.after(() => place.close());
    const browser = await startBrowser();
    t.after(() => browser.close());
    const { page, complaints } = await openPage(browser, place.origin);
    await signIn(page, place.origin);
    await checkEverywhere(page, place.origin, pages[scenario], complaints);
  });
