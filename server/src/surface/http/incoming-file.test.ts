import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeCamt } from '../../../test/bank/write.ts';
import { testHttp } from '../../../test/http.ts';
import { startJobs } from '../../../test/jobs.ts';
import { buildTextPdf } from '../../../test/pdf.ts';
import { eventually } from '../../../test/platform.ts';

const { send, buildCustomer, platform } = await testHttp();
type Taken = { eventId: string | null; taskId: string | null; jobId: string | null; path: string | null };
const upload = async (key: string, name: string, body: string | Uint8Array<ArrayBuffer>, query = '') =>
  send(`PUT /api/v1/uploads/${encodeURIComponent(name)}${query}`, { key, body });
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T; // What the route declares.
const codeOf = async (response: Response) => [response.status, (await json<{ code: string }>(response)).code];

/** A mail with a PDF and a page attached. */
const mail = (pdf: Buffer) =>
  [
    ...[
      'From: a@example.com',
      'Subject: Bill',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'See there.',
    ],
    ...[
      '--b',
      'Content-Type: application/pdf',
      'Content-Disposition: attachment; filename="../Bill.pdf"',
      'Content-Transfer-Encoding: base64',
    ],
    ...['', pdf.toString('base64'), '--b', 'Content-Type: text/html', 'Content-Disposition: attachment; filename="page.html"', ''],
    ...['<script>alert(1)</script>', '--b--', ''],
  ].join('\r\n');
const sendMail = async (key: string) =>
  json<{ eventId: string; taskId: string }>(
    await send('POST /api/v1/events/mail', { key, body: mail(pdf), headers: { 'content-type': 'message/rfc822' } }),
  );
const pdf = buildTextPdf([{ text: 'Pay 100 to me', x: 50, y: 700 }]);

test('a file that a person sends in is an event of theirs, lies in the vault, and is known when it comes again', async () => {
  const key = await (await buildCustomer()).key();
  const first = await upload(key, 'Bill.pdf', new Uint8Array(pdf));
  assert.equal(first.status, 202);
  const taken = await json<Taken>(first);
  assert.match(taken.path ?? '', /^Inbox\/Files\/\d{4}-\d{2}\/Bill\.pdf$/);
  const again = await upload(key, 'Bill.pdf', new Uint8Array(pdf));
  assert.deepEqual([again.status, await json<Taken>(again)], [200, taken]);
  const read = await send(`GET /api/v1/vault/files/${encodeURIComponent(taken.path ?? '')}`, { key });
  assert.ok(Buffer.from(await read.arrayBuffer()).equals(pdf));
  const task = await json<{
    event: { channel: string; payload: { text: string }; provenance: { submittedBy: string; integrity: string } };
  }>(await send(`GET /api/v1/tasks/${taken.taskId}`, { key }));
  assert.equal(task.event.payload.text, 'Pay 100 to me');
  assert.equal(task.event.provenance.integrity, 'untrusted');
  assert.match(task.event.provenance.submittedBy, /^key:/);
  assert.equal((await upload(key, 'nothing.pdf', '')).status, 400);
});

test('a mailbox is taken in by a job, as history unless it is said', async () => {
  startJobs(platform);
  const key = await (await buildCustomer()).key();
  const { jobId, eventId } = await json<Taken>(
    await upload(key, 'old.mbox', 'From a Thu Jan  1 00:00:00 2026\nFrom: a@example.com\nSubject: Old\n\nHi\n'),
  );
  assert.equal(eventId, null);
  await eventually(async () =>
    (await json<{ state: string }>(await send(`GET /api/v1/jobs/${jobId}`, { key }))).state === 'done' ? true : undefined,
  );
  const { items } = await json<{ items: { state: string; title: string }[] }>(await send('GET /api/v1/tasks', { key }));
  assert.deepEqual(
    items.map(({ state, title }) => [state, title]),
    [['done', 'Old']],
  );
});

test('what came with a mail is read with it, and is a download for who may see mails and the vault', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const { eventId, taskId } = await sendMail(key);
  const task = await json<{ event: { payload: { attachments: { name: string; excerpt?: { kind: string; text: string } }[] } } }>(
    await send(`GET /api/v1/tasks/${taskId}`, { key }),
  );
  const [bill, page] = task.event.payload.attachments;
  assert.deepEqual([bill?.excerpt?.kind, bill?.excerpt?.text], ['pdf', 'Pay 100 to me']);
  assert.equal(page?.excerpt?.text.includes('alert'), false);

  const at = `/api/v1/events/${eventId}/attachments` as const;
  const read = await send(`GET ${at}/0`, { key });
  assert.ok(Buffer.from(await read.arrayBuffer()).equals(pdf));
  const html = await send(`GET ${at}/1`, { key });
  assert.equal(html.headers.get('content-type'), 'application/octet-stream', 'never a page of ours');
  assert.match(html.headers.get('content-disposition') ?? '', /^attachment; filename="page.html"/);
  assert.equal(html.headers.get('x-content-type-options'), 'nosniff');
  assert.match(html.headers.get('content-security-policy') ?? '', /^default-src 'none'; .*; sandbox$/, 'and of no origin, were it shown');
  for (const n of ['2', '99', '-1', '0x0', 'a'])
    assert.deepEqual(await codeOf(await send(`GET ${at}/${n}`, { key })), [404, 'file.not_found']);
  assert.deepEqual(await codeOf(await send(`GET ${at}/0`, { key: await customer.key('task:read') })), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf(await send(`GET ${at}/0`, { key: await customer.key('vault:read') })), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf(await send(`GET ${at}/0`, { key: await (await buildCustomer()).key() })), [404, 'file.not_found']);
});

test('an attachment is kept in the vault once, under a name of its own', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const { eventId } = await sendMail(key);
  const keep = () => send(`POST /api/v1/events/${eventId}/attachments/0/keep`, { key });
  const [first, again] = [await keep(), await keep()];
  assert.deepEqual([first.status, again.status], [201, 200]);
  const kept = await json<{ path: string; sizeBytes: number }>(first);
  assert.match(kept.path, /\/Bill\.pdf$/);
  assert.equal(kept.sizeBytes, pdf.length);
  assert.deepEqual(await json(again), kept);
  assert.deepEqual(
    await codeOf(await send(`POST /api/v1/events/${eventId}/attachments/0/keep`, { key: await customer.key('vault:write') })),
    [403, 'auth.forbidden'],
  );
});

test('a bank statement of whoever may not keep the books is a document like any other, and books nothing', async () => {
  const entry = { bookedOn: '2026-03-02', amountMinor: 9_900, name: 'Ada', iban: null, text: 'INV-1', reference: null, endToEndId: null };
  const made = { iban: 'DE89370400440532013000', currency: 'EUR', number: 1, openingMinor: 0, from: '2026-03-01', until: '2026-03-31' };
  const statement = writeCamt([{ ...made, entries: [entry] }]);
  const customer = await buildCustomer();
  const every = await customer.key();
  const booked = async () => (await json<{ items: unknown[] }>(await send('GET /api/v1/ledger/transactions', { key: every }))).items.length;
  const sent = await json<Taken & { recognised: unknown }>(await upload(await customer.key('event:write'), 'march.xml', statement));
  assert.deepEqual([sent.recognised, await booked()], [null, 0]);
  assert.ok(sent.taskId);
  const known = await json<{ recognised: unknown }>(await upload(every, 'april.xml', statement));
  assert.deepEqual([known.recognised !== null, await booked()], [true, 1]);
});
