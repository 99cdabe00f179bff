import { domainToASCII } from 'node:url';

/**
 * A bare mail address in the one form that is compared: domain in lower-case ASCII (IDNA), local part as written.
 * Only RFC 5322 dot-atoms in ASCII count; quoted local parts, comments and display names do not, because two programs read them in two ways.
 * @returns null when the text is anything else.
 */
export function normaliseAddress(text: string): string | null {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  if (at < 1 || at > 64) return null;
  const local = trimmed.slice(0, at);
  const domain = normaliseDomain(trimmed.slice(at + 1));
  if (!/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local) || domain === null) return null;
  return `${local}@${domain}`;
}

/** A host name of at least two labels in lower-case ASCII, or null. */
export function normaliseDomain(text: string): string | null {
  const ascii = domainToASCII(text.trim());
  if (ascii.length > 253 || !/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(ascii)) return null;
  return ascii;
}
