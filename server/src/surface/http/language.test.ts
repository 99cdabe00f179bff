import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createPostman } from '#kernel/mail';
import { testHttp } from '../../../test/http.ts';
import { testOrigin } from '../../../test/identity.ts';
import { startMailbox } from '../../../test/mailbox.ts';

const mailbox = await startMailbox();
const postman = createPostman({ url: mailbox.url, from: 'factotum@example.com' });
after(() => postman.close());
const { platform, send, buildCustomer } = await testHttp({ deps: { postman } });

interface Me {
  readonly language: string | null;
  readonly tenant: { readonly language: string };
}
const meOf = async (cookie: string): Promise<Me> => (await send('GET /api/v1/me', { cookie })).json() as Promise<Me>;
const setLanguage = (cookie: string, language: string) => send('PUT /api/v1/me/language', { cookie, json: { language } });

async function emailOf(tenantId: string): Promise<string> {
  const { rows } = await platform.database.auth.pool.query<{ email: string }>(
    'select email from "user" join member on member."userId" = "user".id where "organizationId" = $1',
    [tenantId],
  );
  return rows[0]?.email ?? '';
}

test('who has said nothing has the language of the tenant’s locale, and a choice is there wherever they sign in', async () => {
  const customer = await buildCustomer({ locale: 'de-AT' });
  const first = await customer.signIn();
  const asked = await meOf(first);
  assert.deepEqual([asked.language, asked.tenant.language], [null, 'de']);
  assert.equal((await setLanguage(first, 'en')).status, 204);
  assert.equal((await meOf(await customer.signIn())).language, 'en');
  assert.equal((await setLanguage(first, 'fr')).status, 400);
  assert.equal((await meOf(first)).language, 'en');
});

test('an invitation is in the tenant’s language, with the time of its place', async () => {
  const customer = await buildCustomer({ locale: 'de', timeZone: 'Europe/Berlin' });
  const json = { email: 'neu@example.com', roles: ['member'] };
  assert.equal((await send('POST /api/v1/invitations', { cookie: await customer.signIn(), json })).status, 201);
  const letter = await mailbox.letterTo('neu@example.com');
  assert.match(letter, /Sie sind eingeladen/);
  assert.match(letter, /Er gilt einmal, bis .*(MEZ|MESZ):/);
});

test('a sign-in link comes in the language of the person, or of the page that asked for it', async () => {
  const headers = { origin: testOrigin, cookie: 'factotum_language=de' };
  const ask = async (email: string) => {
    assert.equal((await send('POST /api/v1/session/link', { json: { email }, headers })).status, 202);
    return mailbox.letterTo(email);
  };
  const unsaid = await buildCustomer();
  assert.match(await ask(await emailOf(unsaid.tenantId)), /Er gilt einmal, 15 Minuten lang/);
  const english = await buildCustomer();
  await setLanguage(await english.signIn(), 'en');
  assert.match(await ask(await emailOf(english.tenantId)), /It works once, within 15 minutes/);
});
