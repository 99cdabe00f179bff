import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { type Id, isId, newId, readConfig } from '#kernel';
import type { Principal } from '#trust/identity';
import type { CommandDeps } from './command.ts';
import type { AuditReport, OperatorEntry, OperatorParts } from './control/operator.ts';
import { runCommand } from './run-command.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-command-'));
after(() => rm(folder, { recursive: true }));

const acme = { id: newId('tenant'), name: 'acme', createdAt: new Date('2026-05-01T00:00:00Z') };
const globex = { id: newId('tenant'), name: 'globex', createdAt: new Date('2026-05-02T00:00:00Z') };

const rita = { id: newId('user'), name: 'Rita', email: 'rita@example.com', createdAt: new Date('2026-05-03T00:00:00Z') };

/** An archive without a byte. */
const nothing: AsyncIterable<Uint8Array> = new Blob([]).stream();

/** What a test finds out about one run: what was printed, and what reached the API and the audit log. */
let tenants = [acme];
let out = '';
let err = '';
let asked: { method: string; path: string; type: string | null; body: Buffer; principal: Principal }[] = [];
let recorded: (OperatorEntry & { tenantId: Id<'tenant'> })[] = [];
let answer: (path: string) => Response = () => Response.json({});
let report: AuditReport = { ok: true, entries: 3, checkpointAt: '2026-05-01T00:00:00Z', root: 'ab' };
let closed = 0;

beforeEach(() => {
  [tenants, out, err, asked, recorded, closed] = [[acme], '', '', [], [], 0];
  answer = () => Response.json({});
  report = { ok: true, entries: 3, checkpointAt: '2026-05-01T00:00:00Z', root: 'ab' };
});

const quotasSet: object[] = [];
const operator: Omit<OperatorParts, 'database' | 'tenancy' | 'certificates' | 'backups' | 'secrets'> = {
  listTenants: async () => tenants,
  findTenant: async (nameOrId) => tenants.find(({ id, name }) => id === nameOrId || name === nameOrId) ?? null,
  createTenant: async ({ name }) => ({ id: acme.id, name }),
  createApiKey: async () => ({ id: newId('apiKey'), key: 'fct_secret' }),
  listApiKeys: async () => [],
  revokeApiKey: async () => true,
  rotateTokenKey: async () => ({ kid: 'kid', oldEndsAt: new Date(0) }),
  setQuotas: async (tenantId, limits, actor) => void quotasSet.push({ tenantId, limits, actor }),
  createSignInUrl: async (_, email) => `http://127.0.0.1:4310/#token=${email ?? 'owner'}`,
  operators: {
    create: async () => ({ id: rita.id, url: 'http://127.0.0.1:4310/#token=rita' }),
    list: async () => [rita],
    remove: async (emailOrId) => (emailOrId === rita.email ? rita.id : null),
  },
  record: async (tenantId, entry) => void recorded.push({ tenantId, ...entry }),
  verifyAuditLog: async () => report,
  exportAuditLog: async function* () {
    yield '{"format":"factotum-audit-export/1"}\n';
    yield '{"seq":0}\n{"seq":1}\n';
  },
  // Archives are tested where there is something to put into one (ops/archive, e2e/tenant-move.test.ts).
  archives: {
    stream: () => nothing,
    depart: () => nothing,
    callOff: async () => undefined,
    finish: async () => '{}',
    take: async () => ({ tenantId: acme.id, name: acme.name, rows: 0, logSize: 0, identity: { people: 0, met: [] } }),
    arrive: async () => undefined,
  },
  logins: { rotate: async () => ['factotum_app'], madeAt: async () => null },
  pendingMigrations: async () => [],
  address: () => null,
};

const deps: CommandDeps = {
  configure: (given) => readConfig({ FACTOTUM_DATA: given.dataFolder ?? join(folder, 'data') }),
  openAlone: async () => ({
    fetch: async (request, principal) => {
      const { pathname, search } = new URL(request.url);
      const type = request.headers.get('content-type');
      asked.push({ method: request.method, path: pathname + search, type, body: Buffer.from(await request.arrayBuffer()), principal });
      return answer(pathname + search);
    },
    // What looks into the database and the CA, and backups, have tests of their own (the doctor's, e2e/tools.test.ts, ops/backup).
    operator: operator as OperatorParts,
    close: async () => {
      closed += 1;
    },
  }),
  prepareDatabase: async () => ({ roleUrls: { FACTOTUM_DATABASE_APP_URL: 'postgres://app' }, passwordsFile: 'passwords.json' }),
  keyFolder: () => join(folder, 'data', 'keys'),
  restore: () => Promise.reject(new Error('nothing is restored here')),
  restoreKeys: () => Promise.reject(new Error('nothing is restored here')),
  openArchive: async () => ({ tenantId: acme.id, kind: 'copy', madeAt: '', files: 0 }),
  environment: {},
  terminal: {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    input: async () => Buffer.from('From: a@example.com\r\n\r\nhello'),
  },
};

