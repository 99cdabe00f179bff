import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = (language: string) => join(import.meta.dirname, language);
/** Files of words; `spoken.ts` is about what the server says. */
const topicsOf = async (language: string) =>
  (await readdir(folder(language))).filter((name) => name.endsWith('.ts') && name !== 'spoken.ts').sort();
const topics = await topicsOf('en');
const words = async (language: string, topic: string): Promise<Record<string, unknown>> => import(join(folder(language), topic));

/** Every text by its place, functions as what they say of these values. */
function* textsOf(value: unknown, path: string): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* textsOf(inner, `${path}.${key}`);
}

/** Names, abbreviations and what a machine reads are the same in both. */
const alike = new Set([
  'Anthropic',
  'Azure Key Vault',
  'Code',
  'Domain',
  'Domains',
  'Factotum',
  'Filter',
  'Google Cloud KMS',
  'Live',
  'Name',
  'OAuth 2.0',
  'OpenID Connect',
  'Passkeys',
  'Passphrase',
  'Person',
  'Plan',
  'Playbook',
  'Playbooks',
  'SAML 2.0',
  'Scope',
  'Scopes',
  'Status',
  'System',
  'Teams',
  'Text',
  'Token',
  'Tokens',
  'Version',
  'Webhooks',
  'npm run -s factotum -- backup setup',
  'npm run -s factotum -- session link',
]);

test('every topic of the catalogue is there in German', async () => {
  assert.deepEqual(await topicsOf('de'), topics);
});

for (const topic of topics)
  test(`${topic}: German has the keys of English, and other words`, async () => {
    const english = [...textsOf(await words('en', topic), '')];
    const german = new Map(textsOf(await words('de', topic), ''));
    assert.ok(english.length > 0);
    assert.deepEqual([...german.keys()].sort(), english.map(([path]) => path).sort());
    const same = english.filter(([path, text]) => /\p{L}{4}/u.test(text) && german.get(path) === text && !alike.has(text));
    assert.deepEqual(same, [], 'translate these, or list them among the words that are alike');
  });
