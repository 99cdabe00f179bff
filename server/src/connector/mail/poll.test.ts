import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Arrival, type ConnectorFault, isConnectorFault } from '@factotum/connector-sdk';
import { createHost, type Host } from '@factotum/connector-sdk/test';
import { rawBytesMax } from '#flow/intake';
import { type ImapStandIn, startImapStandIn } from '../../../test/stand-in/imap.ts';
import { createMailConnector } from './connector.ts';

const connector = createMailConnector({ resolve: async () => [] });
const day = 86_400_000;

async function buildMailbox(t: TestContext, settings: Record<string, unknown> = {}) {
  const server = await startImapStandIn(new Set(['right-password']));
  t.after(() => server.close());
  const host = createHost({
    connector,
    settings: {
      ...{
        imapHost: '127.0.0.1',
        imapPort: server.port,
        imapSecurity: 'none',
        user: 'office@demo.example',
        fromAddress: 'office@demo.example',
      },
      ...settings,
    } as never,
    credentials: { password: 'right-password' },
  });
  return { server, host };
}

const mail = (subject: string, text = 'Hi') =>
  `From: alice@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.com>\r\n\r\n${text}\r\n`;
const subjectOf = (arrival: Arrival) =>
  arrival.form === 'mail' ? (/^Subject: (.*)\r$/m.exec(Buffer.from(arrival.bytes).toString())?.[1] ?? '') : arrival.title;
const subjects = (host: Host) => host.arrivals.map(subjectOf);
const faultOf = async (work: Promise<unknown>): Promise<ConnectorFault> => {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(isConnectorFault(error), String(error));
  return error;
};
const fill = (server: ImapStandIn, count: number, daysAgo: (at: number) => number) => {
  for (let at = 0; at < count; at += 1) server.add('INBOX', mail(`m${at}`), new Date(Date.now() - daysAgo(at) * day));
};

test('the past is fetched as far back as asked for, from the end that was chosen, and its progress is told', async (t) => {
  for (const pastFirst of ['newest', 'oldest']) {
    const { server, host } = await buildMailbox(t, { pastDays: 10, pastFirst });
    fill(server, 20, (at) => 19.5 - at);
    const polled = await host.poll({ arrivals: 4 });
    assert.equal(polled.more, true);
    assert.ok(polled.progress !== undefined && polled.progress.done >= 4);
    await host.drain({ arrivals: 4 });
    const expected = Array.from({ length: 10 }, (_, at) => `m${at + 10}`);
    assert.deepEqual(subjects(host), pastFirst === 'newest' ? expected.toReversed() : expected);
    assert.ok(host.arrivals.every(({ history }) => history === true));
    assert.equal(host.known, 0);
    const last = await host.poll();
    assert.equal(last.progress?.done, last.progress?.of);
  }
});

test('what is new comes before the past, and is no history', async (t) => {
  const { server, host } = await buildMailbox(t, { pastDays: 30 });
  fill(server, 10, () => 5);
  await host.poll({ arrivals: 3 });
  server.add('INBOX', mail('new'));
  await host.poll({ arrivals: 3 });
  assert.equal(subjects(host)[3], 'new');
  assert.equal(host.arrivals[3]?.history, undefined);
  await host.drain();
  assert.equal(host.arrivals.length, 11);
});

test('with no days of the past nothing of it is fetched, and gaps in the numbers lose nothing', async (t) => {
  const { server, host } = await buildMailbox(t, { pastDays: 0 });
  fill(server, 5, () => 2);
  await host.drain();
  assert.equal(host.arrivals.length, 0);
  const inbox = server.folders.get('INBOX') ?? assert.fail();
  for (const uidNext of [9_000, 250_000, 4_000_000_000]) {
    inbox.uidNext = uidNext;
    server.add('INBOX', mail(`at ${uidNext}`));
  }
  await host.drain();
  assert.deepEqual(subjects(host), ['at 9000', 'at 250000', 'at 4000000000']);
});

