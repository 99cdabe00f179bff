import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import { readDocument } from '#connector/document';
import { createFileIntake, type FileIntakeDeps } from '#flow/file';
import { eventBodySchema } from '#flow/intake';
import { FactotumError, type Id, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { readTenantJob } from '#trust/job';
import { startJobs } from '../jobs.ts';
import { buildTextPdf } from '../pdf.ts';
import { eventually, testPlatform } from '../platform.ts';

const platform = await testPlatform();
const { database, intake, keyring, vaultFiles: files } = platform;
const door = { channel: 'upload', submittedBy: 'user:test' } as const;
const month = new Date().toISOString().slice(0, 7);

const build = async (change: Partial<FileIntakeDeps> = {}) => {
  const tenantId = await platform.buildTenant();
  const fileIntake = createFileIntake({
    app: database.app,
    keysOf: keyring.of,
    intake,
    files,
    readDocumentOf: () => readDocument,
    recognisers: [],
    clock: systemClock,
    ...change,
  });
  return {
    tenantId,
    fileIntake,
    take: (name: string, content: Uint8Array | string, more: Partial<Parameters<typeof fileIntake.take>[2]> = {}) =>
      fileIntake.take(tenantId, { name, body: piecesOf(Buffer.from(content)) }, { ...door, ...more }),
    events: () => eventsOf(tenantId),
    paths: async () => (await files.list(tenantId, '', { after: '', limit: 100 })).map(({ path }) => path),
  };
};

async function* piecesOf(content: Buffer, bytes = 10_000) {
  for (let at = 0; at < content.length; at += bytes) yield content.subarray(at, at + bytes);
}

async function eventsOf(tenantId: Id<'tenant'>) {
  const keys = await keyring.of(tenantId);
  const { rows } = await withTenant(database.app.db, tenantId, (tx) =>
    sql<{ eventId: string; source: string; kind: string; body: Buffer; state: string }>`
      select e.event_id, e.source, e.kind, e.body, t.state from app.event e left join app.task t using (tenant_id, task_id) order by e.event_id`.execute(
      tx,
    ),
  );
  return rows.map(({ eventId, body, ...row }) => ({ ...row, ...keys.openJson({ kind: 'event', id: eventId }, body, eventBodySchema) }));
}

test('a document is kept in the vault and arrives as an event with what it says; nothing in it is trusted', async () => {
  const { take, events, paths, tenantId } = await build();
  const pdf = buildTextPdf([{ text: 'Invoice 4711', x: 50, y: 700 }]);
  const taken = await take('../Rechnung "März".pdf', pdf);
  const path = `Inbox/Files/${month}/Rechnung _März_.pdf`;
  assert.deepEqual([taken.path, taken.created, taken.jobId], [path, true, null]);
  assert.deepEqual(await paths(), [path]);
  const [event] = await events();
  assert.deepEqual([event?.source, event?.kind, event?.title], ['files', 'file.arrived', 'Rechnung _März_.pdf']);
  assert.deepEqual(event?.provenance, { channel: 'upload', submittedBy: 'user:test', integrity: 'untrusted' });
  assert.deepEqual(
    [event?.payload.text, event?.payload.document, event?.payload.pages, event?.payload.path],
    ['Invoice 4711', 'pdf', 1, path],
  );
  const found = await files.find(tenantId, path);
  assert.equal(found?.blob.bytes, pdf.length);
});

test('the same content is one event and one file, whatever it is called and however often it comes', async () => {
  const { take, events, paths } = await build();
  const first = await take('a.txt', 'the same');
  const again = await take('a.txt', 'the same');
  const renamed = await take('b.txt', 'the same');
  for (const other of [again, renamed]) assert.deepEqual({ ...other, created: true }, first);
  assert.equal(again.created || renamed.created, false);
  assert.deepEqual(await paths(), [`Inbox/Files/${month}/a.txt`]);
  const other = await take('a.txt', 'something else');
  assert.equal(other.path, `Inbox/Files/${month}/a (2).txt`);
  const together = await Promise.allSettled([take('c.txt', 'at once'), take('c.txt', 'at once')]);
  assert.ok(together.some(({ status }) => status === 'fulfilled'));
  await take('c.txt', 'at once');
  assert.equal((await events()).length, 3);
  assert.equal((await paths()).length, 3);
});

test('what cannot be read arrives all the same and says why; nothing at all is refused', async () => {
  const { take, events, paths } = await build();
  await take('photo.pdf', Buffer.from('%PDF-1.7\nbroken'));
  await take('setup.exe', Buffer.from('MZ\0\0\0\0'));
  await assert.rejects(take('empty.pdf', ''), { code: 'request.invalid' });
  const [pdf, program] = await events();
  assert.match(JSON.stringify(pdf?.payload.unreadable), /document\.unreadable/);
  assert.deepEqual(program?.payload.warnings, ['It is of a kind that runs when it is opened.']);
  assert.deepEqual(await paths(), [`Inbox/Files/${month}/photo.pdf`, `Inbox/Files/${month}/setup.exe.unsafe`]);
});

test('names that deceive are made plain, and said to be so', async () => {
  const { take, events } = await build();
  await take('invoice\u202efdp.exe', 'x');
  await take('p\u0430ypal.txt', 'y');
  await take('CON.txt', 'z');
  await take(`${'ä'.repeat(300)}.pdf`, 'w');
  const all = await events();
  assert.deepEqual(all.map(({ payload }) => String(payload.path).slice(20)).slice(0, 3), [
    'invoicefdp.exe.unsafe',
    'p\u0430ypal.txt',
    '_CON.txt',
  ]);
  assert.match(JSON.stringify(all[0]?.payload.warnings), /direction of writing/);
  assert.match(JSON.stringify(all[1]?.payload.warnings), /look alike/);
  assert.ok(Buffer.byteLength(String(all[3]?.payload.name)) <= 150);
});

test('a mail is a mail, by its name or by how it begins; a file that begins like a letter is none', async () => {
  const { take, events } = await build();
  await take('a.eml', 'From: a@example.com\r\nSubject: Named\r\n\r\nHi');
  await take('spool', 'Received: from x\r\nSubject: Unnamed\r\n\r\nHi');
  await take('letter.txt', 'Dear Sir: hello\nSubject: none\n\nHi');
  await assert.rejects(take('bad.eml', 'nonsense'), { code: 'mail.invalid' });
  assert.deepEqual(
    (await events()).map(({ kind }) => kind),
    ['mail.received', 'mail.received', 'file.arrived'],
  );
});

test('who knows a file takes it in; what is wrong with it for them is said, and it arrives as any other', async () => {
  const { take, events } = await build({
    recognisers: [
      async (_, { bytes }) => {
        const text = Buffer.from(bytes).toString();
        if (text.startsWith('broken statement')) throw new FactotumError('ledger.unreadable', 'Line 1 has no amount.');
        return text.startsWith('statement') ? { kind: 'bank_file', counts: { added: 2 } } : null;
      },
    ],
  });
  assert.deepEqual((await take('a.csv', 'statement 1')).recognised, { kind: 'bank_file', counts: { added: 2 } });
  assert.equal((await take('b.csv', 'broken statement')).recognised, null);
  assert.deepEqual(
    (await events()).map(({ payload }) => payload.warnings),
    [['Line 1 has no amount.']],
  );
});

test('a large file is kept piece by piece, and takes the memory of a few pieces', async () => {
  const { fileIntake, tenantId } = await build();
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const piece = randomBytes(1024 * 1024);
  let most = 0;
  async function* body() {
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 128; at += 1) {
      if (at % 16 === 0) {
        collect();
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
      yield piece;
    }
  }
  const { path } = await fileIntake.take(tenantId, { name: 'video.bin', body: body() }, door);
  const [event] = await eventsOf(tenantId);
  assert.match(JSON.stringify(event?.payload.unreadable), /document\.too_large/);
  assert.equal((await files.find(tenantId, path ?? ''))?.blob.bytes, 128 * 1024 * 1024);
  assert.ok(most < 64 * 1024 * 1024, `${most} bytes`);
});

/** What a job gave. */
const ended = (tenantId: Id<'tenant'>, jobId: string | null) =>
  eventually(async () => {
    const job = await withTenant(database.app.db, tenantId, (tx) => readTenantJob(tx, tenantId, jobId ?? ''));
    if (job.state === 'failed') throw new Error(job.error?.message);
    return job.state === 'done' ? job.result : undefined;
  });

const mailbox = (mails: readonly string[]) => mails.map((mail) => `From x@example.com Thu Jan  1 00:00:00 2026\n${mail}\n`).join('');

test('a mailbox becomes its mails, as history unless it is said, and leaves the vault; again it changes nothing', async () => {
  const { take, events, paths, tenantId } = await build();
  startJobs(platform);
  const mails = Array.from({ length: 120 }, (_, at) => `From: a@example.com\nSubject: Mail ${at}\n\n>From the start\nBye ${at}\n`);
  const content = mailbox([...mails, 'no header at all']);
  const { jobId, eventId } = await take('old.mbox', content);
  assert.equal(eventId, null);
  assert.deepEqual(await ended(tenantId, jobId), { mails: 121, taken: 120, known: 0, unreadable: 1 });
  const all = await events();
  assert.equal(all.length, 120);
  assert.deepEqual(new Set(all.map(({ state }) => state)), new Set(['done']));
  assert.match(String(all[0]?.payload.text), /^From the start/);
  assert.deepEqual(await paths(), []);
  const again = await take('old.mbox', mailbox([...mails, 'From: a@example.com\nSubject: New\n\nNew\n']), { as: 'new' });
  assert.deepEqual(await ended(tenantId, again.jobId), { mails: 121, taken: 1, known: 120, unreadable: 0 });
  await eventually(async () => ((await events()).filter(({ state }) => state !== 'done').length === 1 ? true : undefined));
});
