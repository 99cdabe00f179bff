import { posix } from 'node:path';
import { FactotumError } from '#kernel';

/**
 * Where a secret lies. `name` is what its store calls it: `gmail` (db), `kv/team/mail` (vault: mount, then path), `prod/mail` (aws),
 * `myvault.vault.azure.net/mail` (azure: host, then name), `/run/secrets/mail` (file). `field`: the member of the JSON object that lies there.
 */
export interface SecretReference {
  readonly store: StoreKind;
  readonly name: string;
  readonly field: string | null;
}

const storeKinds = ['db', 'vault', 'aws', 'azure', 'file'] as const;
export type StoreKind = (typeof storeKinds)[number];

const scheme = 'secret://';
const referenceCharactersMax = 1_000;

/** Names in our own store: lower case, so that no two differ by it alone. */
export const secretNameForm = /^(?!.*(?:\/\/|\.\.|\/\.))[a-z0-9](?:[a-z0-9._/-]{0,98}[a-z0-9])?$/;

/** What each store's names look like, with an example for whoever got it wrong. */
const forms: Readonly<Record<StoreKind, { readonly form: RegExp; readonly example: string }>> = {
  db: { form: secretNameForm, example: 'secret://db/mail-password' },
  vault: { form: /^[\w.-]+(?:\/[\w.@ -]+)+$/, example: 'secret://vault/kv/factotum/mail#password' },
  // AWS takes letters, digits and /_+=.@-
  aws: { form: /^[\w/+=.@-]{1,512}$/, example: 'secret://aws/prod/factotum/mail#password' },
  azure: {
    form: /^(?:[a-z0-9-]+\.)+[a-z0-9-]+(?::\d{1,5})?\/[A-Za-z0-9-]{1,127}$|^(?:localhost|127\.0\.0\.1):\d{1,5}\/[A-Za-z0-9-]{1,127}$/,
    example: 'secret://azure/myvault.vault.azure.net/mail-password',
  },
  file: { form: /^\/[^\0]+$/, example: 'secret://file/run/secrets/mail-password' },
};

/** Whether the text claims to be a reference; whether it is a good one, `parseReference` says. */
export const isReference = (text: string): boolean => text.startsWith(scheme);

/**
 * Reads `secret://<store>/<name>[#field]`.
 *
 * @throws FactotumError `secret.reference_invalid`, which says what is wrong and shows the form. It never repeats the text: people paste the
 * secret itself where its reference belongs.
 */
export function parseReference(text: string): SecretReference {
  if (!isReference(text)) throw invalid('It does not begin with secret://, like secret://db/mail-password.');
  if (text.length > referenceCharactersMax) throw invalid(`It is longer than ${referenceCharactersMax} characters.`);
  const [place = '', ...fields] = text.slice(scheme.length).split('#');
  const slash = place.indexOf('/');
  const store = storeKinds.find((kind) => kind === place.slice(0, Math.max(slash, 0)));
  if (store === undefined) throw invalid(`After secret:// comes a store: ${storeKinds.join(', ')}.`);
  // The slash after the store is the first of a file's path.
  const name = store === 'file' ? place.slice(slash) : place.slice(slash + 1);
  const { form, example } = forms[store];
  if (!form.test(name)) throw invalid(`A reference into ${store} looks like ${example}.`);
  if (name.split('/').some((step) => step === '..' || step === '.') || (store === 'file' && posix.normalize(name) !== name))
    throw invalid('A name in it leads somewhere else: leave out . and .. and double slashes.');
  const [field] = fields;
  if (fields.length > 1 || field === '') throw invalid('After # comes the name of one member, like #password.');
  return { store, name, field: field ?? null };
}

/** The reference as text again. */
export const referenceText = ({ store, name, field }: SecretReference): string =>
  `${scheme}${store}${store === 'file' ? '' : '/'}${name}${field === null ? '' : `#${field}`}`;

const invalid = (why: string) => new FactotumError('secret.reference_invalid', `This is not a reference to a secret. ${why}`);
