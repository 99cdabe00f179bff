import { compact } from './words.ts';

/**
 * A creditor reference in electronic form, `RF18539007547034`: check digits verified (ISO 11649, which takes ISO 7064 MOD 97-10).
 *
 * @returns null for anything else.
 */
export function normaliseCreditorReference(text: string): string | null {
  const reference = text.replace(/\s/g, '').toUpperCase();
  if (!/^RF\d{2}[A-Z0-9]{1,21}$/.test(reference)) return null;
  let remainder = 0;
  for (const character of `${reference.slice(4)}${reference.slice(0, 4)}`) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1 ? reference : null;
}

/** Every creditor reference in a text, grouped by spaces or not. */
export function findCreditorReferences(text: string): string[] {
  const found: string[] = [];
  for (const [candidate] of text.toUpperCase().matchAll(/(?<![A-Z0-9])RF\d{2}(?: ?[A-Z0-9]){1,21}/g)) {
    // The run may have swallowed the words behind it: the longest beginning that holds counts.
    const all = compact(candidate);
    for (let length = all.length; length > 4; length -= 1) {
      const reference = normaliseCreditorReference(all.slice(0, length));
      if (reference === null) continue;
      found.push(reference);
      break;
    }
  }
  return [...new Set(found)];
}
