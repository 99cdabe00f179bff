import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError } from '#kernel';
import { parseReference, referenceText } from './reference.ts';

const good = [
  'secret://db/mail-password',
  'secret://db/a',
  'secret://db/mail/robot.one#refresh_token',
  'secret://vault/kv/team/mail#password',
  'secret://aws/prod/factotum_mail+x@y#user',
  'secret://azure/myvault.vault.azure.net/Mail-Password',
  'secret://file/run/credentials/factotum.service/mail',
];

test('a reference is read, and written as it was', () => {
  for (const text of good) assert.equal(referenceText(parseReference(text)), text);
  assert.deepEqual(parseReference('secret://vault/kv/team/mail#password'), { store: 'vault', name: 'kv/team/mail', field: 'password' });
  assert.deepEqual(parseReference('secret://file/run/secrets/x'), { store: 'file', name: '/run/secrets/x', field: null });
});

test('what is none is refused with the form, and never repeated: it may be the secret itself', () => {
  const bad = [
    ...['sk-pasted-0123456789', 'https://db/x', 'secret:/db/x', 'secret://', 'secret://db', 'secret://db/', 'secret://mysql/x'],
    ...[
      'secret://db/Upper',
      'secret://db/../x',
      'secret://db/a//b',
      'secret://db/a#',
      'secret://db/a#b#c',
      'secret://db/-a',
      `secret://db/${'a'.repeat(101)}`,
    ],
    ...[
      'secret://vault/only-a-mount',
      'secret://vault/kv/../sys/x',
      'secret://aws/a b',
      'secret://aws/../x',
      'secret://azure/mail',
      'secret://azure/user@host.example/mail',
    ],
    ...[
      'secret://azure/myvault.vault.azure.net/a/b',
      'secret://file/../etc/passwd',
      'secret://file/run/./x',
      'secret://file//etc/passwd',
      `secret://aws/${'x'.repeat(2_000)}`,
    ],
  ];
  for (const text of bad)
    assert.throws(
      () => parseReference(text),
      (error: unknown) => isFactotumError(error, 'secret.reference_invalid') && (text.length < 16 || !error.message.includes(text)),
      text,
    );
});

test('whatever the text, it is a reference that is written as it was, or refused by that one name', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'abz09./-_#@:+ %\\\0é') }).map((rest) => `secret://${rest}`),
    fc.constantFrom(...good),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        assert.equal(referenceText(parseReference(text)), text);
      } catch (error) {
        assert.ok(isFactotumError(error, 'secret.reference_invalid'), String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