const run = (line: string, ...more: string[]) => runCommand([...line.split(' ').filter(Boolean), ...more], deps);
const json = () => JSON.parse(out);

test('with --json stdout holds one JSON value and nothing else', async () => {
  assert.equal(await run('tenant create --name acme --json'), 0);
  assert.deepEqual(json(), { id: acme.id, name: 'acme' });
});

test('a failure is told as JSON as well, with its code, and ends with 1', async () => {
  answer = () => Response.json({ code: 'task.not_found', title: 'No such task', detail: 'There is no such task.' }, { status: 404 });
  assert.equal(await run('task show tsk_0 --json'), 1);
  assert.deepEqual(json(), { error: { code: 'task.not_found', message: 'There is no such task.' } });
  assert.equal(err, 'There is no such task.\n');
});

test('wrong usage and a faulty configuration end with 2', async () => {
  assert.equal(await run('tenant destroy'), 2);
  assert.equal(await run('task show'), 2);
  assert.equal(await run('task show a b'), 2);
  assert.equal(await run('tenant list --wrong'), 2);
  assert.equal(await run('task list --limit many'), 2);
  assert.equal(asked.length, 0);
  const faulty: CommandDeps = { ...deps, configure: () => readConfig({ FACTOTUM_PORT: 'x', FACTOTUM_TYPO: '1' }) };
  assert.equal(await runCommand(['tenant', 'list'], faulty), 2);
  assert.match(err, /FACTOTUM_PORT[\s\S]*FACTOTUM_TYPO/);
});

test('options may stand before the command', async () => {
  answer = () => Response.json({ items: [], nextCursor: null });
  assert.equal(await run('--json --tenant acme --data x task list'.replace('x', join(folder, 'other'))), 0);
  assert.deepEqual(json(), []);
});

test('a value that begins with a dash is a value', async () => {
  const approval = { id: 'apr_1', taskId: 'tsk_1', headline: 'Pay', risk: 'high', payloadHash: '-ab', expiresAt: 'soon', fields: [] };
  answer = () => Response.json({ ...approval, state: 'approved' });
  assert.equal(await run('approval decide apr_1 accept --hash -ab'), 0, err);
  assert.equal(JSON.parse(asked[0]?.body.toString() ?? '').payloadHash, '-ab');
  assert.equal(await run('approval decide apr_1 accept --hash --json'), 2, 'an option is none');
});

test('help shows every command and is good', async () => {
  assert.equal(await run(''), 0);
  assert.match(out, /tenant create[\s\S]*audit export/);
  out = '';
  assert.equal(await run('help approval decide'), 0);
  assert.match(out, /--hash/);
});

test('the parts that were opened for a command are closed when it ends, also when it fails', async () => {
  await run('tenant list');
  answer = () => Response.json({ code: 'server.fault', title: 'x' }, { status: 500 });
  await run('task show tsk_0');
  assert.equal(closed, 2);
});

test('with one tenant there is no need to name it, with several there is', async () => {
  answer = () => Response.json({ items: [], nextCursor: null });
  assert.equal(await run('task list --json'), 0);
  assert.deepEqual(json(), []);
  tenants = [acme, globex];
  assert.equal(await run('task list'), 2);
  assert.match(err, /acme, globex/);
  assert.equal(await run('task list --tenant globex'), 0);
  assert.equal(asked.at(-1)?.principal.tenantId, globex.id);
  assert.equal(await run('task list --tenant nobody'), 1);
});

test('quotas are shown as a table, and set as numbers or back to the default', async () => {
  const item = { quota: 'members', title: 'Members', unit: 'members', used: 9, limit: 10, window: 'now', resetsAt: null, alert: 80 };
  answer = () => Response.json({ items: [item], nextCursor: null });
  assert.equal(await run('quota show'), 0);
  assert.match(out, /QUOTA +USED +LIMIT[\s\S]*members +9 +10 +members +now +- +80 %/);
  assert.equal(await run('quota set --set members=50 --set vaultBytes=default'), 0);
  assert.deepEqual(
    quotasSet.map((one) => ({ ...one, actor: 'operator' })),
    [{ tenantId: acme.id, limits: { members: 50, vaultBytes: null }, actor: 'operator' }],
  );
  for (const wrong of ['quota set', 'quota set --set members', 'quota set --set members=many', 'quota set --set members=-1'])
    assert.equal(await run(wrong), 2, wrong);
  assert.equal(quotasSet.length, 1);
});

