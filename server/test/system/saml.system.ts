import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testOrigin } from '../identity.ts';
import { type Page, type TestBrowser, testBrowser } from '../sso/browser.ts';
import { ssoHttp } from '../sso/customer.ts';
import { startSimpleSamlPhp } from './simplesamlphp.ts';

const person = { password: 'a password', uid: 'anna', mail: 'anna@example.org', displayName: 'Anna Student', groups: 'deciders' };

test('people sign in through the distribution’s SimpleSAMLphp, with its form for name and password, and confirm there that it is them', {
  timeout: 120_000,
}, async (t) => {
  const people: Record<string, Record<string, string>> = { anna: person };
  const idp = await startSimpleSamlPhp(t, people);
  const sso = await ssoHttp([new URL(idp.origin).host]);
  const metadataXml = await (await fetch(idp.metadataUrl)).text();
  const roles = { claim: 'groups', rules: [{ value: 'deciders', role: 'approver' }], fallback: [] };
  const customer = await sso.buildSso(() => ({ kind: 'saml', saml: { metadataXml }, roles }));
  // The address that the provider sends is of this domain.
  await sso.prove(customer, 'example.org');
  const metadata = await sso.send(`GET ${new URL(customer.provider.own.metadataUrl ?? '').pathname as `/${string}`}`);
  await idp.introduce(await metadata.text());

  const browser = testBrowser(sso);
  const entered = await signInAt(browser, `/api/v1/sso/start?provider=${customer.provider.id}&to=/tasks`);
  assert.equal(entered, '/tasks');
  const me = (await (await sso.send('GET /api/v1/me', { cookie: browser.cookie() })).json()) as {
    principal: { email: string; name: string };
    permissions: string[];
  }; // as declared
  assert.deepEqual([me.principal.email, me.principal.name], [person.mail, person.displayName]);
  assert.ok(me.permissions.includes('approval:decide'));

  // The provider has a session of its own by now: it signs in another browser of ours without asking, but asks where it is told to.
  const silent = await browser.follow(await browser.open(`/api/v1/sso/start?provider=${customer.provider.id}`));
  assert.equal(passwordForm(silent), undefined);
  assert.equal(await post(browser, silent), '/');
  const asked = await browser.follow(await browser.open('/api/v1/sso/start?purpose=step-up&to=/settings'));
  assert.ok(passwordForm(asked), 'a form for the password is shown again');
  assert.equal(await post(browser, await enterPassword(browser, asked)), '/settings');
});

async function signInAt(browser: TestBrowser, start: string): Promise<string | null> {
  const form = await browser.follow(await browser.open(start));
  const wrong = await enterPassword(browser, form, 'not the password');
  assert.ok(passwordForm(wrong), 'a wrong password leads to the form again');
  return post(browser, await enterPassword(browser, wrong));
}

/** Fills the provider's form in and follows to the page that posts to us. */
async function enterPassword(browser: TestBrowser, page: Page, password = person.password): Promise<Page> {
  const form = passwordForm(page);
  assert.ok(form, page.body.slice(0, 2_000));
  return browser.follow(await browser.open(new URL(form.action, page.url), { ...form.fields, username: 'anna', password }));
}

/** What the provider's last page does by itself: it posts its answer to us. Where that leads in the end. */
async function post(browser: TestBrowser, page: Page): Promise<string | null> {
  const { action, fields } = formOf(page.body);
  assert.ok(action.startsWith(`${testOrigin}/api/v1/sso/acs/`), page.body.slice(0, 2_000));
  const posted = await browser.open(action, fields);
  assert.ok(posted.location?.startsWith('/api/v1/sso/finish?'), posted.location ?? posted.body);
  return (await browser.open(posted.location ?? '')).location;
}

const passwordForm = (page: Page) => (/<input[^>]*type="password"/.test(page.body) ? formOf(page.body) : undefined);

function formOf(html: string): { action: string; fields: Record<string, string> } {
  const fields: Record<string, string> = {};
  for (const [input] of html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name !== undefined) fields[name] = decoded(/value="([^"]*)"/.exec(input)?.[1] ?? '');
  }
  return { action: decoded(/<form[^>]*action="([^"]*)"/.exec(html)?.[1] ?? ''), fields };
}

const decoded = (text: string) =>
  text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, digits) => String.fromCodePoint(Number.parseInt(digits, hex === '' ? 10 : 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
