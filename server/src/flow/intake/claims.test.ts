import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workedMs } from '../../../test/worked.ts';
import { automaticReason } from './automatic.ts';
import { readReport } from './bounce.ts';
import { htmlToText } from './html.ts';

const reason = (fields: Record<string, string>, sender = 'alice@example.com', subject = 'Hello') =>
  automaticReason(
    Object.entries(fields).map(([key, value]) => ({ key, value })),
    { sender, subject },
  );

test('what lists, programs and other robots send is known as such, and a person’s mail is not', () => {
  const rows: readonly [Record<string, string>, string | null][] = [
    [{}, null],
    [{ 'auto-submitted': 'no' }, null],
    [{ 'auto-submitted': 'No (a person)' }, null],
    [{ precedence: 'first-class' }, null],
    [{ 'x-auto-response-suppress': 'DR, NDR, RN' }, null],
    [{ 'return-path': '<alice@example.com>' }, null],
    [{ 'list-id': 'News <news.example.com>' }, 'list'],
    [{ 'list-post': '<mailto:all@example.com>' }, 'list'],
    [{ precedence: 'List' }, 'list'],
    [{ 'auto-submitted': 'auto-replied (vacation)' }, 'reply'],
    [{ 'auto-submitted': 'auto-replied; owner-email="x@x.org"' }, 'reply'],
    [{ 'x-autoreply': 'yes' }, 'reply'],
    [{ 'auto-submitted': 'auto-generated' }, 'program'],
    [{ 'x-auto-response-suppress': 'OOF, AutoReply' }, 'program'],
    [{ 'x-auto-response-suppress': 'All' }, 'program'],
    [{ precedence: 'bulk' }, 'program'],
    [{ 'list-unsubscribe': '<mailto:off@example.com>' }, 'program'],
    [{ 'return-path': '<>' }, 'program'],
    [{ 'content-type': 'multipart/report; report-type=delivery-status; boundary=b' }, 'bounce'],
    [{ 'x-failed-recipients': 'bob@example.com' }, 'bounce'],
  ];
  for (const [fields, expected] of rows) assert.equal(reason(fields), expected, JSON.stringify(fields));
  for (const sender of ['noreply@shop.example', 'no-reply@shop.example', 'donotreply@shop.example', 'no-reply+a1@shop.example'])
    assert.equal(reason({}, sender), 'program', sender);
  for (const sender of ['norepeat@shop.example', 'noreen@shop.example', 'alice@noreply.example'])
    assert.equal(reason({}, sender), null, sender);
  assert.equal(reason({}, 'MAILER-DAEMON@mx.example'.toLowerCase(), 'Undelivered Mail Returned to Sender'), 'bounce');
  assert.equal(reason({}, 'postmaster@mx.example', 'Our postal rates'), 'program');
});

const standard = [
  'From: MAILER-DAEMON@mx.example',
  'In-Reply-To: <top@ours.example>',
  'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
  '',
  '--b',
  'Content-Type: message/delivery-status',
  '',
  'Reporting-MTA: dns; mx.example',
  '',
  'Final-Recipient: rfc822; Bob@Example.com',
  'Action: failed',
  'Status: 5.1.1',
  'Diagnostic-Code: smtp; 550 5.1.1 no such',
  ' user',
  '',
  'Final-Recipient: rfc822;carol@example.com',
  'Action: delayed',
  'Status: 4.4.1',
  '--b',
  'Content-Type: message/rfc822-headers',
  '',
  'Message-ID: <ours@ours.example>',
  'Subject: Offer',
  '--b--',
];

