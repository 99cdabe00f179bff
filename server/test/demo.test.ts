import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { withTenant } from '#kernel/database';
import { announceDemoMails, readDemoMails } from '#ops/demo';
import { createTenant } from '../src/customer.ts';
import { type Line, type Sent, testHttp } from './http.ts';
import { cookiesOf, testOrigin } from './identity.ts';
import { eventually } from './platform.ts';

const { platform, send, ask } = await testHttp();
await platform.startWorker();
await platform.sequencer.start();

interface Demo {
  readonly isHere: boolean;
  readonly tasks: string[];
  readonly approvals: string[];
  readonly notes: string[];
  readonly grants: string[];
}
async function demoTenant(name: string) {
  const { id: tenantId } = await createTenant(platform, { name, actor: 'system:setup', demo: true });
  const token = await platform.identity.createSignInLink(tenantId);
  const cookie = cookiesOf(await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } }));
  const json = <T>(line: Line, sent: Sent = {}) => ask<T>(line, { cookie, ...sent });
  return { tenantId, cookie, json };
}
const door = { channel: 'drop', submittedBy: 'connector:drop' } as const;
const mine = Buffer.from(
  'From: kim@fabrikam.example\r\nTo: office@demo.example\r\nSubject: Mine\r\nMessage-ID: <mine@fabrikam.example>\r\n\r\nHello\r\n',
);

test('everything that the demo made is known, and goes with one request; what people made or changed stays', async () => {
  const { tenantId, cookie, json } = await demoTenant('demo-goes');
  const mails = await readDemoMails(platform.clock);
  await announceDemoMails(platform, tenantId, mails);
  for (const { bytes } of mails) await platform.intake.acceptMail(tenantId, bytes, door);
  const { taskId: own } = await platform.intake.acceptMail(tenantId, mine, door);
  const { pool } = platform.database.engine;
  await eventually(async () => {
    const { rows } = await pool.query(
      `select 1 from app.task where tenant_id = $1 and (owner is not null or state in ('received', 'planning', 'running'))`,
      [tenantId],
    );
    return rows.length === 0 ? true : undefined;
  });
  await platform.sequencer.drained();
  const put = await send('PUT /api/v1/vault/notes/Contacts.md', {
    cookie,
    body: 'ours now',
    headers: { 'content-type': 'text/markdown', 'if-match': '*' },
  });
  assert.equal(put.status, 200, await put.text());
  const before = await json<Demo>('GET /api/v1/demo');
  assert.equal(before.tasks.length, mails.length);
  assert.ok(before.isHere && !before.tasks.includes(own) && before.approvals.length >= 1 && before.grants.length === 1);
  assert.ok(
    before.notes.some((path) => path.startsWith('Newsletters/')),
    'what its tasks wrote is of the demo',
  );
  assert.ok(before.notes.includes('Playbooks/File newsletters.md') && !before.notes.includes('Contacts.md'), before.notes.join());

  const { tasks, notes, grants, kept } = await json<{ tasks: number; notes: number; grants: number; kept: string[] }>(
    'DELETE /api/v1/demo',
  );
  assert.deepEqual([tasks, notes, grants, kept], [mails.length, before.notes.length, 1, ['Contacts.md']]);
  const left = await json<{ items: { id: string }[] }>('GET /api/v1/tasks');
  assert.deepEqual(
    left.items.map(({ id }) => id),
    [own],
  );
  const paths = (await json<{ items: { path: string }[] }>('GET /api/v1/vault/notes')).items.map(({ path }) => path);
  assert.ok(
    paths.includes('Contacts.md') &&
      !paths.includes('Playbooks/File newsletters.md') &&
      !paths.some((path) => path.startsWith('Newsletters/')),
  );
  assert.ok(paths.includes('Company_Handbook.md'), 'the handbook that every vault begins with is back');
  const rows = await withTenant(platform.database.app.db, tenantId, (tx) =>
    sql`select 1 from app.event where task_id = any (${before.tasks}) union all select 1 from app.step where task_id = any (${before.tasks})
      union all select 1 from app.approval where task_id = any (${before.tasks})`.execute(tx),
  );
  assert.equal(rows.rows.length, 0);
  assert.equal((await json<Demo>('GET /api/v1/demo')).isHere, false);
  assert.equal((await send('DELETE /api/v1/demo', { cookie })).status, 404);
  await platform.sequencer.drained();
  const verified = await json<{ ok: boolean }>('POST /api/v1/audit/verify');
  assert.equal(verified.ok, true);
});

test('a tenant without a demo has none to remove, and nothing can be called a demo once there is work', async () => {
  const { tenantId } = await demoTenant('demo-late');
  await platform.intake.acceptMail(tenantId, mine, door);
  await assert.rejects(announceDemoMails(platform, tenantId, [{ name: 'mine.eml', bytes: mine }]), /there is work in this tenant already/);
});
