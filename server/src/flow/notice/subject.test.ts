import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from './subject.ts';

test('a title is one line of bounded length, whatever a stranger has written', () => {
  assert.equal(plain('Reply to \u202Egnp.exe\u202C\r\nBcc: x\u2028\u0000'), 'Reply to gnp.exe Bcc: x');
  assert.equal(plain('pay\u200Bpal\u{E0041}\u3164\u2800 now'), 'pay pal now');
  assert.equal(plain(`Z${'\u0335'.repeat(400)}algo`), `Z${'\u0335'.repeat(3)}algo`);
  assert.equal(plain('हिंदी, ภาษาที่, Việt'), 'हिंदी, ภาษาที่, Việt'.normalize('NFC'));
  for (const giant of ['W'.repeat(5_000_000), '😀'.repeat(100_000), '\uD800'.repeat(9_999), `${' '.repeat(9_999)}end`]) {
    const cut = plain(giant);
    assert.ok([...cut].length <= 160 && cut.isWellFormed() && cut.endsWith('…'), cut);
  }
});