test('the API is asked as the operator, with every permission, for one tenant', async () => {
  answer = () => Response.json({ items: [], nextCursor: null });
  await run('task list --state waiting,failed');
  const [request] = asked;
  assert.equal(request?.path, '/api/v1/tasks?state=waiting%2Cfailed&limit=50');
  assert.equal(request?.principal.kind, 'operator');
  assert.match(request?.principal.actor ?? '', /^operator:[A-Za-z0-9._@-]+$/);
  assert.ok(request?.principal.permissions.has('approval:decide'));
});

test('a list is followed from page to page until it has as many as asked for', async () => {
  const task = { id: 'tsk_1', state: 'done', outcome: 'completed', waitReason: null, title: 'A \u001b[2Jtitle', createdAt: 'now' };
  answer = (path) => {
    const limit = Number(new URLSearchParams(path.split('?')[1]).get('limit'));
    return Response.json({ items: Array.from({ length: limit }, () => task), nextCursor: 'more' });
  };
  assert.equal(await run('task list --limit 250 --json'), 0);
  assert.equal(json().length, 250);
  assert.deepEqual(
    asked.map(({ path }) => path.split('?')[1]),
    ['limit=100', 'limit=100&cursor=more', 'limit=50&cursor=more'],
  );
  out = '';
  await run('task list --limit 1');
  assert.ok(!out.includes('\u001b'), 'a title from a mail does not steer the terminal');
});

test('a mail is sent as its raw bytes, an event as JSON that is the same each time', async () => {
  answer = () => Response.json({ eventId: 'evt_1', taskId: 'tsk_1' }, { status: 202 });
  const mail = join(folder, 'one.eml');
  const bytes = Buffer.from('From: a@example.com\r\nSubject: \xe9\r\n\r\nhello', 'latin1');
  await writeFile(mail, bytes);
  assert.equal(await run('event send --json', mail), 0);
  assert.deepEqual(json(), { eventId: 'evt_1', taskId: 'tsk_1' });
  assert.equal(asked[0]?.path, '/api/v1/events/mail');
  assert.equal(asked[0]?.type, 'message/rfc822');
  assert.deepEqual(asked[0]?.body, bytes);

  const event = join(folder, 'one.json');
  await writeFile(event, '{"kind": "note", "payload": {"a": 1}}');
  await run('event send --source shop', event);
  const externalId = `sha256:${createHash('sha256').update('{"kind": "note", "payload": {"a": 1}}').digest('hex')}`;
  assert.deepEqual(JSON.parse(asked[1]?.body.toString() ?? ''), { kind: 'note', source: 'shop', externalId, payload: { a: 1 } });
  await run('event send -');
  assert.equal(asked[2]?.path, '/api/v1/events/mail');
  assert.equal(await run('event send', join(folder, 'missing.eml')), 2);
});

test('nothing is decided without the hash of what was seen', async () => {
  assert.equal(await run('approval decide apr_1 accept'), 2);
  assert.equal(await run('approval decide apr_1 maybe --hash ab'), 2);
  assert.equal(asked.length, 0);
  const approval = { id: 'apr_1', taskId: 'tsk_1', headline: 'Pay', risk: 'high', payloadHash: 'ab', expiresAt: 'soon', fields: [] };
  answer = () => Response.json({ ...approval, state: 'rejected' });
  assert.equal(await run('approval decide apr_1 reject --hash ab --comment', 'not ours'), 0);
  assert.deepEqual(JSON.parse(asked[0]?.body.toString() ?? ''), { decision: 'reject', payloadHash: 'ab', comment: 'not ours' });
  assert.equal(await run('approval decide apr_1 edit --hash ab --edits', '{"amount":1}'), 0);
  assert.deepEqual(JSON.parse(asked[1]?.body.toString() ?? '').edits, { amount: 1 });
});

test('what the operator does to keys, sessions and logs is left in the audit log', async () => {
  assert.equal(await run('apikey create --name robot --json'), 0);
  assert.deepEqual(json().key, 'fct_secret');
  await run(`apikey revoke ${newId('apiKey')}`);
  await run('session link');
  await run('audit export', join(folder, 'log.jsonl'));
  assert.deepEqual(
    recorded.map(({ kind }) => kind),
    ['key.created', 'key.revoked', 'operator.command', 'audit.exported'],
  );
  assert.ok(recorded.every(({ tenantId, actor }) => tenantId === acme.id && actor.startsWith('operator:')));
  assert.ok(isId('apiKey', recorded[0]?.objectId ?? ''));
  assert.ok(!JSON.stringify(recorded).includes('fct_secret'));
});

