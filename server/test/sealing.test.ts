import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { z } from 'zod';
import { createLogger } from '#kernel';
import { startEmbedded } from '#kernel/database';
import { eventually } from './platform.ts';

/** Lower case, as addresses are lowered; nothing that an encoding would break up. */
const canary = `canary${randomBytes(8).toString('hex')}`;

const folder = await mkdtemp(join(tmpdir(), 'factotum-sealing-'));
// As root the database runs as another user, who has to get through.
await chmod(folder, 0o711);
const [data, drop, outbox] = ['data', 'drop', 'outbox'].map((name) => join(folder, name)) as [string, string, string];
const server = startServer();
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test('what a mail says is found nowhere in the data folder, the database or the log: only in the files that the tenant asks for', async () => {
  const api = await signIn();
  await fillWithCanaries(api);

  const embedded = await startEmbedded({ dataFolder: data, log: createLogger({ level: 'silent' }) });
  const rows = await dump(embedded.superuserUrl);
  const location = embedded.location;
  await embedded.stop();
  assert.ok(rows.length > 50, 'the dump has rows');
  assert.deepEqual(
    rows.filter(({ text }) => holds(Buffer.from(text))).map(({ table }) => table),
    [],
  );

  // Stopped, the server has everything on the disk.
  await server.stop();
  for (const place of new Set([data, location])) {
    const files = await filesBelow(place);
    assert.ok(files.length > 10, place);
    for (const path of files) assert.equal(holds(await readFile(path)), false, path);
    assert.deepEqual(
      files.filter((path) => path.includes(canary)),
      [],
    );
  }
  assert.match(server.output(), /"level":"(?:trace|debug|info)"/, 'the log was open');
  assert.equal(holds(Buffer.from(server.output())), false, 'the log');

  // The test can fail: where it may stand, it stands, and is found.
  const letters = await filesBelow(outbox);
  assert.equal(letters.length, 2);
  for (const path of letters) assert.equal(holds(await readFile(path)), true, path);
});

test('the search finds the canary in every form that it might have been kept in', () => {
  const forms = [
    canary,
    canary.toUpperCase(),
    Buffer.from(`x${canary}`).toString('base64'),
    Buffer.from(`xy${canary}z`).toString('base64url'),
    Buffer.from(canary).toString('hex').toUpperCase(),
  ];
  for (const form of [...forms.map((text) => Buffer.from(text)), Buffer.from(canary, 'utf16le')])
    assert.equal(holds(Buffer.concat([randomBytes(9), form, randomBytes(9)])), true);
  assert.equal(holds(randomBytes(100_000)), false);
});

type Api = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: unknown; etag: string }>;

/** Everything that a mail's words go through: taken in by each door, planned, asked about, approved, done, refused, read, moved, deleted. */
async function fillWithCanaries(api: Api): Promise<void> {
  const mail = (subject: string, extra = '') =>
    [
      `From: "Mr ${canary}" <${canary}@example.com>`,
      `Subject: ${subject} ${canary}`,
      `Message-ID: <${canary}@example.com>`,
      ...(extra === '' ? [] : [extra]),
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      `Let us speak about ${canary}, PO-2026-0117.`,
      '--b',
      `Content-Type: application/pdf; name="${canary}.pdf"`,
      `Content-Disposition: attachment; filename="${canary}.pdf"`,
      '',
      canary,
      '--b--',
      '',
    ].join('\r\n');
  const raw = { 'content-type': 'message/rfc822' };
  const dropped = async (name: string, content: string) => {
    await writeFile(join(drop, 'demo', `.${name}.part`), content);
    await rename(join(drop, 'demo', `.${name}.part`), join(drop, 'demo', name));
    await eventually(async () => ((await readdir(join(drop, 'demo'))).includes(name) ? undefined : true));
  };
  await dropped(`${canary}.eml`, mail('Newsletter', `List-Id: <${canary}.example.com>`));
  const meeting = accepted(await api('POST', '/api/v1/events/mail', mail('A meeting about'), raw));
  const invoice = accepted(await api('POST', '/api/v1/events/mail', mail(`Invoice INV-${canary}`), raw));
  const question = accepted(await api('POST', '/api/v1/events/mail', mail('Something else'), raw));
  const event = { source: 'shop', kind: 'order.placed', externalId: canary, payload: { title: canary, [canary]: canary } };
  accepted(await api('POST', '/api/v1/events', event, { 'idempotency-key': `key-${canary}` }));
  assert.equal((await api('POST', '/api/v1/events', { ...event, payload: { other: canary } })).status, 409);
  assert.equal((await api('POST', '/api/v1/events', { ...event, [canary]: canary })).status, 400);
  assert.equal((await api('POST', '/api/v1/events/mail', `no mail ${canary}`, raw)).status, 400);

  for (const taskId of [meeting, invoice]) {
    const approval = await waitingFor(api, taskId);
    const { status } = await api('POST', `/api/v1/approvals/${approval.id}/decision`, {
      decision: 'accept',
      payloadHash: approval.payloadHash,
      comment: canary,
    });
    assert.equal(status, 200);
    await stateOf(api, taskId, 'done');
  }
  await stateOf(api, question, 'waiting');
  assert.equal((await api('POST', `/api/v1/tasks/${question}/resume`, { comment: canary })).status, 200);
  await api('GET', `/api/v1/tasks/${meeting}`);

  const note = `/api/v1/vault/notes/${canary}/${canary}.md`;
  const written = await api('PUT', note, `# ${canary}`, { 'content-type': 'text/markdown' });
  assert.equal(written.status, 201);
  const { etag } = await api('GET', note);
  assert.equal(
    (await api('POST', '/api/v1/vault/move', { from: `${canary}/${canary}.md`, to: `Filed/${canary}.md`, ifMatch: etag })).status,
    200,
  );
  assert.equal((await api('GET', note)).status, 404);
  assert.equal((await api('DELETE', `/api/v1/vault/notes/Filed/${canary}.md`)).status, 204);
  assert.equal((await api('PUT', `/api/v1/vault/notes/${canary}%3F.md`, canary, { 'content-type': 'text/markdown' })).status, 400);
  await api('GET', '/api/v1/vault/notes');
  await api('GET', `/api/v1/tasks?state=${canary}`);
  assert.equal((await api('POST', '/api/v1/audit/verify', {})).status, 200);
}

