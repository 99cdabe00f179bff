import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, isFactotumError } from '#kernel';
import { workedMs } from '../../../test/worked.ts';
import { readMail } from './mail.ts';
import { payloadBytesMax, rawBytesMax } from './schema.ts';

const door = { channel: 'drop', submittedBy: 'connector:drop' } as const;
const read = (raw: string | Uint8Array) => readMail(typeof raw === 'string' ? Buffer.from(raw) : raw, door);
const payloadOf = async (raw: string | Uint8Array) => (await read(raw)).payload;

/** Every mail that is taken in can be stored: canonical, within the bound, nothing in it that a text column or a header would choke on. */
async function assertStorable(raw: string | Uint8Array): Promise<void> {
  const { payload, title, occurredAt } = await read(raw);
  const json = canonicalJson(payload);
  assert.ok(Buffer.byteLength(json) <= payloadBytesMax, `${Buffer.byteLength(json)} bytes`);
  assert.doesNotMatch(json, /\\u0000/);
  assert.ok(title.isWellFormed() && title !== '');
  if (occurredAt !== undefined) assert.match(occurredAt, /^\d{4}-/);
}

const refused = (raw: string | Uint8Array, code: 'mail.invalid' | 'request.too_large') =>
  assert.rejects(read(raw), (error) => isFactotumError(error, code));

test('a mail becomes an event whose identity is the hash of its bytes, and whose text is never trusted', async () => {
  const raw = [
    'Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=alice@example.com; dkim=fail; dmarc=none',
    'Authentication-Results: forged.example; dkim=pass',
    'From: "Alice A." <Alice@Example.com>',
    'Reply-To: Desk <desk@example.com>',
    'To: office@demo.example, "Bob, the" <bob@demo.example>',
    'Cc: carol@demo.example',
    'Subject: =?utf-8?q?Caf=C3=A9?= on Friday',
    'Date: Mon, 2 Mar 2026 10:00:00 +0100',
    'Message-ID: <m1@example.com>',
    'References: <a@x> <b@x>',
    'List-Id: News <news.example.com>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'See you there.',
    '--b',
    'Content-Type: text/csv; name="a.csv"',
    'Content-Disposition: attachment; filename="a.csv"',
    '',
    'x,y',
    '--b--',
    '',
  ].join('\r\n');
  const event = await read(raw);
  assert.equal(event.source, 'mail');
  assert.equal(event.externalId, `sha256:${createHash('sha256').update(raw).digest('hex')}`);
  assert.equal(event.title, 'Café on Friday');
  assert.equal(event.occurredAt, '2026-03-02T09:00:00.000Z');
  assert.deepEqual(event.provenance, {
    ...door,
    integrity: 'untrusted',
    from: 'alice@example.com',
    authentication: { spf: 'pass', dkim: 'fail', dmarc: 'none' },
  });
  assert.deepEqual(event.payload, {
    from: { name: 'Alice A.', address: 'alice@example.com' },
    sender: 'alice@example.com',
    replyTo: 'desk@example.com',
    to: [
      { name: '', address: 'office@demo.example' },
      { name: 'Bob, the', address: 'bob@demo.example' },
    ],
    cc: [{ name: '', address: 'carol@demo.example' }],
    subject: 'Café on Friday',
    date: '2026-03-02T09:00:00.000Z',
    messageId: '<m1@example.com>',
    inReplyTo: '',
    references: ['<a@x>', '<b@x>'],
    listId: 'News <news.example.com>',
    listUnsubscribe: '',
    autoSubmitted: '',
    automatic: true,
    automaticReason: 'list',
    hiddenText: false,
    text: 'See you there.',
    attachments: [{ name: 'a.csv', type: 'text/csv', sizeBytes: 4, sha256: createHash('sha256').update('x,y\n').digest('hex') }],
  });
});

test('what is no mail is refused as such: nothing, bytes, prose, an archive, half a header', async () => {
  const zip = Buffer.from('504b0304140000000800', 'hex');
  const noise = Uint8Array.from({ length: 5_000 }, (_, at) => (at * 7_919) % 256);
  for (const raw of ['', '\r\n\r\n', zip, noise, 'Dear all: the meeting is at ten.\n', '{"subject":"x"}', new Uint8Array(1_000)])
    await refused(raw, 'mail.invalid');
  await refused(new Uint8Array(rawBytesMax + 1), 'request.too_large');
});

test('a mail without sender, subject or a real date is taken in as what it is', async () => {
  const event = await read('To: office@demo.example\r\nDate: Mon, 99 Foo 20000 99:99\r\n\r\nhi');
  assert.equal(event.title, '(no subject)');
  assert.equal(event.occurredAt, undefined);
  assert.equal('from' in event.provenance, false);
  assert.deepEqual(
    { sender: event.payload.sender, replyTo: event.payload.replyTo, date: event.payload.date },
    { sender: '', replyTo: '', date: null },
  );
  for (const date of ['Mon, 1 Jan 275759 00:00:00 +0000', 'Thu, 1 Jan 1600 00:00:00 +0000', '0', 'tomorrow'])
    await assertStorable(`From: a@x.org\r\nDate: ${date}\r\n\r\nhi`);
});

test('address groups are opened, empty ones are nobody', async () => {
  const { from, to, cc } = await payloadOf(
    'From: Team: a@x.org, b@x.org;\r\nTo: undisclosed-recipients:;\r\nCc: G: c@x.org, "D" <d@x.org>;, e@x.org\r\n\r\nhi',
  );
  assert.deepEqual(from, { name: '', address: 'a@x.org' });
  assert.deepEqual(to, []);
  assert.deepEqual(cc, [
    { name: '', address: 'c@x.org' },
    { name: 'D', address: 'd@x.org' },
    { name: '', address: 'e@x.org' },
  ]);
});

