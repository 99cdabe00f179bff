import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

/** Answers the first question of the sign-in page. */
async function enterAddress(email: string, path = '/sign-in'): Promise<void> {
  await opened.page.goto(server.origin + path);
  await opened.page.getByLabel('Your e-mail address').fill(email);
  await opened.page.getByRole('button', { name: 'Continue' }).click();
}

test('a person signs in with a password by the keyboard alone, and is where they wanted to be', async () => {
  const { page } = opened;
  await page.goto(`${server.origin}/tasks`);
  await page.getByLabel('Your e-mail address').waitFor();
  await page.keyboard.type('anna@demo.example');
  await page.keyboard.press('Enter');
  await page.getByLabel('Password').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.keyboard.type('correct horse');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Tasks' }).waitFor();
});

test('a wrong password says so without saying what was wrong, and a second try works', async () => {
  const { page } = opened;
  await enterAddress('anna@demo.example');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('do not fit together').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByLabel('Password').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

test('an account with an app asks for its code, and takes a recovery code instead', async () => {
  const { page } = opened;
  server.world.people.needsCode = true;
  await enterAddress('anna@demo.example');
  await page.getByLabel('Password').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Code from your app').fill('000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('This code is wrong').waitFor();
  await page.getByRole('button', { name: 'I cannot use my app' }).click();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByLabel('Recovery code').fill('7kq2-m9xw');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

test('an address of a proven domain is led to its identity provider, and only ever back to a page of ours', async () => {
  const { page } = opened;
  await enterAddress('kim@northwind.example', '/sign-in?to=/tasks');
  const link = page.getByRole('link', { name: 'Continue with Northwind' });
  assert.match((await link.getAttribute('href')) ?? '', /^\/api\/v1\/sso\/start\?provider=sso_\w+&to=%2Ftasks$/);
  assert.deepEqual(await axeFaults(page), []);
  for (const foreign of ['https://evil.example', '//evil.example', '/\\evil.example', '/sign-in?to=/x']) {
    await enterAddress('kim@northwind.example', `/sign-in?to=${encodeURIComponent(foreign)}`);
    assert.match((await link.getAttribute('href')) ?? '', /&to=%2F$/, foreign);
  }
});

test('a mailed link is asked for with the same words whoever one is', async () => {
  const { page } = opened;
  await enterAddress('nobody@nowhere.example');
  await page.getByRole('button', { name: 'Send me a sign-in link' }).click();
  await page.getByText('If nobody@nowhere.example belongs to somebody here').waitFor();
});

test('a failed way over the identity provider is told in plain words', async () => {
  await opened.page.goto(`${server.origin}/sign-in?error=sso.failed`);
  await opened.page.getByRole('alert').filter({ hasText: 'Your identity provider did not sign you in' }).waitFor();
  await opened.page.goto(`${server.origin}/sign-in?error=%3Cscript%3E`);
  await opened.page.getByRole('alert').filter({ hasText: 'The sign-in did not work' }).waitFor();
});

test('somebody new joins by an invitation, and the token is nowhere in the address', async () => {
  const { page } = opened;
  await page.goto(`${server.origin}/join#token=invite-new`);
  await page.getByRole('heading', { name: 'Join northwind' }).waitFor();
  assert.equal(page.url(), `${server.origin}/join`);
  await page.getByLabel('Your name').fill('Bo Larsen');
  await page.getByLabel('Choose a password').fill('a sentence to remember');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

test('somebody who has an account signs in first and then joins', async () => {
  const { page } = opened;
  await page.goto(`${server.origin}/join#token=invite-known`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Your e-mail address').fill('anna@demo.example');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Password').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

test('an invitation for somebody else does not let the wrong person in', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.goto(`${server.origin}/join#token=invite-new`);
  await page.getByText('this invitation is for bo@demo.example').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Join' }).count(), 0);
});

test('a used invitation says so', async () => {
  await opened.page.goto(`${server.origin}/join#token=used`);
  await opened.page.getByText('This invitation is used, withdrawn, expired or unknown').waitFor();
});

test('a tenant is asked for, and the mailed link confirms the address', async () => {
  const { page } = opened;
  await page.goto(`${server.origin}/register`);
  await page.getByLabel('Name of your company or team').fill('fabrikam');
  await page.getByLabel('Your name').fill('Kim Larsen');
  await page.getByLabel('Your e-mail address').fill('kim@fabrikam.example');
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByText('Open the link that was sent to kim@fabrikam.example').waitFor();
  await page.goto(`${server.origin}/register#token=fine`);
  await page.reload();
  await page.goto('about:blank');
  await page.goto(`${server.origin}/register#token=ready`);
  await page.getByRole('link', { name: 'Open it' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

test('a dangerous change asks who it is, then goes on by itself; a wrong password changes nothing', async () => {
  const { page } = opened;
  server.world.people.isFresh = false;
  await signIn(page, server.origin, '/account');
  await page.getByRole('button', { name: 'Remove the passkey Laptop' }).click();
  await page.getByRole('dialog', { name: 'Remove the passkey "Laptop"?' }).getByRole('button', { name: 'Remove' }).click();
  const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await proof.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await proof.getByRole('alert').waitFor();
  assert.equal(server.world.people.account.passkeys.length, 1);
  assert.deepEqual(await axeFaults(page), []);
  await proof.getByLabel('Password').fill('correct horse');
  await page.keyboard.press('Enter');
  await said(page, 'The passkey is removed');
  assert.equal(server.world.people.account.passkeys.length, 0);
});

test('Escape on the question who it is leaves the dialog below open, and says that nothing was changed', async () => {
  const { page } = opened;
  server.world.people.isFresh = false;
  await signIn(page, server.origin, '/account');
  await page.getByRole('button', { name: 'Remove the passkey Laptop' }).click();
  const below = page.getByRole('dialog', { name: 'Remove the passkey "Laptop"?' });
  await below.getByRole('button', { name: 'Remove' }).click();
  const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await proof.getByLabel('Password').waitFor();
  await page.keyboard.press('Escape');
  await proof.waitFor({ state: 'hidden' });
  await below.getByText('Nothing was changed').waitFor();
  await page.keyboard.press('Escape');
  await below.waitFor({ state: 'hidden' });
  assert.equal(server.world.people.account.passkeys.length, 1);
});

test('an authenticator app is set up by its code, and the recovery codes are shown once', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('img', { name: /^QR code/ }).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByLabel('Six digits from the app').fill('123 456');
  await page.getByRole('button', { name: 'Switch on' }).click();
  const codes = page.getByRole('dialog', { name: 'Save your recovery codes' });
  await codes.getByText('7kq2-m9xw').waitFor();
  const download = page.waitForEvent('download');
  await codes.getByRole('button', { name: 'Save as a file' }).click();
  assert.equal((await download).suggestedFilename(), 'factotum-recovery-codes.txt');
  await codes.getByRole('button', { name: 'I have saved them' }).click();
  await page.getByText('On · 8 recovery codes left').waitFor();
});

test('a session elsewhere is ended, and all others at once', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account');
  await page.getByRole('button', { name: 'End the session in Safari on iOS' }).click();
  await said(page, 'The session has ended');
  assert.deepEqual(
    server.world.people.sessions.map(({ current }) => current),
    [true],
  );
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click();
  await said(page, 'All other sessions have ended');
});

test('changing the tenant loads everything anew', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account');
  const sent = page.waitForRequest((request) => request.url().endsWith('/session/tenant'));
  await page.getByRole('button', { name: 'Change to northwind' }).click();
  assert.deepEqual((await sent).postDataJSON(), { tenantId: server.world.people.account.tenants[1]?.id });
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

test('who lacks the second factor that the tenant asks for sees only how to set one up', async () => {
  const { page } = opened;
  server.world.me.pending = 'second_factor';
  await signIn(page, server.origin, '/tasks');
  await page.getByText('Set up a second factor to go on').waitFor();
  assert.equal(new URL(page.url()).pathname, '/account');
  assert.deepEqual(await axeFaults(page), []);
});

test('the language is chosen in the account, goes with the person, and this browser asks for its pages from then on', async () => {
  const { page, context } = opened;
  await signIn(page, server.origin);
  await page.goto(`${server.origin}/account`);
  const kept = page.waitForRequest((request) => request.url().endsWith('/api/v1/me/language'));
  const again = page.waitForEvent('domcontentloaded');
  await page.getByLabel('Pages, letters and notices').selectOption('de');
  assert.deepEqual((await kept).postDataJSON(), { language: 'de' });
  await again;
  const cookies = await context.cookies();
  assert.equal(cookies.find(({ name }) => name === 'factotum_language')?.value, 'de');
});

test('who signs in elsewhere finds the language that they have chosen', async () => {
  const { page, context } = opened;
  server.world.me.language = 'de';
  // Of the reload, which comes by itself and at any moment: nothing else of the page can be looked at meanwhile.
  const again = page.waitForRequest(
    async (request) => request.isNavigationRequest() && /factotum_language=de/.test((await request.allHeaders()).cookie ?? ''),
  );
  await page.goto(`${server.origin}/#token=good`, { waitUntil: 'commit' });
  await again;
  assert.equal((await context.cookies()).filter(({ name }) => name === 'factotum_language').length, 1);
});
