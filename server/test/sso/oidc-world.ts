import assert from 'node:assert/strict';
import { newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { testOrigin } from '../identity.ts';
import type { TestBrowser } from './browser.ts';
import { type SsoCustomer, ssoHttp } from './customer.ts';
import { type Accounts, openSite, startOidcProvider } from './oidc-idp.ts';

/** Our server with oidc-provider beside it, and what tests of signing in through it do. */
export async function oidcWorld() {
  const site = await openSite();
  const sso = await ssoHttp([site.host]);
  const { platform, send, buildSso } = sso;

  const oidc = {
    issuer: site.origin,
    clientId: 'factotum',
    clientSecret: 'a-secret-of-the-client',
    scopes: ['openid', 'email', 'profile'],
  };

  /** A tenant that signs in through oidc-provider, with people of its domain in it. */
  async function buildNorthwind(people: (domain: string) => Accounts, more: Record<string, unknown> = {}): Promise<SsoCustomer> {
    let domain = '';
    const customer = await buildSso((its) => {
      domain = its;
      return { kind: 'oidc', oidc, ...more };
    });
    startOidcProvider(site, customer.provider.own.redirectUri ?? '', people(domain));
    return customer;
  }

  const alice = (domain: string): Accounts => ({ alice: { email: `alice@${domain}`, email_verified: true, name: 'Alice Archer' } });

  /** Signs in at the provider's own forms, and stops before the browser is sent back to us. */
  async function upToCallback(browser: TestBrowser, start: string, login: string): Promise<URL> {
    const isBack = (next: URL) => next.origin === testOrigin;
    let page = await browser.follow(await browser.open(start), isBack);
    for (let forms = 0; page.location === null; forms++) {
      assert.ok(forms < 4, page.body);
      const action = /action="([^"]+)"/.exec(page.body)?.[1];
      assert.ok(action, `no form on ${page.url}: ${page.body.slice(0, 600)}`);
      const prompt = /name="prompt" value="(\w+)"/.exec(page.body)?.[1] ?? '';
      page = await browser.follow(await browser.open(new URL(action, page.url), { prompt, login, password: 'any' }), isBack);
    }
    return new URL(page.location, page.url);
  }

  async function signIn(browser: TestBrowser, { provider }: SsoCustomer, login: string, to = '/tasks') {
    const back = await upToCallback(browser, `/api/v1/sso/start?${new URLSearchParams({ provider: provider.id, to })}`, login);
    return browser.open(back);
  }

  const me = async (browser: TestBrowser) => {
    const response = await send('GET /api/v1/me', { cookie: browser.cookie() });
    return response.status === 200
      ? ((await response.json()) as { principal: { email: string; name: string }; permissions: string[]; tenant: { id: string } })
      : null; // as the route declares
  };

  async function entriesOf({ tenantId }: SsoCustomer) {
    await platform.sequencer.drained();
    return withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
  }

  async function userOf(email: string): Promise<string> {
    const { rows } = await platform.database.auth.pool.query<{ id: string }>('select id from "user" where lower(email) = lower($1)', [
      email,
    ]);
    return rows[0]?.id ?? '';
  }

  /** Somebody whom the tenant has let in before: with an address that they never proved. */
  async function addMemberByHand({ tenantId }: Pick<SsoCustomer, 'tenantId'>, email: string, role: string): Promise<void> {
    const { pool } = platform.database.auth;
    const id = newId('user');
    await pool.query('insert into "user" (id, name, email, "emailVerified") values ($1, $2, lower($3), false) on conflict do nothing', [
      id,
      'By Hand',
      email,
    ]);
    await pool.query(`insert into member (id, "organizationId", "userId", role, "createdAt") values ($1, $2, $3, $4, now())`, [
      newId('request'),
      tenantId,
      await userOf(email),
      role,
    ]);
  }

  async function ageProof(email: string): Promise<void> {
    await platform.database.auth.pool.query(`update session set "stepUpAt" = now() - interval '1 hour' where "userId" = $1`, [
      await userOf(email),
    ]);
  }

  async function provenAtOf(email: string): Promise<Date> {
    const { rows } = await platform.database.auth.pool.query<{ stepUpAt: Date }>('select "stepUpAt" from session where "userId" = $1', [
      await userOf(email),
    ]);
    assert.ok(rows[0]);
    return rows[0].stepUpAt;
  }

  return { site, sso, oidc, buildNorthwind, alice, upToCallback, signIn, me, entriesOf, userOf, addMemberByHand, ageProof, provenAtOf };
}