test('an export is a file for its owner alone, counted as it was written', async () => {
  const file = join(folder, 'export.jsonl');
  assert.equal(await run('audit export --json', file), 0);
  assert.deepEqual(json(), { file, entries: 2, bytes: (await readFile(file)).length });
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('a log that does not hold is a failure, of one tenant or of any', async () => {
  assert.equal(await run('audit verify'), 0);
  report = { ...report, ok: false, fault: 'entry 2 was changed' };
  out = '';
  assert.equal(await run('audit verify --json'), 1);
  assert.equal(json().fault, 'entry 2 was changed');
  tenants = [acme, globex];
  out = '';
  assert.equal(await run('audit verify --all --json'), 1);
  assert.equal(json().length, 2);
});

test('logins are shown only to who asks for them', async () => {
  assert.equal(await run('db prepare --json'), 0);
  assert.ok(!out.includes('postgres://'));
  out = '';
  await run('db prepare --show-logins');
  assert.match(out, /^FACTOTUM_DATABASE_APP_URL=postgres:\/\/app$/m);
});

test('members are named by id or address, and a link that was not mailed is shown to be handed over', async () => {
  const member = {
    userId: 'usr_1',
    name: 'Nora',
    email: 'nora@example.com',
    roles: ['member'],
    joinedAt: 'x',
    lastSeenAt: null,
    managedBy: null,
  };
  answer = (path) =>
    path.startsWith('/api/v1/members?') ? Response.json({ items: [member], nextCursor: null }) : new Response(null, { status: 204 });
  assert.equal(await run('member roles Nora@example.com --role admin --role auditor --json'), 0);
  assert.deepEqual(json(), { userId: 'usr_1', roles: ['admin', 'auditor'] });
  assert.deepEqual(
    [asked[1]?.method, asked[1]?.path, asked[1]?.body.toString()],
    ['PUT', '/api/v1/members/usr_1', '{"roles":["admin","auditor"]}'],
  );
  assert.equal(await run('member remove usr_1'), 0);
  assert.deepEqual([asked[3]?.method, asked[3]?.path], ['DELETE', '/api/v1/members/usr_1']);
  assert.equal(await run('member remove somebody@example.com'), 2);
  assert.equal(await run('member roles usr_1'), 2);
  answer = () => Response.json({ id: 'inv_1', url: 'http://127.0.0.1:4310/join#token=abc', mailed: false }, { status: 201 });
  out = '';
  assert.equal(await run('invite new@example.com --role member'), 0);
  assert.match(out, /\/join#token=abc/);
});

test('operators are made, shown and removed at the machine, and a link may be for any member', async () => {
  assert.equal(await run('operator create --email rita@example.com --name', 'Rita Root', '--json'), 0);
  assert.deepEqual(json(), { id: rita.id, url: 'http://127.0.0.1:4310/#token=rita' });
  out = '';
  assert.equal(await run('operator list'), 0);
  assert.match(out, /rita@example\.com/);
  out = '';
  assert.equal(await run('operator remove rita@example.com --json'), 0);
  assert.deepEqual(json(), { id: rita.id });
  assert.equal(await run('operator remove nobody@example.com'), 1);
  assert.equal(await run('operator create --email rita@example.com'), 2);
  out = '';
  assert.equal(await run('session link --email ada@example.com --json'), 0);
  assert.deepEqual(json(), { url: 'http://127.0.0.1:4310/#token=ada@example.com' });
});

test('keys are rotated, service accounts are made and ended, and the key of tokens is replaced by command', async () => {
  answer = () => Response.json({ id: 'key_2', key: 'fct_new', oldEndsAt: '2030-01-01T00:00:00.000Z' }, { status: 201 });
  assert.equal(await run('apikey rotate key_1 --overlap-hours 2'), 0);
  assert.equal(asked[0]?.path, '/api/v1/api-keys/key_1/rotate');
  assert.deepEqual(JSON.parse(asked[0]?.body.toString() ?? ''), { overlapHours: 2 });
  answer = () => Response.json({ id: 'svc_1' }, { status: 201 });
  assert.equal(await run('serviceaccount create --name ERP --permission event:write'), 0);
  assert.deepEqual(JSON.parse(asked[1]?.body.toString() ?? ''), { name: 'ERP', permissions: ['event:write'] });
  assert.equal(await run('serviceaccount create --permission event:write'), 2);
  answer = () => Response.json({ items: [{ id: 'svc_1', name: 'ERP', permissions: ['event:write'], keys: 1 }], nextCursor: null });
  assert.equal(await run('serviceaccount list'), 0);
  answer = () => new Response(null, { status: 204 });
  assert.equal(await run('serviceaccount delete svc_1'), 0);
  assert.equal(asked[3]?.path, '/api/v1/service-accounts/svc_1');
  const before = asked.length;
  assert.equal(await run('token rotate --end-old --json'), 0);
  assert.equal(asked.length, before, 'no route of the API is asked');
});
