import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { authenticationOf, trustedResults } from './authentication.ts';
import type { MailContext } from './settings.ts';

/** As much of a context as is looked at. */
const contextOf = (trustedAuthserv?: string) =>
  ({ settings: trustedAuthserv === undefined ? {} : { trustedAuthserv }, signal: new AbortController().signal }) as unknown as MailContext;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A mail that its sender's server has signed. */
async function signed(change: (raw: string) => string = (raw) => raw): Promise<Buffer> {
  const transport = createTransport({
    streamTransport: true,
    newline: 'windows',
    dkim: { domainName: 'example.com', keySelector: 's1', privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
  });
  const { message } = await transport.sendMail({
    from: 'alice@example.com',
    to: 'office@demo.example',
    subject: 'Hello',
    text: 'Pay nothing.',
  });
  assert.ok(!Buffer.isBuffer(message));
  return Buffer.from(change(await text(message)));
}

const dns = async (domain: string): Promise<string[][]> => {
  const records: Record<string, string> = {
    's1._domainkey.example.com': `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
    '_dmarc.example.com': 'v=DMARC1; p=reject',
  };
  const record = records[domain];
  if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  return [[record]];
};

test('a signature that holds passes, one over other words fails, and a mail without one says so', async () => {
  assert.deepEqual(await authenticationOf(contextOf(), await signed(), dns), { dkim: 'pass', dmarc: 'pass', arc: 'none' });
  const forged = await authenticationOf(contextOf(), await signed((raw) => raw.replace('nothing', 'everything')), dns);
  assert.notEqual(forged.dkim, 'pass');
  assert.equal(forged.dmarc, 'fail');
  const plain = await authenticationOf(contextOf(), Buffer.from('From: alice@example.com\r\nSubject: x\r\n\r\nHi\r\n'), dns);
  assert.notEqual(plain.dkim, 'pass');
});

test('a name server that says nothing does not hold the mail up, and what its sender claims of itself does not count', async () => {
  const claiming = await signed((raw) => `Authentication-Results: mx.example; spf=pass; dkim=pass; dmarc=pass\r\n${raw}`);
  const silent = await authenticationOf(contextOf(), claiming, () => new Promise(() => undefined));
  assert.deepEqual(silent, {});
});

test('of the results in a mail only those count that the tenant’s own server wrote, and of those the topmost', () => {
  const header = [
    'Received: from x',
    'Authentication-Results: MX.Demo.Example 1; spf=pass smtp.mailfrom=a@x.org;',
    '\tdkim=fail (was ; dkim=pass (nested) ) header.d=x.org; dkim=pass header.d=y.org; dmarc=none reason="; dmarc=pass"; iprev=pass; arc=odd',
    'Authentication-Results: mx.demo.example; spf=fail; dmarc=pass',
    'Authentication-Results: evil.example; dmarc=pass',
    '',
  ].join('\n');
  assert.deepEqual(trustedResults(header, 'mx.demo.example'), { spf: 'pass', dkim: 'pass', dmarc: 'none' });
  assert.deepEqual(trustedResults(header, 'demo.example'), {});
  assert.deepEqual(trustedResults('Subject: Authentication-Results: mx.demo.example; spf=pass\n', 'mx.demo.example'), {});
});

test('with a trusted name nothing is looked up', async () => {
  const results = await authenticationOf(contextOf('mx.demo.example'), await signed(), () => assert.fail('it asked'));
  assert.deepEqual(results, {});
});
