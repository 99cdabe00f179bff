import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '../server/test/database.ts';
import { type Api, mailFrom, openApi } from './api.ts';
import { command, type RunningServer, removeServer, startServer } from './server.ts';

/** What docs/mtls.md says that both kinds of process have. */
const sharedKeys = ['kek.key', 'session.secret', 'auditor.pub', 'installation.key'];

const notes: Readonly<Record<string, string>> = {
  'Contacts.md': '## Payees\n\n| Name | IBAN |\n| --- | --- |\n| Nordlicht Office Supplies | DE89 3704 0044 0532 0130 00 |\n',
  'Accounting/Account.md': '---\nname: Acme\niban: NL91ABNA0417164300\nbic: ABNANL2A\n---\n',
  'Accounting/Purchases/PO-2026-0117.md':
    '---\nsupplier: Nordlicht Office Supplies\niban: DE89 3704 0044 0532 0130 00\namount_minor: 124000\ncurrency: EUR\n---\n',
  'Playbooks/Pay.md': `---
title: Pay invoices for purchases
when: { source: mail, match: { subject: { regex: "^Invoice " } } }
extract:
  order: { type: text, from: text, pattern: "(PO-[0-9]{4}-[0-9]{4})" }
steps:
  - { id: purchase, tool: vault.read, args: { path: "Accounting/Purchases/\${extract.order}.md" } }
  - id: pay
    tool: bank.pay
    args:
      creditor: $purchase.fields.supplier
      iban: $purchase.fields.iban
      amountMinor: $purchase.fields.amount_minor
      currency: $purchase.fields.currency
      reference: $extract.order
---
`,
};

describe('tools in a process of their own, over mutual TLS', () => {
  let testing: TestDatabase;
  let environment: Record<string, string>;
  const servers: RunningServer[] = [];
  let tools: RunningServer;
  let server: RunningServer;
  let api: Api;

  const start = async (more: Record<string, string>, keysOf?: RunningServer) => {
    const folder = await mkdtemp(join(tmpdir(), 'factotum-e2e-'));
    if (keysOf !== undefined) {
      await mkdir(join(folder, 'data', 'keys'), { recursive: true, mode: 0o700 });
      for (const name of sharedKeys) await copyFile(join(keysOf.folder, 'data', 'keys', name), join(folder, 'data', 'keys', name));
    }
    const started = await startServer({ folder, environment: { ...environment, ...more } });
    servers.push(started);
    return started;
  };
  before(async () => {
    testing = await testDatabase();
    const { app, engine, sequencer, auth } = testing.roleUrls;
    environment = {
      FACTOTUM_DATABASE_APP_URL: app,
      FACTOTUM_DATABASE_ENGINE_URL: engine,
      FACTOTUM_DATABASE_SEQUENCER_URL: sequencer,
      FACTOTUM_DATABASE_AUTH_URL: auth,
    };
    tools = await start({ FACTOTUM_ROLES: 'tools', FACTOTUM_TOOLS_LISTEN: '127.0.0.1:0' });
    const url = /Tools are served at (https\S+)/.exec(tools.output())?.[1] ?? '';
    server = await start({ FACTOTUM_ROLES: 'api,worker', FACTOTUM_TOOLS_URL: url }, tools);
    await command(server, 'tenant', 'create', '--name', 'acme', '--set', 'writesFiles=true');
    api = await openApi(server, 'acme');
    for (const [path, content] of Object.entries(notes)) await api.writeNote(path, content);
  });
  after(async () => {
    await Promise.all(servers.map((one) => one.stop()));
    await Promise.all(servers.map(removeServer));
    await testing?.close();
  });
  const folderOf = (of: RunningServer) => join(of.folder, 'outbox', 'acme', 'bank');

  it('an invoice by mail is read, asked about, approved and paid; the order is written where the tools are', async () => {
    const id = await api.sendMail(mailFrom('Nordlicht <billing@nordlicht.example>', 'Invoice 4471', 'For your order PO-2026-0117.'));
    const asked = await api.taskWhen(id, ({ state }) => state === 'waiting', 30_000);
    assert.equal(asked.approvals[0]?.tool, 'bank.pay');
    const paid = await api.approveUntilDone(id);
    assert.deepEqual([paid.outcome, paid.steps.map(({ state }) => state).join()], ['completed', 'done,done']);
    const files = await readdir(folderOf(tools));
    assert.equal(files.length, 1);
    assert.match(await readFile(join(folderOf(tools), files[0] ?? ''), 'utf8'), /<InstdAmt Ccy="EUR">1240.00<\/InstdAmt>/);
    await assert.rejects(readdir(folderOf(server)), 'the worker has no outbox');
  });

  it('the operator sees both certificates, gets one for a server of their own, rotates the root, and work goes on', async () => {
    const status = (await command(server, 'certificate', 'status')) as { issued: { subject: string }[]; authorities: unknown[] };
    const subjects = status.issued.map(({ subject }) => subject).join('\n');
    assert.match(subjects, /\/role\/tools$/m);
    assert.match(subjects, /\/tenant\/ten_[0-9a-f]{24}\/worker\/wrk_[0-9a-f]{24}$/m);
    const out = join(server.folder, 'crm');
    const issued = (await command(server, 'certificate', 'issue', 'crm', '--dns', 'crm.internal', '--out', out)) as { serial: string };
    assert.equal((await stat(join(out, 'key.pem'))).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(out)).toSorted(), ['ca.pem', 'cert.pem', 'key.pem']);
    await command(server, 'certificate', 'revoke', issued.serial);
    await command(server, 'certificate', 'rotate');
    const after = (await command(server, 'certificate', 'status')) as { authorities: { state: string }[] };
    assert.deepEqual(
      after.authorities.map(({ state }) => state),
      ['active', 'retired'],
    );
    const id = await api.sendMail(mailFrom('Nordlicht <billing@nordlicht.example>', 'Invoice 4472', 'For your order PO-2026-0117.'));
    await api.taskWhen(id, ({ state }) => state === 'waiting', 30_000);
    assert.equal((await api.approveUntilDone(id)).outcome, 'completed');
    assert.equal((await readdir(folderOf(tools))).length, 2);
  });

  it('neither process complained, and no key is in what they printed', () => {
    for (const one of servers) {
      assert.doesNotMatch(one.output(), /"level":(?:50|60|"error"|"fatal")/, one.output());
      assert.doesNotMatch(one.output(), /PRIVATE KEY/);
    }
  });
});
