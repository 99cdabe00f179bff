import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeholder, registerSecret } from '#kernel/redact';
import { FactotumError } from './errors.ts';
import { createLogger } from './log.ts';

function captured() {
  const lines: string[] = [];
  return { lines, log: createLogger({ level: 'trace', to: { write: (line) => lines.push(line) } }) };
}

const secrets = fc
  .string({ unit: fc.constantFrom(...'abcXYZ0189"\\/\n\t+=&% é€'), minLength: 8, maxLength: 60 })
  .filter((text) => text.trim().length >= 8 && !placeholder.includes(text));

test('no registered value leaves by a log line: not in its message, a field at any depth, an error, its stack or its causes', () => {
  const { lines, log } = captured();
  fc.assert(
    fc.property(secrets, fc.integer({ min: 0, max: 6 }), fc.string({ maxLength: 10 }), (secret, depth, around) => {
      const forget = registerSecret(secret);
      let field: unknown = around + secret + around;
      for (let level = 0; level < depth; level += 1) field = level % 2 === 0 ? { [`level${level}`]: field } : [around, field];
      const cause = new Error(`far side said ${secret}`, { cause: new Error(JSON.stringify({ body: secret })) });
      log.error({ err: new Error(`no: ${around}${secret}`, { cause }), field, buffer: Buffer.from(secret) }, `message ${secret}`);
      log.error({ err: cause, header: `Basic ${Buffer.from(`robot:${secret}`).toString('base64')}` });
      for (const line of lines.splice(0)) {
        const said = JSON.stringify(JSON.parse(line));
        assert.ok(!said.includes(secret) && !said.includes(JSON.stringify(secret).slice(1, -1)), said);
        assert.ok(!said.includes(Buffer.from(secret).join(',')), said);
      }
      forget();
    }),
    { numRuns: 300 },
  );
});

test('a named failure has no known secret in its message, wherever that ends up', () => {
  const forget = registerSecret('the-password-of-something');
  const failure = new FactotumError('mail.unavailable', 'The mail server said: no user with the-password-of-something here.');
  forget();
  assert.equal(failure.message, `The mail server said: no user with ${placeholder} here.`);
  assert.ok(!failure.stack?.includes('the-password'));
});

test('a line without secrets is as it was, with the error bare of what libraries hang onto it', () => {
  const { lines, log } = captured();
  log.warn({ err: Object.assign(new Error('refused'), { code: 'ECONNREFUSED', rows: ['content'] }), count: 3 }, 'no answer');
  const line = JSON.parse(lines[0] ?? '') as { err: Record<string, unknown>; count: number; msg: string };
  assert.deepEqual(
    [line.msg, line.count, line.err.code, line.err.message, 'rows' in line.err],
    ['no answer', 3, 'ECONNREFUSED', 'refused', false],
  );
});
