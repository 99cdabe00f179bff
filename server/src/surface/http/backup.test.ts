import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testHttp } from '../../../test/http.ts';
import { cookiesOf, exchangeLink } from '../../../test/identity.ts';

const place = await mkdtemp(join(tmpdir(), 'factotum-http-backup-'));
after(() => rm(place, { recursive: true, force: true }));
const backups = '/api/v1/operator/backups';

async function at(environment: Readonly<Record<string, string>>) {
  const { send, platform, buildCustomer, deps } = await testHttp({ environment });
  const { token } = await platform.identity.operators.create({ email: 'op@example.com', name: 'Op' });
  const operator = cookiesOf((await exchangeLink(platform.identity, token)).response);
  return { send, platform, buildCustomer, operator, deps };
}

test('operators see where backups go and start them once they are set up; nobody of a tenant does', async () => {
  const { send, platform, operator, buildCustomer } = await at({
    FACTOTUM_BACKUP_TO: join(place, 'data'),
    FACTOTUM_KEY_BACKUP_TO: join(place, 'keys'),
  });
  const before = await send(`GET ${backups}`, { cookie: operator });
  assert.deepEqual(await before.json(), {
    items: [],
    nextCursor: null,
    next: null,
    to: join(place, 'data'),
    keysTo: join(place, 'keys'),
    isSetUp: false,
    confirmedAt: null,
  });
  const tooEarly = await send(`POST ${backups}`, { cookie: operator });
  assert.equal(tooEarly.status, 409);
  assert.match(await tooEarly.text(), /backup\.conflict.*backup setup/s);
  await platform.backups.setUp(false);
  const asked = await send(`POST ${backups}`, { cookie: operator });
  assert.equal(asked.status, 202);
  const { jobId } = (await asked.json()) as { jobId: string };
  assert.equal(((await (await send(`POST ${backups}`, { cookie: operator })).json()) as { jobId: string }).jobId, jobId, 'one at a time');
  assert.equal((await send(`POST ${backups}/bak_000000000000000000000000/verification`, { cookie: operator })).status, 404);
  assert.equal((await send(`GET ${backups}?cursor=nonsense`, { cookie: operator })).status, 400);
  const customer = await buildCustomer();
  for (const line of [`GET ${backups}`, `POST ${backups}`, `POST ${backups}/bak_000000000000000000000000/verification`] as const) {
    assert.equal((await send(line)).status, 401, line);
    assert.ok([401, 403].includes((await send(line, { cookie: await customer.signIn() })).status), line);
    assert.ok([401, 403].includes((await send(line, { key: await customer.key() })).status), line);
  }
});

test('without a place there are no backups, and that is what is said', async () => {
  const { send, operator, deps } = await at({});
  const listed = (await (await send(`GET ${backups}`, { cookie: operator })).json()) as { to: unknown; isSetUp: unknown };
  assert.deepEqual([listed.to, listed.isSetUp], [null, false]);
  const refused = await send(`POST ${backups}`, { cookie: operator });
  assert.equal(refused.status, 409);
  assert.match(await refused.text(), /FACTOTUM_BACKUP_TO/);
  assert.equal((await deps.backups.standing()).next, null);
});
