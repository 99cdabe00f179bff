import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '#kernel';
import { textClassify } from './classify.ts';

async function classify(text: string, ...labels: string[]) {
  const context = { tenantId: newId('tenant'), taskId: newId('task'), key: 'k', signal: new AbortController().signal, now: new Date() };
  const answer = await textClassify.run(context, { text, labels });
  assert.ok(answer.kind === 'done');
  return textClassify.output.parse(answer.result);
}

test('the label whose words occur most fits, the first of equals, none when nothing occurs', async () => {
  const labels = ['Invoice: invoice, amount due', 'Meeting: meeting, calendar', 'spam'];
  assert.deepEqual(await classify('The invoice: amount  due is 3', ...labels), {
    label: 'Invoice',
    hits: 2,
    words: ['invoice', 'amount due'],
  });
  assert.equal((await classify('Invoice for the MEETING', ...labels)).label, 'Invoice');
  assert.equal((await classify('plain spam', ...labels)).label, 'spam');
  assert.deepEqual(await classify('nothing of it', ...labels), { label: null, hits: 0, words: [] });
  assert.deepEqual(await classify('', 'x:', ':', ',,'), { label: null, hits: 0, words: [] });
});

test('a word is a word: not a part of another, in any case or composition, and anywhere in writing without spaces', async () => {
  assert.equal((await classify('The party starts', 'Art: art')).label, null);
  assert.equal((await classify('art.', 'Art: art')).label, 'Art');
  assert.equal((await classify('CAFE\u0301', 'Food: café')).label, 'Food');
  assert.equal((await classify('これは請求書です', 'Rechnung: 請求書')).label, 'Rechnung');
  assert.equal((await classify('a+b (c)', 'Sum: a+b, (c)')).hits, 2);
});