test('a header stays one line, whatever its encoded words bring in', async () => {
  const { subject, from } = await payloadOf(
    'From: =?utf-8?q?A=0D=0ABcc:_x=40evil.org?= <a@x.org>\r\nSubject: =?utf-8?q?a=0D=0A=0D=0Ab=00c?=\r\n\r\nhi',
  );
  assert.equal(subject, 'a b\uFFFDc');
  assert.doesNotMatch(JSON.stringify(from), /[\r\n]|\\[rn]/);
});

test('NUL, control characters and half characters show as such and can be stored', async () => {
  const { text, subject } = await payloadOf(Buffer.from('From: a@x.org\r\nSubject: =?utf-16be?B?2AA=?=\r\n\r\na\0b\x1b[31mc\ttab'));
  assert.equal(text, 'a\uFFFDb\uFFFD[31mc\ttab');
  assert.ok(String(subject).isWellFormed());
  // Cut in the middle of a pair, and at every place around it.
  for (let before = 0; before < 4; before += 1)
    await assertStorable(
      `From: a@x.org\r\nSubject: ${'x'.repeat(before)}${'😀'.repeat(600)}\r\n\r\n${'x'.repeat(before)}${'😀'.repeat(40_000)}`,
    );
});

test('HTML alone is read as text: no images, scripts or styles, links with where they lead', async () => {
  const { text } = await payloadOf(
    'From: a@x.org\r\nContent-Type: text/html\r\n\r\n<style>p{}</style><script>alert(1)</script><p>Hello <b>you</b></p><img src="http://track.example/x.gif" alt="pixel"><a href="https://pay.example">Pay</a>',
  );
  assert.equal(text, 'Hello you\n\nPay [https://pay.example]');
});

test('mails made to hurt are read or refused within bounds', async () => {
  const html = 'From: a@x.org\r\nContent-Type: text/html\r\n\r\n';
  const multipart = 'From: a@x.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n';
  let nested = 'From: a@x.org\r\n';
  for (let depth = 0; depth < 200; depth += 1) nested += `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n`;
  const started = workedMs();
  for (const raw of [
    `${html}${'<div>'.repeat(100_000)}`,
    `${html}${'<table><tr><td>'.repeat(30_000)}`,
    `${html}${'<a href="x">'.repeat(20_000)}`,
    `${html}${'<!--'.repeat(50_000)}`,
    `From: a@x.org\r\nTo: ${'('.repeat(100_000)}\r\n\r\nhi`,
    `From: a@x.org\r\nTo: ${'a:'.repeat(50_000)}\r\n\r\nhi`,
    `From: a@x.org\r\nContent-Type: text/plain; ${'a*0=b; '.repeat(50_000)}\r\n\r\nhi`,
    `From: a@x.org\r\nContent-Transfer-Encoding: base64\r\n\r\n${'!'.repeat(500_000)}`,
    `From: a@x.org\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe`,
  ])
    await assertStorable(raw);
  await refused(nested, 'mail.invalid');
  await refused(`${multipart}${'--b\r\n\r\nx\r\n'.repeat(100_000)}--b--`, 'mail.invalid');
  await refused(`From: a@x.org\r\n${'X-A: b\r\n'.repeat(200_000)}\r\nhi`, 'mail.invalid');
  assert.ok(workedMs() - started < 60_000);
});

test('the largest mail that can be written still fits: its text gives way', async () => {
  const wide = '字';
  const list = Array.from({ length: 60 }, () => `"${wide.repeat(150)}" <${wide.repeat(300)}@x.org>`).join(', ');
  const raw = [
    `From: ${list}`,
    `Reply-To: ${list}`,
    `To: ${list}`,
    `Cc: ${list}`,
    `References: ${Array.from({ length: 30 }, () => `<${wide.repeat(600)}>`).join(' ')}`,
    `Subject: ${wide.repeat(2_000)}`,
    ...['Message-ID', 'In-Reply-To', 'List-Id', 'List-Unsubscribe', 'Auto-Submitted'].map((name) => `${name}: ${wide.repeat(2_000)}`),
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `"${wide}\\`.repeat(60_000),
    ...Array.from(
      { length: 60 },
      () =>
        `--b\r\nContent-Type: application/${'x'.repeat(300)}; name="${wide.repeat(300)}"\r\nContent-Disposition: attachment; filename="${wide.repeat(300)}"\r\n\r\nx`,
    ),
    '--b--',
  ].join('\r\n');
  await assertStorable(raw);
  const { to, attachments, text } = await payloadOf(raw);
  assert.ok(Array.isArray(to) && to.length === 50 && Array.isArray(attachments) && attachments.length === 50);
  assert.ok(String(text).length > 5_000);
});

test('no bytes whatever do anything else than become an event or be refused', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'From: ',
      'Subject: ',
      'Date: ',
      '\r\n',
      '\r\n\r\n',
      '--b',
      '--b--',
      'Content-Type: multipart/mixed; boundary=b\r\n',
      'Content-Type: text/html\r\n',
      'Content-Transfer-Encoding: base64\r\n',
      '=?utf-8?b?',
      '?=',
      '<',
      '>',
      '"',
      '&#0;',
      '\\',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      const raw = `From: a@x.org\r\n${pieces.join('')}`;
      try {
        await assertStorable(raw);
      } catch (error) {
        assert.ok(isFactotumError(error, 'mail.invalid'), String(error));
      }
    }),
    { numRuns: 200 },
  );
});
