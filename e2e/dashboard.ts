import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { startBrowser } from '../web/test/browser.ts';
import { openApi } from './api.ts';
import { command, type RunningServer, removeServer, type ServerOptions, startServer } from './server.ts';

/** A server of a test's own with one tenant, "acme", its API, and a browser. They are gone after the test. */
export async function startWithBrowser(t: TestContext, more: ServerOptions['environment'] = {}) {
  const environment = { FACTOTUM_DEMO: '0', ...more };
  const server = { ...(await startServer({ environment })), environment };
  t.after(async () => {
    await server.stop();
    await removeServer(server);
  });
  const browser = await startBrowser();
  t.after(() => browser.close());
  await command(server, 'tenant', 'create', '--name', 'acme');
  return { server, browser, api: await openApi(server, 'acme') };
}

/** Signs a page in as a tenant's owner, by a link that a command prints. @param origin - the server's, where that has another name too */
export async function enterByLink(
  page: Page,
  server: RunningServer & Pick<ServerOptions, 'environment'>,
  tenant: string,
  origin = server.origin,
): Promise<void> {
  // The command prints the link under this name.
  const { url } = (await command(server, 'session', 'link', '--tenant', tenant)) as { url: string };
  await page.goto(url.replace(server.origin, origin));
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
}
