import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FarRequest } from './far-side.ts';
import { signatureOf, verifySigV4 } from './sigv4.ts';

const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const time = '20150830T123600Z';

/** Examples that AWS publishes for writers of clients. */
const published = [
  {
    url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    service: 'iam',
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  },
  {
    url: 'https://example.amazonaws.com/',
    headers: {},
    service: 'service',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
] as const;

const requestOf = ({ url, headers }: { url: string; headers: Readonly<Record<string, string>> }): FarRequest => ({
  method: 'GET',
  url: new URL(url),
  headers: { ...headers, host: new URL(url).host, 'x-amz-date': time },
  body: Buffer.alloc(0),
});

for (const example of published)
  test(`the signature of AWS's example for ${example.service} is the published one`, () => {
    const request = requestOf(example);
    const names = Object.keys(request.headers).sort();
    const signature = signatureOf(request, { names, time, region: 'us-east-1', service: example.service, secretAccessKey });
    assert.equal(signature.toString('hex'), example.signature);
  });

test('a signature counts only for its headers, body, key, region, service and time', () => {
  const [{ service, signature }] = [published[1]];
  const plain = requestOf(published[1]);
  const signed: FarRequest = {
    ...plain,
    headers: {
      ...plain.headers,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    },
  };
  const rules = {
    region: 'us-east-1',
    service,
    keys: new Map([['AKIDEXAMPLE', { secretAccessKey }]]),
    now: () => new Date('2015-08-30T12:40:00Z'),
  };
  assert.deepEqual(verifySigV4(signed, rules), { ok: true, accessKeyId: 'AKIDEXAMPLE' });
  const refused = [
    verifySigV4({ ...signed, headers: { ...signed.headers, host: 'other.example.com' } }, rules),
    verifySigV4({ ...signed, headers: { ...signed.headers, 'x-amz-target': 'TrentService.Decrypt' } }, rules),
    verifySigV4({ ...signed, body: Buffer.from('{}') }, rules),
    verifySigV4({ ...signed, method: 'POST' }, rules),
    verifySigV4(plain, rules),
    verifySigV4(signed, { ...rules, region: 'eu-central-1' }),
    verifySigV4(signed, { ...rules, service: 'kms' }),
    verifySigV4(signed, { ...rules, keys: new Map() }),
    verifySigV4(signed, { ...rules, keys: new Map([['AKIDEXAMPLE', { secretAccessKey: 'another' }]]) }),
    verifySigV4(signed, { ...rules, mustSign: ['x-amz-target'] }),
    verifySigV4(signed, { ...rules, now: () => new Date('2015-08-30T12:41:01Z') }),
  ];
  assert.ok(refused.every(({ ok }) => !ok));
});
