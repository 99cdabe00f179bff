import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectorFault, type Network } from '@factotum/connector-sdk';
import { discoverMail, readAutoconfig } from './discover.ts';

const file = `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="example.com"><domain>example.com</domain>
  <incomingServer type="pop3"><hostname>pop.example.com</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
  <incomingServer type="imap"><hostname>plain.example.com</hostname><port>143</port><socketType>plain</socketType></incomingServer>
  <incomingServer type="imap"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>
  <outgoingServer type="smtp"><hostname>smtp.example.com</hostname><port>587</port><socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>`;

/** A world with these pages and these names; whatever else is asked for does not exist. */
function world(pages: Readonly<Record<string, string>>, names: readonly string[] = []) {
  const asked: string[] = [];
  const network: Network = {
    signal: new AbortController().signal,
    now: () => new Date(),
    log: () => undefined,
    async fetch(url) {
      asked.push(String(url));
      const page = pages[String(url).split('?')[0] ?? ''];
      if (page === undefined) throw new ConnectorFault('transient', 'There is no such server.');
      return new Response(page);
    },
    async resolve(host) {
      if (!names.includes(host)) throw new ConnectorFault('transient', 'There is no such name.');
      return '192.0.2.1';
    },
  };
  return { network, asked };
}
const nothing = async () => {
  throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
};

test('what a domain publishes of itself comes first, and only https is asked', async () => {
  const { network, asked } = world({ 'https://example.com/.well-known/autoconfig/mail/config-v1.1.xml': file });
  const [first] = await discoverMail(network, 'office@example.com', nothing);
  assert.deepEqual(first?.settings, {
    ...{
      imapHost: 'imap.example.com',
      imapPort: 993,
      imapSecurity: 'tls',
      smtpHost: 'smtp.example.com',
      smtpPort: 587,
      smtpSecurity: 'starttls',
    },
    ...{ user: 'office', fromAddress: 'office@example.com' },
  });
  assert.ok(asked.length > 0 && asked.every((url) => url.startsWith('https://') && new URL(url).host.endsWith('example.com')));
});

test('services in DNS are proposed, best first, and one of somebody else is marked', async () => {
  const { network } = world({});
  const proposals = await discoverMail(network, 'office@example.com', async (name) => {
    if (name === '_imaps._tcp.example.com')
      return [
        { name: 'late.provider.example', port: 993, priority: 20, weight: 0 },
        { name: 'mail.provider.example.', port: 993, priority: 10, weight: 0 },
      ];
    if (name === '_submission._tcp.example.com') return [{ name: 'mail.provider.example', port: 587, priority: 0, weight: 0 }];
    return name.startsWith('_imap._tcp') ? [{ name: '.', port: 0, priority: 0, weight: 0 }] : nothing();
  });
  assert.equal(proposals.length, 1);
  assert.match(proposals[0]?.title ?? '', /somebody else/);
  assert.deepEqual(
    [proposals[0]?.settings.imapHost, proposals[0]?.settings.smtpPort, proposals[0]?.settings.smtpSecurity],
    ['mail.provider.example', 587, 'starttls'],
  );
});

test('names that exist are a guess, and nothing found is nothing proposed', async () => {
  const { network } = world({}, ['mail.example.com', 'smtp.example.com']);
  const [guess] = await discoverMail(network, 'office@example.com', nothing);
  assert.deepEqual([guess?.settings.imapHost, guess?.settings.smtpHost], ['mail.example.com', 'smtp.example.com']);
  for (const address of ['office@nowhere.example', 'nobody', 'a@b@c', 'x@[127.0.0.1]', 'x@localhost/..'])
    assert.deepEqual(await discoverMail(world({}).network, address, nothing), [], address);
});

test('what is no configuration, or names no server that we could use, proposes nothing', () => {
  for (const text of [
    '',
    'not found',
    '<html></html>',
    file.replaceAll('imap', 'pop3'),
    file.replaceAll('SSL', 'plain'),
    file.replace('imap.%EMAILDOMAIN%', 'a b'),
  ])
    assert.equal(readAutoconfig(text, 'office@example.com'), null);
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 12 }, (_, at) => `<!ENTITY a${at} "${`&a${at === 0 ? '' : at - 1};`.repeat(10)}">`).join('')}]><clientConfig>&a11;</clientConfig>`;
  assert.equal(readAutoconfig(bomb, 'office@example.com'), null);
});
