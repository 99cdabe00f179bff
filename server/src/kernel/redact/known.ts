import type { Span } from './search.ts';

/**
 * What looks like a secret whosever it is. Each form ends where its alphabet does, and none takes a quote or a bare backslash, so that JSON
 * stays JSON. Sources: the vendors' own documents on the forms of their keys; RFC 6750 and 7617 for headers; RFC 7468 for PEM.
 */
const forms: readonly string[] = [
  // Our own: API keys and tokens of directories.
  String.raw`\bfct_[A-Za-z]{24,}`,
  String.raw`\bfscim_[A-Za-z0-9_-]{24,}`,
  String.raw`\bsk-[A-Za-z0-9_-]{16,}`,
  String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
  String.raw`\bgh[pousr]_[A-Za-z0-9]{30,}`,
  String.raw`\bgithub_pat_[A-Za-z0-9_]{30,}`,
  String.raw`\bxox[abeprs]-[A-Za-z0-9-]{10,}`,
  String.raw`\bAIza[A-Za-z0-9_-]{35}`,
  String.raw`\bhv[sbr]\.[A-Za-z0-9_-]{20,}`,
  String.raw`\bglpat-[A-Za-z0-9_-]{20,}`,
  String.raw`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`,
  String.raw`(?<=\b[Bb]earer )[A-Za-z0-9._~+/-]{8,}=*`,
  String.raw`(?<=\b[Bb]asic )[A-Za-z0-9+/]{8,}=*`,
  // The password of a URL; the name before it may stay.
  String.raw`(?<=:\/\/[^\s/:@"'\\]{0,100}:)[^\s/@"'\\]+(?=@)`,
  String.raw`-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=:,. \r\n-]|\\+[nr])*?-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----`,
  // A private key that is cut off.
  String.raw`-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=\r\n]|\\+[nr])*`,
];

const form = new RegExp(forms.join('|'), 'g');
/** What each form needs somewhere in the text. Most texts have none of it, and are done at once. */
const hint = /fct_|fscim_|sk-|AKIA|ASIA|gh[pousr]_|github_pat_|xox|AIza|hv[sbr]\.|glpat-|eyJ|[Bb]earer |[Bb]asic |:\/\/|PRIVATE KEY/;

/** Where something stands that looks like a secret. */
export function findKnownForms(text: string): Span[] {
  if (!hint.test(text)) return [];
  return Array.from(text.matchAll(form), ({ index, 0: found }) => ({ start: index, end: index + found.length }));
}