function accepted(answer: { status: number; body: unknown }): string {
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return z.object({ taskId: z.string() }).parse(answer.body).taskId;
}

const approvalsSchema = z.object({ items: z.array(z.object({ id: z.string(), taskId: z.string(), payloadHash: z.string() })) });

const waitingFor = (api: Api, taskId: string) =>
  eventually(
    async () =>
      approvalsSchema.parse((await api('GET', '/api/v1/approvals?state=waiting')).body).items.find((item) => item.taskId === taskId),
    () => `nothing of ${taskId} waits for a decision`,
  );

const stateOf = (api: Api, taskId: string, state: string) =>
  eventually(
    async () =>
      z.object({ state: z.string() }).parse((await api('GET', `/api/v1/tasks/${taskId}`)).body).state === state ? true : undefined,
    () => `${taskId} did not become ${state}`,
  );

/** The whole server as a process of its own, everything logged that it can log. */
function startServer() {
  const environment = {
    ...process.env,
    FACTOTUM_DATA: data,
    FACTOTUM_DROP: drop,
    FACTOTUM_OUTBOX: outbox,
    FACTOTUM_PORT: '0',
    FACTOTUM_LOG_LEVEL: 'trace',
    FACTOTUM_DEMO: '1',
  };
  for (const name of Object.keys(environment))
    if (/^(?:ANTHROPIC|FACTOTUM_MODEL|FACTOTUM_DATABASE|NODE_TEST)/.test(name)) Reflect.deleteProperty(environment, name);
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '..', 'src', 'main.ts')], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Signs the demo's owner in with the printed link. */
async function signIn(): Promise<Api> {
  const link = await eventually(
    async () => /(http:\/\/\S+?)\/\S*#\S*?([A-Za-z0-9_-]{20,})/.exec(server.output()) ?? undefined,
    () => `no sign-in link:\n${server.output()}`,
    90_000,
  );
  const [, origin = '', token] = link;
  const session = await fetch(`${origin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ token }),
  });
  assert.equal(session.status, 204);
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(';', 1)[0])
    .join('; ');
  return async (method, path, body, headers = {}) => {
    const isText = typeof body === 'string';
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: {
        cookie,
        origin,
        'sec-fetch-site': 'same-origin',
        ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: isJson ? JSON.parse(text) : text, etag: response.headers.get('etag') ?? '' };
  };
}

/** Every row of every table as text; bytes as hexadecimal digits. */
async function dump(superuserUrl: string): Promise<{ table: string; text: string }[]> {
  const client = new pg.Client({ connectionString: Object.assign(new URL(superuserUrl), { pathname: '/factotum' }).href });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
    );
    assert.ok(tables.rows.length >= 20);
    const rows: { table: string; text: string }[] = [];
    for (const { name } of tables.rows) {
      const found = await client.query<{ text: string }>(`select t::text as text from ${name} t`);
      rows.push(...found.rows.map(({ text }) => ({ table: name, text })));
    }
    return rows;
  } finally {
    await client.end();
  }
}

async function filesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The canary as it is, in either case, as UTF-16, as hexadecimal digits, and in base64 at each of its three alignments. */
function holds(bytes: Buffer): boolean {
  return needles.some((needle) => bytes.includes(needle));
}

const needles: readonly Buffer[] = [
  ...[canary, canary.toUpperCase(), Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('hex').toUpperCase()].map((text) =>
    Buffer.from(text),
  ),
  Buffer.from(canary, 'utf16le'),
  // The digits at both ends also depend on what stands beside the canary.
  ...[0, 1, 2].map((before) =>
    Buffer.from(
      Buffer.from(`${'\0'.repeat(before)}${canary}`)
        .toString('base64')
        .slice(4, -4),
    ),
  ),
];
