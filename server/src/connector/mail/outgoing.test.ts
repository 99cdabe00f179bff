import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { Id, JsonObject } from '#kernel';
import { testPlatform } from '../../../test/platform.ts';
import { type ImapStandIn, startImapStandIn } from '../../../test/stand-in/imap.ts';
import { buildToolCaller } from '../../../test/tool-calls.ts';

interface Smtp {
  readonly port: number;
  readonly taken: { readonly to: string[]; readonly message: string }[];
  /** How it answers instead of taking a mail. */
  mischief: 'none' | 'later' | 'never' | 'no recipient' | 'some recipients' | 'cut after the end' | 'cut before the end';
}

/** A server that takes mail; and one that cuts the line where no library does. */
async function startSmtp(): Promise<Smtp> {
  const smtp: Smtp = { port: 0, taken: [], mischief: 'none' };
  const refusal = (responseCode: number, words: string) => Object.assign(new Error(words), { responseCode });
  const inner = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ password }, _session, done) => (password === 'right-password' ? done(null, { user: 'office' }) : done(refusal(535, 'no'))),
    onRcptTo({ address }, _session, done) {
      if (smtp.mischief === 'no recipient' || (smtp.mischief === 'some recipients' && address.startsWith('bob')))
        done(refusal(550, '5.1.1 no such user'));
      else done();
    },
    onData(stream, { envelope }, done) {
      text(stream).then(
        (message) => {
          if (smtp.mischief === 'later') return done(refusal(451, '4.7.1 come back later'));
          if (smtp.mischief === 'never') return done(refusal(554, '5.7.1 never'));
          smtp.taken.push({ to: envelope.rcptTo.map(({ address }) => address), message });
          return done();
        },
        () => undefined,
      );
    },
  });
  inner.on('error', () => undefined);
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
  const innerAddress = inner.server.address();
  assert.ok(innerAddress !== null && typeof innerAddress === 'object');
  const sockets = new Set<Socket>();
  const front = createServer((socket) => {
    const behind = connect(innerAddress.port, '127.0.0.1');
    sockets.add(socket).add(behind);
    socket.on('error', () => undefined);
    behind.on('error', () => socket.destroy());
    let isEnding = false;
    socket.on('data', (chunk) => {
      const isData = /(^|\r\n)DATA\r\n/.test(chunk.toString('latin1')) && smtp.mischief === 'cut before the end';
      if (isData) socket.destroy();
      if (chunk.toString('latin1').endsWith('\r\n.\r\n')) isEnding = true;
      if (!isData) behind.write(chunk);
    });
    behind.on('data', (chunk) => {
      // The mail is taken, and the answer never comes.
      if (isEnding && smtp.mischief === 'cut after the end') socket.destroy();
      else socket.write(chunk);
    });
    socket.on('close', () => behind.destroy());
    behind.on('close', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  const address = front.address();
  assert.ok(address !== null && typeof address === 'object');
  after(async () => {
    for (const socket of sockets) socket.destroy();
    front.close();
    await new Promise<void>((resolve) => inner.close(() => resolve()));
  });
  return Object.assign(smtp, { port: address.port });
}

const smtp = await startSmtp();
const imap: ImapStandIn = await startImapStandIn(new Set(['right-password']));
after(() => imap.close());
const platform = await testPlatform({ environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: `127.0.0.1:${imap.port},127.0.0.1:${smtp.port}` } });
const letter = { to: ['alice@example.com'], subject: 'Offer', text: 'Dear Älice,\n.\nbest\n' };

async function buildTenant(settings: JsonObject = {}) {
  smtp.taken.length = 0;
  smtp.mischief = 'none';
  for (const folder of imap.folders.values()) folder.messages = [];
  const tenant = await buildToolCaller(platform);
  const connection = await platform.connections.create(
    tenant.tenantId,
    {
      connector: 'mail',
      name: 'Office',
      settings: {
        ...{
          imapHost: '127.0.0.1',
          imapPort: imap.port,
          imapSecurity: 'none',
          smtpHost: '127.0.0.1',
          smtpPort: smtp.port,
          smtpSecurity: 'none',
        },
        ...{ user: 'office@demo.example', fromAddress: 'office@demo.example', fromName: 'The Office', signature: 'Demo Ltd' },
        ...settings,
      },
      credentials: { password: 'right-password' },
    },
    { actor: 'user:usr_1' },
  );
  const receive = async (fields: Record<string, string>, words = 'What does it cost?') => {
    const head = {
      From: 'Alice <alice@example.com>',
      To: 'office@demo.example',
      Subject: 'Question',
      'Message-ID': '<q@example.com>',
      ...fields,
    };
    const raw = `${Object.entries(head)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n${words}\r\n`;
    return platform.intake.acceptMail(tenant.tenantId, Buffer.from(raw), { channel: 'command', submittedBy: 'command' });
  };
  return { ...tenant, connection, receive };
}
const inFolder = (name: string) => imap.folders.get(name)?.messages ?? [];

test('a mail goes out over the account once a call, signed, and its copy lies in the folder for sent mail', async () => {
  const tenant = await buildTenant();
  const first = await tenant.done('mail.send', { ...letter, cc: ['bob@example.com'] }, { key: 'k1' });
  const [taken, ...more] = smtp.taken;
  assert.deepEqual([taken?.to, more.length], [['alice@example.com', 'bob@example.com'], 0]);
  const read = await PostalMime.parse(taken?.message ?? '');
  assert.deepEqual([read.from, read.messageId], [{ name: 'The Office', address: 'office@demo.example' }, first.messageId]);
  assert.equal(read.text?.trim(), 'Dear Älice,\n.\nbest\n\n-- \nDemo Ltd');
  assert.equal(inFolder('Sent').length, 1);
  assert.equal((await tenant.note(String(first.path)))?.content.includes(String(first.messageId)), true);
  assert.deepEqual(await tenant.outbox('mail'), {});
  for (const operation of ['do', 'lookup'] as const)
    assert.deepEqual(await tenant.done('mail.send', { ...letter, cc: ['bob@example.com'] }, { key: 'k1', operation }), first);
  assert.equal(smtp.taken.length, 1);
  assert.equal(inFolder('Sent').length, 1);
});

test('what a server refuses may be tried again or not, as it says, and nobody gets it twice', async () => {
  const tenant = await buildTenant();
  for (const [mischief, failure] of [
    ['later', 'transient'],
    ['cut before the end', 'transient'],
    ['never', 'permanent'],
    ['no recipient', 'permanent'],
  ] as const) {
    smtp.mischief = mischief;
    const answer = await tenant.call('mail.send', letter, { key: mischief });
    assert.ok(answer.kind === 'failed' && answer.failure === failure, `${mischief}: ${JSON.stringify(answer)}`);
    assert.deepEqual((await tenant.call('mail.send', letter, { key: mischief, operation: 'lookup' })).kind, 'absent');
  }
  assert.equal(smtp.taken.length, 0);
  smtp.mischief = 'none';
  await tenant.done('mail.send', letter, { key: 'later' });
  assert.equal(smtp.taken.length, 1);
  smtp.mischief = 'some recipients';
  const partly = await tenant.done('mail.send', { ...letter, cc: ['bob@example.com'] }, { key: 'partly' });
  assert.deepEqual(partly.rejected, ['bob@example.com']);
});

test('when the line breaks after the end nobody says that it failed; the folder for sent mail tells, and no second mail goes out', async () => {
  const tenant = await buildTenant();
  smtp.mischief = 'cut after the end';
  assert.equal((await tenant.call('mail.send', letter, { key: 'k1' })).kind, 'unknown');
  smtp.mischief = 'none';
  assert.equal(smtp.taken.length, 1);
  assert.equal((await tenant.call('mail.send', letter, { key: 'k1', operation: 'lookup' })).kind, 'unknown');
  assert.equal((await tenant.call('mail.send', letter, { key: 'k1' })).kind, 'unknown');
  imap.add('Sent', smtp.taken[0]?.message ?? '');
  const found = await tenant.done('mail.send', letter, { key: 'k1', operation: 'lookup' });
  assert.match(String(found.messageId), /^<[0-9a-f]{40}@demo\.example>$/);
  assert.deepEqual(await tenant.done('mail.send', letter, { key: 'k1' }), found);
  assert.equal(smtp.taken.length, 1);
});

test('of ten calls with one key at once one sends', async () => {
  const tenant = await buildTenant();
  const answers = await Promise.all(Array.from({ length: 10 }, () => tenant.call('mail.send', letter, { key: 'k1' })));
  assert.ok(answers.some(({ kind }) => kind === 'done'));
  assert.equal(smtp.taken.length, 1);
});

test('an answer stands in its thread, with the mail below, and goes only to those who have that mail', async () => {
  const tenant = await buildTenant();
  await tenant.receive({ References: '<first@example.com>', 'In-Reply-To': '<first@example.com>', Cc: 'carol@example.com' });
  const reply = { to: ['alice@example.com'], cc: ['carol@example.com'], text: 'Ten euros.', inReplyTo: '<q@example.com>' };
  await tenant.done('mail.reply', reply);
  const read = await PostalMime.parse(smtp.taken[0]?.message ?? '');
  assert.deepEqual(
    [read.subject, read.inReplyTo, read.references],
    ['Re: Question', '<q@example.com>', '<first@example.com> <q@example.com>'],
  );
  assert.match(read.text ?? '', /^Ten euros\.\n\n.*Alice <alice@example\.com>:\n> What does it cost\?\n\n-- \nDemo Ltd/);
  assert.equal(await tenant.refused('mail.reply', { ...reply, cc: ['eve@example.com'] }), 'tool.invalid_arguments');
  assert.equal(await tenant.refused('mail.reply', { ...reply, inReplyTo: '<none@example.com>' }), 'tool.invalid_arguments');
  assert.equal(smtp.taken.length, 1);
});

test('lists, programs and loops are not answered, whoever has allowed it', async () => {
  const tenant = await buildTenant({ repliesPerHourMax: 2 });
  await tenant.receive({ 'Message-ID': '<list@example.com>', 'List-Id': '<news.example.com>' });
  assert.equal(
    await tenant.refused('mail.reply', { to: ['alice@example.com'], text: 'Hi', inReplyTo: '<list@example.com>' }),
    'mail.automatic',
  );
  const robot = await tenant.receive({ 'Message-ID': '<robot@example.com>', 'Auto-Submitted': 'auto-replied' });
  // The id is one that intake has just made.
  const taskId = robot.taskId as Id<'task'>;
  assert.equal(await tenant.refused('mail.send', letter, { taskId }), 'mail.automatic');
  await tenant.done('mail.send', { ...letter, to: ['boss@demo.example'] }, { taskId });
  await tenant.receive({});
  const reply = { to: ['alice@example.com'], text: 'Hi', inReplyTo: '<q@example.com>' };
  for (let turn = 0; turn < 2; turn += 1) await tenant.done('mail.reply', reply);
  assert.equal(await tenant.refused('mail.reply', reply), 'mail.loop');
  assert.equal(smtp.taken.length, 3);
});

test('a draft lies in the vault and in the drafts of the account once, and is taken back from both', async () => {
  const tenant = await buildTenant();
  await tenant.write('Offers/a.md', '# Offer');
  const draft = { ...letter, attachments: ['Offers/a.md'] };
  const made = await tenant.done('mail.draft', draft, { key: 'k1' });
  assert.deepEqual(await tenant.done('mail.draft', draft, { key: 'k1' }), made);
  assert.equal((await tenant.call('mail.draft', draft, { key: 'k1', operation: 'lookup' })).kind, 'done');
  const [kept, ...more] = inFolder('Drafts');
  assert.deepEqual([more.length, kept?.flags.has('\\Draft'), made.mailbox], [0, true, 'Drafts']);
  const read = await PostalMime.parse(kept?.bytes ?? Buffer.alloc(0));
  assert.deepEqual([read.attachments[0]?.filename, read.text?.includes('Demo Ltd')], ['a.md', true]);
  imap.folders.get('Drafts')?.messages.splice(0);
  assert.equal((await tenant.call('mail.draft', draft, { key: 'k1', operation: 'lookup' })).kind, 'absent', 'half of it is not all of it');
  await tenant.done('mail.draft', draft, { key: 'k1' });
  await tenant.done('mail.draft', draft, { key: 'k1', operation: 'undo', resultJson: JSON.stringify(made) });
  assert.equal(inFolder('Drafts').length, 0);
  assert.equal(await tenant.note(String(made.path)), null);
  assert.equal(smtp.taken.length, 0);
});

test('files of the vault go along as they are; what is not there or too large is not sent at all', async () => {
  const tenant = await buildTenant();
  await tenant.write('Offers/Ängebot.md', '# Offer');
  await tenant.done('mail.send_files', { ...letter, attachments: ['Offers/Ängebot.md'] });
  const read = await PostalMime.parse(smtp.taken[0]?.message ?? '', { attachmentEncoding: 'utf8' });
  assert.deepEqual([read.attachments[0]?.filename, read.attachments[0]?.content], ['Ängebot.md', '# Offer']);
  assert.equal(await tenant.refused('mail.send_files', { ...letter, attachments: ['Offers/none.md'] }), 'vault.not_found');
  assert.equal(smtp.taken.length, 1);
});

test('an account that refuses us is for a person to mend, and without one files cannot be sent', async () => {
  const tenant = await buildTenant();
  await platform.connections.change(
    tenant.tenantId,
    tenant.connection.id,
    { credentials: { password: 'wrong-password' } },
    { actor: 'user:usr_1', basedOn: null, mayRefer: true },
  );
  assert.equal(await tenant.refused('mail.send', letter), 'connection.refused');
  const bare = await buildToolCaller(platform);
  assert.equal(await bare.refused('mail.send_files', { ...letter, attachments: ['a.md'] }), 'connection.missing');
});