test('a line that is cut in the middle of a message brings nothing, and everything the next time', async (t) => {
  const { server, host } = await buildMailbox(t);
  await host.drain();
  for (let at = 0; at < 6; at += 1) server.add('INBOX', mail(`m${at}`, 'x'.repeat(10_000)));
  server.mischief.cutAt = 3;
  assert.equal((await faultOf(host.poll())).kind, 'transient');
  assert.equal(host.arrivals.length, 0);
  delete server.mischief.cutAt;
  await host.drain();
  assert.deepEqual(subjects(host), ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
});

test('when UIDVALIDITY changes all of it is read anew, and what came meanwhile is no history', async (t) => {
  const { server, host } = await buildMailbox(t, { pastDays: 10 });
  fill(server, 8, () => 3);
  await host.drain();
  server.add('INBOX', mail('meanwhile'), new Date(Date.now() + 2_000));
  server.renumber('INBOX');
  await host.drain({ arrivals: 3 });
  assert.deepEqual([host.arrivals.length, host.known], [9, 8]);
  assert.equal(host.arrivals.find((one) => subjectOf(one) === 'meanwhile')?.history, undefined);
});

test('a message that is too large, or that its server cannot read, is told of and holds nothing up', async (t) => {
  const { server, host } = await buildMailbox(t);
  await host.drain();
  server.add('INBOX', mail('first'));
  const broken = server.add('INBOX', mail('broken'));
  server.add('INBOX', mail('last'));
  server.mischief.refusesUid = broken.uid;
  await host.drain();
  assert.deepEqual(subjects(host), ['first', 'broken', 'last']);
  const note = host.arrivals[1];
  assert.ok(note?.form === 'event' && note.kind === 'mail.left_out');
  assert.deepEqual(
    [note.payload.reason, note.payload.sender, note.payload.messageId],
    ['unreadable', 'alice@example.com', '<broken@example.com>'],
  );
  delete server.mischief.refusesUid;
  server.mischief.claimsBytes = rawBytesMax + 1;
  server.add('INBOX', mail('huge'));
  await host.drain();
  const huge = host.arrivals[3];
  assert.ok(huge?.form === 'event' && huge.payload.reason === 'too_large' && huge.title === 'huge');
  server.renumber('INBOX');
  await host.drain();
  assert.equal(host.arrivals.filter(({ form }) => form === 'event').length, 5, 'the same note for the same message');
});

test('a server that sends more than it was asked for is left, whichever way it does so', async (t) => {
  const { server, host } = await buildMailbox(t);
  await host.drain();
  server.add('INBOX', mail('small'));
  for (const mischief of [
    { literalBytes: 3 * 1024 * 1024 },
    { literalBytes: rawBytesMax * 2 },
    { floodsWith: `* OK ${'x'.repeat(1_000)}` },
    { floodsWith: `* OK ${'x'.repeat(8 * 1024 * 1024)}` },
  ]) {
    Object.assign(server.mischief, mischief);
    assert.equal((await faultOf(host.poll())).kind, 'transient', JSON.stringify(mischief).slice(0, 60));
    for (const name of Object.keys(mischief)) delete server.mischief[name as keyof typeof mischief];
  }
  await host.drain();
  assert.deepEqual(subjects(host), ['small']);
});

test('several folders are read; one that vanishes keeps its place, and is read on when it comes back', async (t) => {
  const { server, host } = await buildMailbox(t, { folders: ['INBOX', 'Orders', 'Sent'] });
  server.folders.set('Orders', { uidValidity: 1, uidNext: 1, messages: [] });
  await host.drain();
  server.add('INBOX', mail('inbox'));
  server.add('Orders', mail('order'));
  server.add('Sent', mail('sent'));
  await host.drain();
  assert.deepEqual(subjects(host), ['inbox', 'order', 'sent']);
  assert.deepEqual(
    host.arrivals.map(({ history }) => history === true),
    [false, false, true],
    'what we sent asks for nothing',
  );
  const orders = server.folders.get('Orders') ?? assert.fail();
  server.folders.delete('Orders');
  server.add('INBOX', mail('more'));
  await host.drain();
  server.folders.set('Orders', orders);
  server.add('Orders', mail('order 2'));
  await host.drain();
  assert.deepEqual(subjects(host).slice(3), ['more', 'order 2']);
  assert.equal(host.known, 0);
  for (const name of ['INBOX', 'Orders', 'Sent']) server.folders.delete(name);
  assert.equal((await faultOf(host.poll())).kind, 'permanent');
});

test('a draft that somebody is writing is no mail', async (t) => {
  const { server, host } = await buildMailbox(t);
  await host.drain();
  server.add('INBOX', mail('draft')).flags.add('\\Draft');
  server.add('INBOX', mail('mail'));
  await host.drain();
  assert.deepEqual(subjects(host), ['mail']);
});

test('without TLS only what the operator has opened is dialled', async (t) => {
  const { host } = await buildMailbox(t);
  const context = { ...host.context(), resolve: async () => '1.1.1.1' };
  // The host has parsed the settings by the connector's own schema.
  assert.equal((await faultOf(connector.check(context as never))).kind, 'permanent');
});

test('an access token is fetched once, used for both, and fetched anew when it is refused', async (t) => {
  const server = await startImapStandIn(new Set(['token-one']));
  t.after(() => server.close());
  let asked = 0;
  let status = 200;
  const bodies: string[] = [];
  const tokenEndpoint: typeof fetch = async (_url, init) => {
    asked += 1;
    bodies.push(String(init?.body));
    return Response.json(
      status === 200 ? { access_token: asked === 1 ? 'token-one' : 'token-two', expires_in: 3600 } : { error: 'invalid_grant' },
      { status },
    );
  };
  const host = createHost({
    connector,
    settings: {
      ...{
        imapHost: '127.0.0.1',
        imapPort: server.port,
        imapSecurity: 'none',
        user: 'office@demo.example',
        fromAddress: 'office@demo.example',
      },
      ...{ tokenUrl: 'https://login.example/token', clientId: 'client' },
    },
    credentials: { refreshToken: 'refresh-me', clientSecret: 'client-secret' },
  });
  // The host has parsed the settings by the connector's own schema.
  const context = { ...host.context(), fetch: tokenEndpoint } as never;
  await connector.check(context);
  await connector.check(context);
  assert.deepEqual([asked, server.logins], [1, ['token-one', 'token-one']]);
  assert.equal(bodies[0], 'grant_type=refresh_token&refresh_token=refresh-me&client_id=client&client_secret=client-secret');
  await server.close();
  const second = await startImapStandIn(new Set(['token-two']));
  t.after(() => second.close());
  const moved = { ...host.context(), fetch: tokenEndpoint };
  moved.settings.imapPort = second.port;
  await connector.check(moved as never);
  assert.deepEqual([asked, second.logins], [2, ['token-two']]);
  status = 400;
  const other = { ...moved, credentials: { refreshToken: 'gone' } } as never;
  assert.equal((await faultOf(connector.check(other))).kind, 'auth');
  status = 503;
  assert.equal((await faultOf(connector.check(other))).kind, 'transient');
});
