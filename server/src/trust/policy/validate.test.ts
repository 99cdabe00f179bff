import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validatePolicy } from './index.ts';

const good = '@id("a") @title("A") permit (principal, action, resource);';
const rows: readonly [name: string, text: string, message: RegExp, policy: string | null, line: number | null][] = [
  ['a syntax error', `${good}\n\n@id("b") @title("B")\npermit (principal, action resource);`, /unexpected token/, null, 4],
  ['a policy without an id', `${good}\n@title("B")\npermit (principal, action, resource);`, /no @id/, null, 2],
  ['an id twice', `${good}\n@id("a") @title("B") forbid (principal, action, resource);`, /Two policies/, 'a', 2],
  ['a strange id', '@id("A b") @title("B") forbid (principal, action, resource);', /lower-case letters/, 'A b', 1],
  ['a built-in id', '@id("factotum.reads") @title("B") forbid (principal, action, resource);', /built-in/, 'factotum.reads', 1],
  ['a policy without a title', '@id("a") forbid (principal, action, resource);', /@title/, 'a', 1],
  ['a template', '@id("a") @title("B") forbid (principal == ?principal, action, resource);', /Templates/, null, null],
  [
    'an unguarded optional fact',
    `// Überweisungen\n${good}\n@id("b") @title("B")\npermit (principal, action, resource)\nwhen { context.amountMinor < 3 };`,
    /context has amountMinor/,
    'b',
    5,
  ],
  [
    'an unknown fact',
    '@id("b") @title("B") permit (principal, action, resource) when { context.efect == "read" };',
    /did you mean `effect`/,
    'b',
    1,
  ],
  [
    'an action that is only the group',
    '@id("b") @title("B") forbid (principal, action == Action::"call", resource);',
    /applicable action|impossible/,
    'b',
    1,
  ],
  ['an unknown tool', '@id("b") @title("B") forbid (principal, action, resource == Tool::"bank.pya");', /no tool "bank.pya"/, null, null],
];
for (const [name, text, message, policy, line] of rows)
  test(`${name} is named with its place`, () => {
    const faults = validatePolicy(text, new Set(['bank.pay']));
    const fault = faults.find((candidate) => message.test(candidate.message));
    assert.ok(fault, JSON.stringify(faults));
    assert.deepEqual([fault.policy, fault.line], [policy, line]);
  });

test('all faults are reported at once, each once', () => {
  const text =
    '@id("a") @title("A") permit (principal, action, resource) when { context.efect == "x" };\n@id("b") @title("B") permit (principal, action, resource) when { context.amountMinor > 1 };';
  assert.deepEqual(
    validatePolicy(text).map(({ policy }) => policy),
    ['a', 'b'],
  );
});

test('a text too long to be read is refused unread', () => {
  assert.match(
    validatePolicy(good.padEnd(70_000))
      .map(({ message }) => message)
      .join(),
    /longer than/,
  );
  const many = Array.from({ length: 501 }, (_, index) => `@id("p${index}") @title("A") permit (principal, action, resource);`).join('\n');
  assert.match(
    validatePolicy(many)
      .map(({ message }) => message)
      .join(),
    /more than 500/,
  );
});

test('the empty policy is valid', () => assert.deepEqual(validatePolicy(''), []));
