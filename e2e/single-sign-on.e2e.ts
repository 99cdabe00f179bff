import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { openSite, startOidcProvider } from '../server/test/sso/oidc-idp.ts';
import { axeFaults, openPage, said, startBrowser } from '../web/test/browser.ts';
import { enterByLink } from './dashboard.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

// Opened here: what it leaves to be closed belongs to the whole file, not to a hook.
const site = await openSite();

describe('single sign-on is set up in the dashboard, against a certified OpenID provider', () => {
  let server: RunningServer;
  let browser: Browser;
  before(async () => {
    server = await startServer({ environment: { FACTOTUM_DEMO: '0', FACTOTUM_SSO_ALLOW_HOSTS: site.host } });
    browser = await startBrowser();
    await command(server, 'tenant', 'create', '--name', 'harbour');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (server !== undefined) await removeServer(server);
  });

  it('the test button shows what the provider says, why that is not enough while no domain is proven, and signs nobody in', async () => {
    const { page, context, complaints } = await openPage(browser, server.origin);
    await enterByLink(page, server, 'harbour');
    await page.goto(`${server.origin}/settings/sso`);
    await page.getByRole('button', { name: 'Add an identity provider' }).click();
    await page.getByLabel('Name').fill('Northwind');
    await page.getByLabel('Address of the provider (issuer)').fill(site.origin);
    await page.getByLabel('Client id').fill('factotum');
    await page.getByLabel('Client secret').fill('a-secret-of-the-client');
    await page.getByLabel('Scopes').fill('openid email profile groups');
    await page.getByRole('button', { name: 'Save and go on' }).click();
    await page.getByRole('heading', { name: 'Northwind' }).waitFor();
    const redirectUri = (await page.getByText('/api/v1/sso/callback/').textContent()) ?? '';
    startOidcProvider(site, redirectUri, {
      anna: { email: 'anna@northwind.example', email_verified: true, name: 'Anna', groups: ['finance-leads'] },
    });

    await page.getByLabel('Field with the groups').fill('groups');
    await page.getByRole('button', { name: 'Add a group' }).click();
    await page.getByLabel('Group 1', { exact: true }).fill('finance-leads');
    await page.getByLabel('Role of group 1').selectOption('approver');
    await page.getByRole('button', { name: 'Save' }).last().click();
    await said(page, 'Saved');

    const opens = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Test the sign-in' }).click();
    const atProvider = await opens;
    await atProvider.locator('input[name=login]').fill('anna');
    await atProvider.locator('input[name=password]').fill('anything');
    await atProvider.getByRole('button', { name: 'Sign-in' }).click();
    await atProvider.getByRole('button', { name: 'Continue' }).click();
    await atProvider.getByText('You can close this window').waitFor();
    await page.getByText('The test failed', { exact: true }).waitFor();
    await page.getByText('has not proven that northwind.example is its domain').waitFor();
    await page.getByText('anna@northwind.example').waitFor();
    await page.getByText('["finance-leads"]').waitFor();
    assert.deepEqual(await axeFaults(page), []);
    await page.goto(`${server.origin}/settings/members`);
    await page.getByText('owner@', { exact: false }).first().waitFor();
    assert.equal(await page.getByText('anna@northwind.example').count(), 0);
    assert.deepEqual(complaints, []);
    await context.close();
  });
});
