import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normaliseAddress } from './address.ts';
import { emptyDirectory, knownPayee, knownRecipient, parseDirectory, payeeName } from './directory.ts';
import { normaliseIban } from './iban.ts';

const note = `# Whom we know
| Name | Address |
|---|---|
| Not in a section | nobody@example.com |

## Contacts
Everybody we write to.

| Name | Address | Note |
| :-- | --- | --: |
| Alice Archer | alice@Example.COM | likes \\| bars |
| <bob@example.org> | Bob | |
| [carol@example.net](mailto:carol@example.net) | Carol | |
| Our own people | @factotum.example | |
| Dan | dan at example.com | |
<!-- | Eve | eve@example.com | -->
\`\`\`
| Frank | frank@example.com |
\`\`\`

### Payees ###
| IBAN | Name |
|:---|---|
| DE89 3704 0044 0532 0130 00 | Northwind GmbH |
| GB29NWBK60161331926819 | |
| DE89 3704 0044 0532 0130 01 | A typing error |

## Elsewhere
| Grace | grace@example.com |
`;
const directory = parseDirectory(note);

test('contacts are found by address, whatever the case of the domain', () => {
  for (const known of ['alice@example.com', 'alice@EXAMPLE.com', 'bob@example.org', 'carol@example.net', 'anybody@factotum.example'])
    assert.equal(knownRecipient(directory, known), true, known);
});

test('nobody else is known', () => {
  for (const unknown of [
    'nobody@example.com',
    'dan@example.com',
    'eve@example.com',
    'frank@example.com',
    'grace@example.com',
    'x@mail.factotum.example',
    'x@factotum.example.evil.test',
    'alice@exаmple.com',
    'alice',
    '',
  ])
    assert.equal(knownRecipient(directory, unknown), false, unknown);
  assert.equal(knownRecipient(emptyDirectory, 'alice@example.com'), false);
});

test('payees are found by account in any spelling, with the name that the tenant gave', () => {
  assert.equal(payeeName(directory, 'de89370400440532013000'), 'Northwind GmbH');
  assert.equal(knownPayee(directory, 'GB29 NWBK 6016 1331 9268 19'), true);
  assert.equal(knownPayee(directory, 'DE89370400440532013001'), false);
  assert.equal(knownPayee(directory, 'FR1420041010050500013M02606'), false);
});

test('rows that say nothing usable are named with their line', () => {
  assert.deepEqual(
    directory.skipped.map(({ line }) => line),
    [15, 26],
  );
});

test('any text at all is read without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      parseDirectory(`## Contacts\n${text}\n## Payees\n| ${text} |`);
    }),
  );
  assert.equal(parseDirectory('x'.repeat(4_000_001)), emptyDirectory);
});

test('an IBAN with one changed character is never valid', () => {
  assert.equal(normaliseIban('GB82 WEST 1234 5698 7654 32'), 'GB82WEST12345698765432');
  const iban = 'DE89370400440532013000';
  fc.assert(
    fc.property(fc.nat(iban.length - 3), fc.constantFrom(...'0123456789'), (index, digit) => {
      const changed = iban.slice(0, index + 2) + digit + iban.slice(index + 3);
      return changed === iban || normaliseIban(changed) === null;
    }),
  );
});

test('an address that two programs could read in two ways is none', () => {
  for (const text of [
    'Alice <alice@example.com>',
    '"a b"@example.com',
    'a@b@example.com',
    'a@localhost',
    'a@[127.0.0.1]',
    'a..b@example.com',
    'a@example.com, b@example.com',
    'a@exa mple.com',
    'ä@example.com',
    '@example.com',
  ])
    assert.equal(normaliseAddress(text), null, text);
  assert.equal(normaliseAddress('a.b+c@Bücher.example'), 'a.b+c@xn--bcher-kva.example');
});