test('a notice says which mail came back, for whom and why, whatever its line ends', () => {
  for (const end of ['\r\n', '\n', '\r']) {
    const report = readReport(Buffer.from(standard.join(end)), { failedRecipients: '' });
    assert.deepEqual(report.ids, ['<ours@ours.example>', '<top@ours.example>']);
    assert.equal(report.isFinal, true);
    assert.deepEqual(report.recipients, [
      { address: 'bob@example.com', action: 'failed', status: '5.1.1', reason: '550 5.1.1 no such user' },
      { address: 'carol@example.com', action: 'delayed', status: '4.4.1', reason: '' },
    ]);
  }
  const late = standard.map((line) => (line === 'Action: failed' ? 'Action: delayed' : line));
  assert.equal(readReport(Buffer.from(late.join('\n')), { failedRecipients: '' }).isFinal, false);
});

test('a notice in words is read as far as its words go', () => {
  const words = [
    'From: Mail Delivery System <Mailer-Daemon@mx.example>',
    'X-Failed-Recipients: bob@example.com',
    '',
    'A message that you sent could not be delivered:',
    '  bob@example.com',
    '    host mx.example.com: 550 5.1.1 <bob@example.com>: no such user',
    '',
    '------ This is a copy of the message, including all the headers. ------',
    'Message-ID: <ours@ours.example>',
  ].join('\n');
  const report = readReport(Buffer.from(words), { failedRecipients: 'bob@example.com' });
  assert.deepEqual([report.ids, report.isFinal, report.recipients[0]?.status], [['<ours@ours.example>'], true, '5.1.1']);
  const delayed = words.replace('could not be delivered:', 'was delayed. Warning: message delayed 4 hours, we will keep trying.');
  assert.equal(readReport(Buffer.from(delayed), { failedRecipients: 'bob@example.com' }).isFinal, false);
});

test('what is written to be read slowly is read at once', () => {
  const begun = workedMs();
  readReport(Buffer.from(`\n\n${'Message-ID: <'.repeat(20_000)}${'\nFinal-Recipient: '.repeat(10_000)}`), { failedRecipients: '' });
  htmlToText(`${'<p style="'.repeat(20_000)}${'<div '.repeat(20_000)}`);
  htmlToText('<b hidden>'.repeat(20_000));
  assert.ok(workedMs() - begun < 10_000);
});

test('text that people do not see is marked, and what they see is not', () => {
  const hidden = [
    '<p style="display:none">pay</p>',
    '<p style="color: red; DISPLAY : none">pay</p>',
    '<span style="font-size:0">pay</span>',
    '<span style="font-size: 1px">pay</span>',
    "<div style='visibility:hidden'>pay</div>",
    '<div style="opacity:0">pay</div>',
    '<div style="color:#fff">pay</div>',
    '<div style="color:white;background:#FFFFFF">pay</div>',
    '<div style="background-color:#123456"><p style="color:#123456">pay</p></div>',
    '<font color="#ffffff">pay</font>',
    '<p hidden>pay</p>',
    '<div style="max-height:0;overflow:hidden">pay</div>',
    '<div style="mso-hide:all">pay</div>',
    '<div style="position:absolute;left:-9999px">pay</div>',
  ];
  for (const html of hidden) {
    const { text, hasHidden } = htmlToText(`<p>Seen</p>${html}<p>Again</p>`);
    assert.equal(hasHidden, true, html);
    assert.match(text, /^Seen\s+\[not visible to people: \s*pay\s*\]\s+Again$/, html);
  }
  const seen = [
    '<p style="color:#333">pay</p>',
    '<p style="font-size:14px">pay</p>',
    '<p style="font-size:10px;line-height:1">pay</p>',
    '<td bgcolor="#000000"><span style="color:#ffffff">pay</span></td>',
    '<p style="opacity:0.9">pay</p>',
    '<p title="hidden">pay</p>',
    '<p class=hidden>pay</p>',
    '<p style="display:none"><img src="x"></p><p>pay</p>',
    '<p style="margin-left:-10px">pay</p>',
  ];
  for (const html of seen) {
    const { text, hasHidden } = htmlToText(`<p>Seen</p>${html}`);
    assert.equal(hasHidden, false, html);
    assert.equal(text.includes('visible'), false, html);
  }
});
