import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFactotumError } from './errors.ts';
import { parseJson } from './json-text.ts';

const read = (text: string | Uint8Array) => parseJson(typeof text === 'string' ? Buffer.from(text) : text);

test('JSON is read as it is written', () => {
  assert.deepEqual(read('{"a":[1,"\\u00e9\\ud83d\\ude00",null]}'), { a: [1, 'é😀', null] });
  assert.doesNotThrow(() => read(`${'['.repeat(64)}${']'.repeat(64)}`));
  assert.equal(read('"[[[[ \\" ]]]"'), '[[[[ " ]]]');
});

test('what is no JSON, no UTF-8 or too deep is named, quickly and without quoting it', () => {
  const faulty: [string | Uint8Array, string][] = [
    ['', 'request.not_json'],
    ['{"secret', 'request.not_json'],
    ['{"a":NaN}', 'request.not_json'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'request.not_json'],
    ['\0', 'request.not_json'],
    ['['.repeat(65), 'request.invalid'],
    ['{"a":'.repeat(400_000), 'request.invalid'],
    ['{"a":"\\u0000"}', 'request.invalid'],
    ['{"\\ud800":1}', 'request.invalid'],
    ['{"a":["\\udc00"]}', 'request.invalid'],
  ];
  const started = process.cpuUsage();
  for (const [text, code] of faulty)
    assert.throws(
      () => read(text),
      (error) => isFactotumError(error) && error.code === code && !error.message.includes('secret'),
    );
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 1_000_000, `${user + system} us of the processor`);
});
