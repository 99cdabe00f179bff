import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('a tool server is plugged in with a reference to its token, changed, paused, resumed and unplugged', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/tools');
  await page.getByRole('button', { name: 'New tool server' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Wiki');
  await dialog.getByLabel('Short name').fill('wiki');
  await dialog.getByLabel('Address').fill('https://wiki.example/mcp');
  await dialog.getByLabel('How it knows you').selectOption('bearer');
  await dialog.getByLabel('Token').fill('secret://db/wiki');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Plug it in' }).click();
  await said(page, 'The tool server is plugged in.');
  const { slug, endpoint } = server.world.tools.servers[0] ?? assert.fail('It is plugged in.');
  assert.equal(slug, 'wiki');
  assert.deepEqual(endpoint, { kind: 'http', url: 'https://wiki.example/mcp', signIn: { kind: 'bearer', token: 'secret://db/wiki' } });

  await page.getByRole('button', { name: 'Change Wiki' }).click();
  await dialog.getByLabel('Where it is').selectOption('program');
  await dialog.getByLabel('Program').selectOption('weather');
  await dialog.getByText('runs in a sandbox of its own').waitFor();
  await dialog.getByLabel('WEATHER_KEY').fill('secret://db/weather');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved');
  assert.deepEqual(server.world.tools.servers[0]?.endpoint, {
    kind: 'program',
    program: 'weather',
    env: { WEATHER_KEY: 'secret://db/weather' },
  });
  const choose = async (item: string) => {
    await page.getByRole('button', { name: 'More about Wiki' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Pause');
  await said(page, 'Paused');
  await choose('Resume');
  await said(page, 'Resumed');
  await choose('Unplug');
  await dialog.getByRole('button', { name: 'Unplug' }).click();
  await said(page, 'The tool server is unplugged');
});

test('a tool begins as the worst that it could be; what somebody says of it is what is confirmed, and is taken back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/tools');
  await page.getByRole('link', { name: 'Tools of Ticket desk' }).click();
  await page.getByRole('button', { name: 'Look at its tools' }).click();
  await page.getByText('It offers 4 tools; 1 to confirm, 1 changed and stopped.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Confirm a name with spaces' }).count(), 0);
  await page.getByRole('button', { name: 'Confirm create_ticket' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('<b>Perfectly safe</b>').waitFor();
  assert.equal(await dialog.getByLabel('The worst that it can do').inputValue(), 'destroy');
  assert.equal(await dialog.getByLabel('Risk').inputValue(), 'high');
  assert.ok(await dialog.getByLabel('People outside can see it').isChecked());
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByLabel('The worst that it can do').selectOption('egress');
  await dialog.getByLabel('Risk').selectOption('medium');
  await dialog.getByLabel('It gives back private data').uncheck();
  await dialog.getByLabel('body').selectOption('content');
  await dialog.getByRole('button', { name: 'Confirm', exact: true }).click();
  await said(page, 'Confirmed.');
  const [tool] = server.world.tools.tools;
  const { effect, risk, readsPrivate, visibleOutside, args } = tool?.manifest ?? assert.fail('It is there.');
  assert.deepEqual([effect, risk, readsPrivate, visibleOutside], ['egress', 'medium', false, true]);
  assert.deepEqual([args.subject?.role, args.body?.role, args.all?.role], ['steering', 'content', 'steering']);

  await page.getByRole('button', { name: 'Take the confirmation of create_ticket back' }).click();
  await dialog.getByRole('button', { name: 'Take back' }).click();
  await said(page, 'The confirmation is taken back');
  assert.equal(tool?.state, 'proposed');
});

test('a tool that has changed shows how, with what is hidden in it', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/tools');
  await page.getByRole('link', { name: 'Tools of Ticket desk' }).click();
  await page.getByRole('button', { name: 'Confirm close_ticket' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('What has changed since it was confirmed').waitFor();
  await dialog.getByText('inputSchema.properties.all').waitFor();
  assert.equal(await dialog.locator('mark').count(), 2);
  assert.deepEqual(await axeFaults(page), []);
});

test('signing in leads to the server and back to its tools; a sign-in that did not work says so', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/tools');
  const tracker = server.world.tools.servers[1] ?? assert.fail('It is there.');
  Object.assign(tracker, { isSignedIn: false });
  const button = page.getByRole('button', { name: 'Sign in to A tracker' });
  await button.waitFor();
  Object.assign(tracker, { isSignedIn: true, fault: null, state: 'active' });
  await button.click();
  await page.getByText('You have signed in to A tracker').waitFor();
  await page.goto(`${server.origin}/settings/tools?problem=tool_server.invalid`);
  await page.getByText('The sign-in did not work. Begin it again.').waitFor();
});

test('a sign-in that has run out is begun again, and another place to sign in is shown before anybody goes there', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/tools');
  const { tools } = server.world;
  const tracker = tools.servers[1] ?? assert.fail('It is there.');
  Object.assign(tracker, { isSignedIn: true, state: 'broken' });
  const placeAt = (host: string) => ({
    issuer: `https://${host}`,
    authorizationEndpoint: `https://${host}/authorize`,
    tokenEndpoint: `https://${host}/token`,
  });
  tools.elsewhere = { pin: 'of-the-other', before: placeAt('login.example'), after: placeAt('login.evil.example') };
  await page.getByRole('button', { name: 'Sign in to A tracker' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('https://login.evil.example/token').waitFor();
  await dialog.getByText('https://login.example/token').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  Object.assign(tracker, { fault: null, state: 'active' });
  await dialog.getByRole('button', { name: 'Agree and sign in' }).click();
  await page.getByText('You have signed in to A tracker').waitFor();
});

test('what a program of a tool server printed last is shown as what it is', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/settings/tools');
  await page.getByRole('link', { name: 'Tools of Weather' }).click();
  await page.getByRole('heading', { name: 'What its program printed last' }).waitFor();
  await page.getByText('listening').waitFor();
  assert.deepEqual(await axeFaults(page), []);
});
