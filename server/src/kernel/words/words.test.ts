import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesIn, momentIn, moneyIn, numberIn, spanIn } from './format.ts';
import { languageOf, languages, localeFor } from './language.ts';
import { wordsIn } from './words.ts';

/** Every text by its place; functions as what they say of texts that mark their places. */
function* textsOf(value: unknown, path = ''): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (typeof value === 'function') yield [path, String(value(...Array.from({ length: value.length }, (_, at) => `{${at}}`)))];
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* textsOf(inner, `${path}.${key}`);
}

/** What is the same in both: names, and frames around what is told. */
const alike = ['.notices.product', '.quotas.subject'];

const english = [...textsOf(wordsIn('en'))];

for (const language of languages.filter((one) => one !== 'en')) {
  const other = new Map(textsOf(wordsIn(language)));

  test(`${language}: every topic of English is there`, async () => {
    const topicsOf = async (of: string) => (await readdir(join(import.meta.dirname, of))).sort();
    assert.deepEqual(await topicsOf(language), await topicsOf('en'));
  });

  test(`${language}: no text is missing, empty or left in English`, () => {
    assert.ok(english.length > 50);
    assert.deepEqual([...other.keys()].sort(), english.map(([path]) => path).sort());
    const left = english.filter(([path, text]) => {
      const said = other.get(path)?.trim() ?? '';
      return said === '' || (said === text.trim() && /\p{L}{3}/u.test(text) && !alike.includes(path));
    });
    assert.deepEqual(left, []);
  });

  test(`${language}: each text says what the English one says`, () => {
    const placesIn = (text = '') => [...new Set(text.match(/\{\d\}/g))].sort();
    for (const [path, text] of english) assert.deepEqual(placesIn(other.get(path)), placesIn(text), path);
  });
}

test('a locale has the words of its language, and whoever has none of ours has English', () => {
  assert.deepEqual(['de', 'de-AT', 'DE-ch', 'en-GB', 'fr-FR', 'den'].map(languageOf), ['de', 'de', 'de', 'en', 'en', 'en']);
});

test('a person has the formats of the tenant where they read its language, else those of theirs', () => {
  assert.equal(localeFor(null, 'de-AT'), 'de-AT');
  assert.equal(localeFor('de', 'de-AT'), 'de-AT');
  assert.equal(localeFor('en', 'de-AT'), 'en');
  assert.equal(localeFor('de', 'fr-FR'), 'de');
});

test('numbers, amounts, sizes and times are written as people of the locale write them', () => {
  const plain = (text: string) => text.replaceAll(/\s/g, ' ');
  assert.deepEqual([numberIn('en', 1234.5, 2), numberIn('de', 1234.5, 2)], ['1,234.50', '1.234,50']);
  assert.deepEqual(
    [moneyIn('en-GB', 9_007_199_254_740_993n, 'EUR'), plain(moneyIn('de', 9_007_199_254_740_993n, 'EUR'))],
    ['€90,071,992,547,409.93', '90.071.992.547.409,93 €'],
  );
  assert.deepEqual(
    [moneyIn('en-GB', -5n, 'EUR'), moneyIn('en-GB', -12_345n, 'EUR'), moneyIn('en', -5n, 'JPY')],
    ['-€0.05', '-€123.45', '-¥5'],
  );
  assert.deepEqual(
    [plain(bytesIn('en', 1_540_000_000)), plain(bytesIn('de', 1_540_000_000)), bytesIn('en', 20)],
    ['1.5 GB', '1,5 GB', '20 bytes'],
  );
  assert.deepEqual([spanIn('en-GB', 7_200), spanIn('de', 7_200), spanIn('fr', 60)], ['2 hours', '2 Stunden', '60 seconds']);
  const at = new Date('2026-03-30T08:05:00Z');
  assert.match(momentIn('en-GB', at, 'UTC'), /30 March 2026.*08:05 UTC/);
  assert.match(momentIn('de', at, 'Europe/Berlin'), /30\. März 2026.*10:05 MESZ/);
});
