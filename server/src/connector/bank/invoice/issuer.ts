import { cleaned } from '../file/decode.ts';

interface Line {
  readonly line: number;
  readonly text: string;
}

/** Words before the name of whoever sends the invoice, and before whoever gets it. */
const senders =
  /\b(?:sold by|seller|supplier|vendor|issued by|account holder|beneficiary|payee|kontoinhaber|zahlungsempfänger|rechnungssteller|lieferant|titulaire du compte|sprzedawca|fornitore|emisor|leverancier|in favor of|received by)\b\s?[:.]?\s+/i;
const receivers =
  /\b(?:bill(?:ed)? to|ship to|sold to|customer|attn|an:|rechnung an|kunde|nabywca|factuuradres|klant|afleveradres|guest name)\b/i;
const legalForm =
  /(?<![\p{L}.])(?:GmbH(?: & Co\.? KG)?|AG|KG|UG|e\.K\.|Inc\.?|LLC|L\.L\.C\.|Ltd\.?|Limited|Corp\.?|B\.?V\.?|N\.V\.|SARL|Sàrl|SAS|S\.A\.S?\.?|S\.?r\.?l\.?|S\.p\.A\.|Sp\. z o\.o\.|spółka akcyjna|AB|ApS|Oy|Pvt\. Ltd\.?|Private Limited|PLC)(?![\p{L}])/u;

/**
 * Whose invoice it is: the name that a word says is the sender's, else the first name with a legal form that is not the receiver's, else the
 * site it names most often, else its first line.
 */
export function findIssuer(lines: readonly Line[]): { readonly value: string; readonly at: Line } | null {
  for (const at of lines) {
    const found = senders.exec(at.text);
    const name = found === null ? null : nameIn(at.text.slice(found.index + found[0].length));
    if (name !== null) return { value: name, at };
  }
  const named = lines.find(({ text }, index) => legalForm.test(text) && !isReceiver(lines, index));
  if (named !== undefined) {
    const cell = named.text.split(/\s{2,}| [-–|•] /).find((part) => legalForm.test(part)) ?? named.text;
    const end = legalForm.exec(cell);
    const name = nameIn(
      cell.slice(0, end === null ? undefined : end.index + end[0].length).replace(/^.*?\b(?:sold by|services are sold by|by)\s*:?\s+/i, ''),
    );
    if (name !== null) return { value: name, at: named };
  }
  const first = lines.find(({ text }) => /\p{L}{3}/u.test(text));
  const heading = first?.text
    .replace(/\b(?:invoice|rechnung|facture|factuur|faktura|receipt|payment receipt|tax invoice|retail invoices?(?:\/bill)?)\b.*$/i, '')
    .split(/\s{2,}/)[0];
  const name = heading === undefined ? null : nameIn(heading);
  const site = siteIn(lines);
  if (name !== null && first !== undefined && !receivers.test(first.text)) return { value: name, at: first };
  return site;
}

/** In the block that begins with "bill to" and the like, which is four lines or less. */
const isReceiver = (lines: readonly Line[], index: number): boolean =>
  lines.slice(Math.max(0, index - 3), index + 1).some(({ text }) => receivers.test(text));

function nameIn(text: string): string | null {
  const name = cleaned(text.split(/\s{2,}|,\s*$/)[0] ?? '', 100).replace(/[,:;]+$/, '');
  return /\p{L}{2}/u.test(name) && name.length >= 3 && !/^\d/.test(name) ? name : null;
}

/** `shop.example.com` as "example". */
function siteIn(lines: readonly Line[]): { value: string; at: Line } | null {
  const found = lines.flatMap((at) =>
    [...at.text.matchAll(/(?:@|www\.|https?:\/\/(?:www\.)?)([a-z0-9-]{2,40})\.[a-z]{2,6}\b/gi)].map(([, value = '']) => ({
      value: value.toLowerCase(),
      at,
    })),
  );
  const most = [...Map.groupBy(found, ({ value }) => value).values()].sort((one, other) => other.length - one.length)[0];
  return most?.[0] ?? null;
}
