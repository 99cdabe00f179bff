/**
 * Whatever a reader's program may turn into a link or fetch by itself: an address with a scheme, `www.`, a bare host name, the target of
 * a Markdown or HTML link or image. Wide on purpose: too much asks a person once too often, too little lets a stranger's link go out in
 * our name. Mail addresses and file names of kinds that are no top-level domain are left out.
 */
export function findLinks(text: string): string[] {
  // Compatibility forms (full-width letters, the ideographic full stop) are links to a browser as well.
  const plain = text.slice(0, scannedCharsMax).normalize('NFKC').replaceAll('\u3002', '.').replace(invisible, '');
  const found = [...plain.matchAll(withScheme), ...plain.matchAll(markup)].map((match) => match[1] ?? match[0]);
  for (const [host] of plain.replace(mailAddress, ' ').matchAll(bareHost)) if (!fileName.test(host)) found.push(host);
  if (text.length > scannedCharsMax) found.push('(the text is too long to look through)');
  return [...new Set(found.map((link) => link.slice(0, 200)))];
}

const scannedCharsMax = 200_000;
/** Everything that has no width, but not the white space that keeps words apart. */
const invisible = /[[\p{Cf}\p{Cc}]--\s]/gv;
const withScheme = /\b(?:[a-z][a-z0-9+.-]{1,20}:\/\/|mailto:|tel:|data:|javascript:)[^\s<>"'`)\]]{1,2000}/giu;
const markup = /(?:\]\(\s*<?|\b(?:href|src|action|background|url)\s*[=(]\s*["']?)([^\s"'<>)]{1,2000})/giu;
const mailAddress = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}.-]{1,253}/gu;
const bareHost =
  /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,10}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,24})(?![\p{L}\p{N}])(?:[/?#][^\s<>"'`)\]]{0,2000})?/giu;
const fileName = /^[^/?#]*\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|txt|csv|json|xml|html?|png|jpe?g|gif|svg|webp|eml|ics|log)$/iu;
