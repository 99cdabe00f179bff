import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { axeFaults, openPage, said, startBrowser, type WatchedPage } from '../web/test/browser.ts';
import { enterByLink } from './dashboard.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

const tenant = 'harbour';
const password = 'seven grey herons at dawn';

describe('people sign in and keep their accounts in the dashboard', () => {
  let server: RunningServer;
  let browser: Browser;
  let watched: WatchedPage;
  /** Passkeys belong to a name, not to a number. */
  let origin: string;
  before(async () => {
    server = await startServer({ environment: { FACTOTUM_DEMO: '0' } });
    origin = server.origin.replace('127.0.0.1', 'localhost');
    browser = await startBrowser();
    await command(server, 'tenant', 'create', '--name', tenant);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (server !== undefined) await removeServer(server);
  });
  beforeEach(async () => {
    watched = await openPage(browser, origin);
  });
  afterEach(async () => {
    assert.deepEqual(watched.complaints, []);
    await watched.context.close();
  });

  async function leave(page: Page): Promise<void> {
    await page.getByRole('button', { name: /^Account/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  }

  async function enterByPassword(page: Page, email: string): Promise<void> {
    await page.getByLabel('Your e-mail address').fill(email);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  it('a passkey is added and opens the account afterwards, without an address or a password', async () => {
    const { page, context } = watched;
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await enterByLink(page, server, tenant, origin);
    await page.goto(`${origin}/account`);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Laptop');
    await dialog.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Remove the passkey Laptop' }).waitFor();
    await leave(page);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('by passkey').waitFor();
    assert.equal(new URL(page.url()).pathname, '/account');
  });

  it('somebody invited joins by the link, signs in by password, and from then on with the code of an app as well', async () => {
    const { page } = watched;
    await enterByLink(page, server, tenant, origin);
    await page.goto(`${origin}/settings/members`);
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByLabel('E-mail address').fill('kim@harbour.example');
    await page.getByLabel('Approver').check();
    await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click();
    const link = await page.getByText(/#token=/).textContent();
    assert.ok(link);

    const kim = await openPage(browser, origin);
    await kim.page.goto(link.replace('127.0.0.1', 'localhost'));
    await kim.page.getByRole('heading', { name: `Join ${tenant}` }).waitFor();
    await kim.page.getByLabel('Your name').fill('Kim Larsen');
    await kim.page.getByLabel('Choose a password').fill(password);
    await kim.page.getByRole('button', { name: 'Join' }).click();
    await kim.page.getByRole('heading', { name: 'Inbox' }).waitFor();
    await leave(kim.page);
    await enterByPassword(kim.page, 'kim@harbour.example');
    await kim.page.getByRole('heading', { name: 'Inbox' }).waitFor();

    await kim.page.goto(`${origin}/account`);
    await kim.page.getByRole('button', { name: 'Set up' }).click();
    const secret = await kim.page.getByRole('dialog').locator('code').textContent();
    assert.ok(secret);
    assert.deepEqual(await axeFaults(kim.page), []);
    await kim.page.getByLabel('Six digits from the app').fill(totp(secret, Date.now()));
    await kim.page.getByRole('button', { name: 'Switch on' }).click();
    const codes = kim.page.getByRole('dialog', { name: 'Save your recovery codes' });
    const recovery = await codes.getByRole('listitem').first().textContent();
    assert.ok(recovery);
    await codes.getByRole('button', { name: 'I have saved them' }).click();
    await leave(kim.page);
    await enterByPassword(kim.page, 'kim@harbour.example');
    await kim.page.getByRole('button', { name: 'I cannot use my app' }).click();
    await kim.page.getByLabel('Recovery code').fill(recovery);
    await kim.page.getByRole('button', { name: 'Confirm' }).click();
    await kim.page.getByText('by password').waitFor();
    assert.deepEqual(kim.complaints, []);
    await kim.context.close();
  });

  it('a key made in the dashboard opens the API for what it may, and no longer once it is revoked', async () => {
    const { page } = watched;
    await enterByLink(page, server, tenant, origin);
    await page.goto(`${origin}/settings/keys`);
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Reporting');
    await page.getByLabel('See tasks, their plans and what came of them').check();
    await page.getByRole('button', { name: 'Make the key' }).click();
    const made = page.getByRole('dialog', { name: 'Copy the key now' });
    const key = await made.locator('code').textContent();
    await made.getByRole('button', { name: 'I have copied it' }).click();
    const ask = async (path: string) => (await fetch(server.origin + path, { headers: { authorization: `Bearer ${key}` } })).status;
    assert.deepEqual([await ask('/api/v1/tasks'), await ask('/api/v1/members')], [200, 403]);
    await page.getByRole('button', { name: 'Revoke the key Reporting' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await said(page, 'The key is revoked');
    assert.equal(await ask('/api/v1/tasks'), 401);
  });

  it('an operator makes a tenant, suspends it with its name in sight, and resumes it', async () => {
    const { page } = watched;
    // As above.
    const { url } = (await command(server, 'operator', 'create', '--email', 'op@example.com', '--name', 'Olga')) as { url: string };
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    await page.getByRole('heading', { name: 'Tenants' }).waitFor();
    await page.getByRole('button', { name: 'New tenant' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('lighthouse');
    await dialog.getByLabel("Owner's e-mail address").fill('lee@lighthouse.example');
    await dialog.getByRole('button', { name: 'Make the tenant' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name: /lighthouse/ }).click();
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByLabel('Reason').fill('A try');
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await said(page, 'The tenant goes on');
    await page.getByLabel('Members').fill('3');
    await page.getByRole('button', { name: 'Save' }).click();
    await said(page, 'Saved');
    assert.deepEqual(await axeFaults(page), []);
  });
});

/** The code of RFC 6238 with its usual parameters: SHA-1, 30 s, six digits. */
function totp(secret: string, atMs: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(/[\s=]/g, '').toUpperCase()]
    .map((sign) => alphabet.indexOf(sign).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
