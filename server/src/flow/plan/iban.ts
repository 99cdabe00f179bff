import { normaliseIban } from '#trust/policy';

/** Length of an IBAN per country: ISO 13616, the registry that SWIFT keeps, as of 2024. */
const lengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 ' +
    'GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 ' +
    'NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
const start = /(?<![\p{L}\p{N}])[A-Za-z]{2}\d{2}/gu;

/** Every valid IBAN in a text, grouped or not, in upper case without spaces. A run of digits that is longer than its country's IBAN is none. */
export function findIbans(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(start)) {
    const length = lengths.get(match[0].slice(0, 2).toUpperCase());
    const rest = text.slice(match.index);
    const cut = length === undefined ? undefined : cutAfter(rest, length);
    if (cut === undefined) continue;
    // A neighbour without a space between means that this is the head of something longer.
    const iban = /^[\p{L}\p{N}]/u.test(rest.slice(cut.end)) ? null : normaliseIban(cut.compact);
    if (iban !== null) found.push(iban);
  }
  return found;
}

/** The first `count` characters without spaces and dashes, and where they end. */
function cutAfter(text: string, count: number): { compact: string; end: number } | undefined {
  let compact = '';
  for (let end = 0; end < text.length && end < 2 * count; end += 1) {
    if (!/[ \u00a0-]/.test(text.charAt(end))) compact += text.charAt(end).toUpperCase();
    if (compact.length === count) return { compact, end: end + 1 };
  }
  return undefined;
}
