import type { Span } from './search.ts';

/**
 * What looks like a secret whosever it is, each with a piece of text that it cannot do without: most texts have none of them, and looking
 * for these alone costs a microsecond. Each form ends where its alphabet does, and none takes a quote or a bare backslash, so that JSON stays
 * JSON. Strangers choose the texts: no form looks further than to where the next place of its kind begins, and none for longer than any
 * secret is: the stack of regular expressions has an end as well.
 *
 * Sources: the vendors' own documents on the forms of their keys; RFC 6750 and 7617 for headers; RFC 7468 for PEM.
 */
const forms: readonly (readonly [hint: string, form: RegExp])[] = [
  // Our own: API keys and tokens of directories.
  ['fct_', /\bfct_[A-Za-z]{24,4096}/g],
  ['fscim_', /\bfscim_[A-Za-z0-9_-]{24,4096}/g],
  ['sk-', /\bsk-[A-Za-z0-9_-]{16,4096}/g],
  ['AKIA', /\bAKIA[A-Z0-9]{16}\b/g],
  ['ASIA', /\bASIA[A-Z0-9]{16}\b/g],
  ['gh', /\bgh[pousr]_[A-Za-z0-9]{30,4096}/g],
  ['github_pat_', /\bgithub_pat_[A-Za-z0-9_]{30,4096}/g],
  ['glpat-', /\bglpat-[A-Za-z0-9_-]{20,4096}/g],
  ['xox', /\bxox[abeprs]-[A-Za-z0-9-]{10,4096}/g],
  ['AIza', /\bAIza[A-Za-z0-9_-]{35}/g],
  ['hv', /\bhv[sbr]\.[A-Za-z0-9_-]{20,4096}/g],
  // JSON Web Tokens.
  ['eyJ', /\beyJ(?:[A-Za-z0-9_]|-(?!eyJ)){10,4096}\.eyJ[A-Za-z0-9_-]{10,16384}\.[A-Za-z0-9_-]{10,4096}/g],
  ['earer ', /(?<=\b[Bb]earer )[A-Za-z0-9._~+/-]{8,16384}={0,2}/g],
  ['asic ', /(?<=\b[Bb]asic )[A-Za-z0-9+/]{8,16384}={0,2}/g],
  // The password of a URL; the name before it may stay.
  ['@', /(?<=:\/\/[^\s/:@"'\\]{0,100}:)[^\s/@"'\\]{1,4096}(?=@)/g],
  [
    'PRIVATE KEY-----',
    /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=:,. \r\n]|-(?!----)|\\{1,8}[nr]){0,32768}-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----/g,
  ],
  // A private key that is cut off.
  ['PRIVATE KEY-----', /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=\r\n]|\\{1,8}[nr]){0,32768}/g],
];

/** Where something stands that looks like a secret. Places may overlap. */
export function findKnownForms(text: string): Span[] {
  const spans: Span[] = [];
  for (const [hint, form] of forms)
    if (text.includes(hint)) for (const { index, 0: found } of text.matchAll(form)) spans.push({ start: index, end: index + found.length });
  return spans;
}
