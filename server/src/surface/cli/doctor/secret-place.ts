import { configTable, secretSettings } from '#kernel';

/** What a secret is usually called. */
export const secretName = /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:_ID)?$/i;

/** What is to be done about a value that stands in clear in an environment or its file. */
export type Judgement =
  /** It can lie in our own tables, under this name. */
  | { readonly kind: 'movable'; readonly name: string }
  /** It is needed before our tables are open. */
  | { readonly kind: 'bootstrap'; readonly fix: string }
  /** It is nothing of ours. */
  | { readonly kind: 'stranger' };

const names = new Set(configTable.map(({ name }) => name));

/** Judges a variable; null when there is no secret in it. */
export function judgeVariable(name: string, value: string | undefined): Judgement | null {
  if (value === undefined || value === '' || value.startsWith('secret://')) return null;
  const when = secretSettings.get(name);
  if (when !== undefined && holdsSecret(value)) {
    if (when === 'late') return { kind: 'movable', name: nameFor(name) };
    const fix = `It is needed before the database is open: write it to a file below /run/secrets, mode 0600, and set ${name}=secret://file/run/secrets/${nameFor(name)}.`;
    return { kind: 'bootstrap', fix };
  }
  if (when !== undefined) return null;
  if (names.has(`${name}_FILE`))
    return { kind: 'bootstrap', fix: `It opens other secrets: write it to a file, mode 0600, and set ${name}_FILE to its path instead.` };
  if (names.has(name)) return null;
  return secretName.test(name) ? { kind: 'stranger' } : null;
}

/** A URL without a password says only where something is. */
const holdsSecret = (value: string): boolean =>
  !/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || !URL.canParse(value) || new URL(value).password !== '';

/** `FACTOTUM_MODEL_KEY` is kept as `model-key`. */
const nameFor = (setting: string): string =>
  setting
    .toLowerCase()
    .replace(/^factotum_/, '')
    .replaceAll('_', '-');
