import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAddressAllowed } from './authorise.ts';
import { createClientAddress } from './client-address.ts';

const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48'];

/** What somebody is taken for who says so in that header, and in no other. */
function finder(...settings: Parameters<typeof createClientAddress>) {
  const find = createClientAddress(...settings);
  return (connection: { remoteAddress?: string }, said: string | null) =>
    find(connection, (name) => (name === (settings[1] ?? 'x-forwarded-for') ? said : '198.51.100.250'));
}
const behind = finder(proxies);
const direct = finder([]);

test('without trusted proxies nobody says where they come from', () => {
  assert.equal(direct({ remoteAddress: '10.0.0.1' }, '192.0.2.1'), '10.0.0.1');
  assert.equal(direct({ remoteAddress: '127.0.0.1' }, '192.0.2.1'), '127.0.0.1');
  assert.equal(direct({ remoteAddress: '::ffff:192.0.2.9' }, null), '192.0.2.9');
  assert.equal(direct({}, '192.0.2.1'), '', 'a connection that is gone');
  assert.equal(isAddressAllowed(['0.0.0.0/0', '::/0'], direct({}, null)), false, 'and it is in no list of addresses');
});

test('of what a trusted proxy says the rightmost address that is no proxy counts', () => {
  const from = (header: string | null, remoteAddress = '10.0.0.1') => behind({ remoteAddress }, header);
  assert.equal(from('192.0.2.1'), '192.0.2.1');
  assert.equal(from('198.51.100.7, 192.0.2.1'), '192.0.2.1', 'what the client wrote itself stands to the left');
  assert.equal(from('192.0.2.1, 10.2.3.4, 10.9.9.9'), '192.0.2.1', 'through two more proxies');
  assert.equal(from('10.1.1.1, 192.0.2.1, 10.2.3.4'), '192.0.2.1', 'a client that says it is a proxy');
  assert.equal(from('10.1.1.1, 10.2.2.2'), '10.1.1.1', 'a client inside the trusted network');
  assert.equal(from(null), '10.0.0.1');
  assert.equal(from(''), '10.0.0.1');
  assert.equal(from('192.0.2.1', '::ffff:10.0.0.1'), '192.0.2.1', 'a proxy whose address comes mapped');
  assert.equal(from('2001:db8::5', '2001:db8:ffff::1'), '2001:db8::5');
});

test('who is no trusted proxy is not believed', () => {
  assert.equal(behind({ remoteAddress: '192.0.2.66' }, '198.51.100.1'), '192.0.2.66');
  assert.equal(behind({ remoteAddress: '127.0.0.1' }, '198.51.100.1'), '127.0.0.1');
});

test('what is no address ends the search at the proxy that said it', () => {
  const wanted: Record<string, string> = {
    unknown: '10.0.0.1',
    _hidden: '10.0.0.1',
    '999.1.1.1': '10.0.0.1',
    ' 192.0.2.1 ': '192.0.2.1',
    '192.0.2.1:443': '192.0.2.1',
    '[2001:db8::5]:443': '2001:db8::5',
    '[2001:db8::5]': '2001:db8::5',
    '::ffff:192.0.2.1': '192.0.2.1',
  };
  for (const [header, address] of Object.entries(wanted)) assert.equal(behind({ remoteAddress: '10.0.0.1' }, header), address, header);
  assert.equal(behind({ remoteAddress: '10.0.0.1' }, '192.0.2.1, evil, 10.2.2.2'), '10.2.2.2');
});

test('an edge that names the client in a header of its own is believed as a trusted proxy alone, and for one address alone', () => {
  for (const header of ['cf-connecting-ip', 'x-real-ip'] as const) {
    const from = finder(proxies, header);
    assert.equal(from({ remoteAddress: '10.0.0.1' }, '192.0.2.1'), '192.0.2.1');
    assert.equal(from({ remoteAddress: '10.0.0.1' }, '2001:db8::5'), '2001:db8::5');
    assert.equal(from({ remoteAddress: '192.0.2.66' }, '192.0.2.1'), '192.0.2.66', 'who goes round the edge says nothing about itself');
    assert.equal(from({ remoteAddress: '10.0.0.1' }, '192.0.2.1, 192.0.2.2'), '10.0.0.1', 'sent twice, by the client and by the edge');
    assert.equal(from({ remoteAddress: '10.0.0.1' }, null), '10.0.0.1');
    assert.equal(finder([], header)({ remoteAddress: '10.0.0.1' }, '192.0.2.1'), '10.0.0.1', 'without trusted proxies nobody is believed');
  }
});
