import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { noteFields } from '#trust/vault';
import { testPlatform } from '../../../test/platform.ts';
import { buildToolCaller } from '../../../test/tool-calls.ts';
import { compose } from './compose.ts';

const platform = await testPlatform();
const account = { 'Mail_Account.md': '---\naddress: office@demo.example\n---\n' };
const letter = { to: ['alice@example.com'], subject: 'Re: Café', text: 'Hello Älice,\n\nsee you.\n', inReplyTo: '<m1@example.com>' };

/** The header fields of a message as they stand on the wire, unfolded. */
const headerOf = (message: string) => (message.split('\r\n\r\n', 1)[0] ?? '').replace(/\r\n[ \t]/g, ' ').split('\r\n');
const namesOf = (message: string) => headerOf(message).map((field) => field.slice(0, field.indexOf(':')));

test('a draft is a note that nobody outside sees, made once a key, and taken back', async () => {
  const tenant = await buildToolCaller(platform, account);
  const result = await tenant.done('mail.draft', letter, { key: 'k1' });
  assert.deepEqual(await tenant.done('mail.draft', letter, { key: 'k1', now: new Date('2026-03-02T10:00:00Z') }), result);
  assert.deepEqual(await tenant.done('mail.draft', letter, { key: 'k1', operation: 'lookup' }), result);
  const path = String(result.path);
  assert.match(path, /^Drafts\/2026-03-01_[0-9a-f]{16}\.md$/);
  const note = await tenant.note(path);
  assert.deepEqual(noteFields(note?.content ?? ''), {
    type: 'draft',
    to: ['alice@example.com'],
    subject: 'Re: Café',
    in_reply_to: '<m1@example.com>',
    created: '2026-03-01T10:00:00.000Z',
  });
  assert.ok(note?.content.endsWith(`${letter.text}\n`));
  assert.deepEqual(await tenant.outbox('mail'), {});
  await tenant.done('mail.draft', letter, { key: 'k1', operation: 'undo', resultJson: JSON.stringify(result) });
  assert.equal(await tenant.note(path), null);
});

test('a sent mail is one file in the outbox that every mail program reads, and the same bytes sealed in the vault', async () => {
  const tenant = await buildToolCaller(platform, account);
  const sent = { ...letter, cc: ['bob@example.com'] };
  const answers = await Promise.all([tenant.call('mail.send', sent, { key: 'k1' }), tenant.call('mail.send', sent, { key: 'k1' })]);
  assert.ok(answers.some(({ kind }) => kind === 'done'));
  const result = await tenant.done('mail.send', sent, { key: 'k1' });
  assert.deepEqual(await tenant.done('mail.send', sent, { key: 'k1', operation: 'lookup' }), result);
  const files = Object.entries(await tenant.outbox('mail'));
  assert.equal(files.length, 1);
  const [name, message] = files[0] ?? assert.fail();
  assert.ok(String(result.file).endsWith(name));
  assert.equal((await tenant.note(String(result.path)))?.content, message);
  const read = await PostalMime.parse(message);
  assert.deepEqual(
    [
      read.from?.address,
      read.to?.map((one) => one.address),
      read.cc?.map((one) => one.address),
      read.subject,
      read.text?.trim(),
      read.inReplyTo,
    ],
    ['office@demo.example', ['alice@example.com'], ['bob@example.com'], 'Re: Café', letter.text.trim(), '<m1@example.com>'],
  );
  assert.ok(message.split('\r\n').every((line) => line.length <= 998 && !/[^\x20-\x7e\t]/.test(line)));
});

test('without a sender that a member named, nothing is sent', async () => {
  for (const notes of [{}, { 'Mail_Account.md': '---\naddress: nobody\n---\n' }, { 'Mail_Account.md': 'address: a@b.example' }]) {
    const tenant = await buildToolCaller(platform, notes);
    assert.equal(await tenant.refused('mail.send', letter), 'tool.auth');
  }
  const tenant = await buildToolCaller(platform);
  await tenant.done('vault.write', { path: 'Mail_Account.md', content: account['Mail_Account.md'] });
  assert.equal(await tenant.refused('mail.send', letter), 'tool.auth');
  assert.deepEqual(await tenant.outbox('mail'), {});
});

test('nothing can be smuggled into the header: whatever is no bare address or no single line is refused', async () => {
  const tenant = await buildToolCaller(platform, account);
  const evil = [
    'a@x.org\r\nBcc: evil@x.org',
    'a@x.org\nBcc: evil@x.org',
    'a@x.org, evil@x.org',
    'A <a@x.org>',
    'a@x.org ',
    '"a\r\nb"@x.org',
    'a@x.org\0',
    'a@x.org\u2028Bcc: e@x.org',
    '',
    '@x.org',
    'a@x',
  ];
  for (const address of evil) {
    assert.equal(await tenant.refused('mail.send', { ...letter, to: [address] }), 'tool.invalid_arguments', JSON.stringify(address));
    assert.equal(await tenant.refused('mail.send', { ...letter, cc: [address] }), 'tool.invalid_arguments', JSON.stringify(address));
  }
  for (const line of ['Hi\r\nBcc: evil@x.org', 'Hi\nBcc: evil@x.org', 'Hi\rBcc: evil@x.org', 'Hi\0', 'Hi\u2028Bcc: x', 'Hi\u0085Bcc: x'])
    for (const field of ['subject', 'inReplyTo'])
      assert.equal(await tenant.refused('mail.send', { ...letter, [field]: line }), 'tool.invalid_arguments');
  assert.equal(await tenant.refused('mail.send', { ...letter, bcc: ['evil@x.org'] }), 'tool.invalid_arguments');
  assert.equal(await tenant.refused('mail.send', { ...letter, to: [] }), 'tool.invalid_arguments');
  assert.deepEqual(await tenant.outbox('mail'), {});
});

test('whatever words a letter has, its header has the same fields, and the same letter is the same bytes', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 80 }).filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) && text.isWellFormed());
  const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((part) => `${part}\r\nBcc: evil@x.org\r\n.\r\n${part}`);
  await fc.assert(
    fc.asyncProperty(line, line, text, async (subject, inReplyTo, words) => {
      const shared = { from: 'office@demo.example', to: ['alice@example.com'], messageId: '<x@factotum.invalid>', date: new Date(0) };
      const message = await compose({ ...shared, subject, inReplyTo, text: words });
      const allowed = [
        'From',
        'To',
        'Subject',
        'Message-ID',
        'In-Reply-To',
        'References',
        'Content-Transfer-Encoding',
        'Date',
        'MIME-Version',
        'Content-Type',
      ];
      assert.deepEqual(
        namesOf(message).filter((name) => !allowed.includes(name)),
        [],
      );
      assert.equal(new Set(namesOf(message)).size, namesOf(message).length);
      assert.equal(await compose({ ...shared, subject, inReplyTo, text: words }), message);
    }),
    { numRuns: 60 },
  );
});

test('what a stranger calls the id of a mail is quoted only when it is one', async () => {
  const shared = {
    from: 'office@demo.example',
    to: ['a@x.org'],
    messageId: '<x@factotum.invalid>',
    date: new Date(0),
    subject: 's',
    text: 't',
  };
  for (const inReplyTo of [undefined, '', 'nonsense', '<with space@x>', '<ü@x>', '>'])
    assert.equal(namesOf(await compose({ ...shared, inReplyTo })).includes('In-Reply-To'), false, inReplyTo);
  assert.ok(headerOf(await compose({ ...shared, inReplyTo: 'see <a@x> (mine)' })).includes('In-Reply-To: <a@x>'));
});
