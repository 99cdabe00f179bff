import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitMbox } from './mbox.ts';

const line = 'From a@example.com Thu Jan  1 00:00:00 2026\n';

async function* inPieces(content: Buffer, bytes: number) {
  for (let at = 0; at < content.length; at += bytes) yield content.subarray(at, at + bytes);
}

const split = async (content: string | Buffer, { pieces = 7, most = 1_000_000 } = {}) =>
  Array.fromAsync(splitMbox(inPieces(Buffer.from(content), pieces), most));

test('mails come out as they were put in, whatever they hold and however they arrive', async () => {
  const text = fc.array(fc.constantFrom('', 'From me', '>From me', '>>From you', 'text', ' From', 'Subject: x'), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 64 }), async (mails, pieces) => {
      const whole = mails.map((lines) => `Subject: a\n${lines.map((each) => `${each}\n`).join('')}`);
      const content = whole.map((mail) => `${line}${mail.replace(/^(>*From )/gm, '>$1')}\n`).join('');
      const found = await split(content, { pieces });
      assert.deepEqual(
        found.map(({ bytes }) => bytes?.toString()),
        whole,
      );
      assert.equal(found.at(-1)?.end, content.length);
    }),
  );
});

test('reading goes on behind any mail', async () => {
  const content = ['A', 'B', 'C'].map((name) => `${line}Subject: ${name}\n\n${name}\n\n`).join('');
  const [first] = await split(content);
  const rest = await split(content.slice(first?.end ?? 0));
  assert.deepEqual(
    rest.map(({ bytes }) => bytes?.toString()),
    ['Subject: B\n\nB\n', 'Subject: C\n\nC\n'],
  );
});

test('a mail that is too large is named and not held; the next is read', async () => {
  const found = await split(`${line}Subject: big\n\n${'x'.repeat(5_000)}\n\n${line}Subject: small\n\n`, { most: 1_000 });
  assert.deepEqual(
    found.map(({ bytes }) => bytes?.toString() ?? null),
    [null, 'Subject: small\n'],
  );
});

test('what is no mailbox has no mails', async () => {
  assert.deepEqual(await split('Dear Sir,\n\nFrome here\n'), []);
  assert.deepEqual(await split(''), []);
});
