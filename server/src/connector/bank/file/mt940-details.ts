import type { Entry } from '#flow/ledger';
import { normaliseIban } from '#trust/policy';
import { cleaned, cleanedOrNull } from './decode.ts';
import { referenceOrNull } from './entry.ts';

/** What `:86:` tells of an entry. */
export type Details = Pick<Entry, 'counterparty' | 'text' | 'endToEndId' | 'creditorReference' | 'mandateId' | 'kind'>;

/**
 * Reads the details of an entry. Banks agree on nothing here; there are three families: numbered parts after a code of three digits
 * (`166?00GUTSCHRIFT?20SVWZ+...`, German banks, also with other signs than the question mark), words between slashes
 * (`/EREF/../NAME/..`, Dutch and Swiss banks), and plain text.
 */
export function readDetails(lines: readonly string[]): Details {
  const first = lines[0] ?? '';
  // Parts are cut wherever the line is full, so lines are put together without anything between.
  const [, , sign] = /^(\d{3})([^\p{L}\p{N}\s])\d{2}/u.exec(first) ?? [];
  if (sign !== undefined) return readNumbered(lines.join(''), sign);
  const [, leading] = /^([<>~^])\d{2}/.exec(first) ?? [];
  if (leading !== undefined) return readNumbered(lines.join(''), leading);
  const slashed = lines.join('');
  if (/\/(?:EREF|REMI|NAME|IBAN|CNTP|MARF|TRTP|BENM|ORDP)\//.test(slashed)) return readSlashed(slashed);
  const text = lines.join(' ');
  return { ...withTags(text), counterparty: { name: null, iban: ibanIn(text), number: null, bic: null }, kind: null };
}

function readNumbered(text: string, sign: string): Details {
  const parts = new Map<string, string>();
  for (const part of text.split(sign).slice(1)) {
    const [, code, content = ''] = /^(\d{2})(.*)$/su.exec(part) ?? [];
    if (code === undefined) {
      // The sign was one of the text.
      const last = [...parts.keys()].at(-1);
      if (last !== undefined) parts.set(last, `${parts.get(last)}${sign}${part}`);
    } else parts.set(code, `${parts.get(code) ?? ''}${content}`);
  }
  const remittance = ['20', '21', '22', '23', '24', '25', '26', '27', '28', '29', '60', '61', '62', '63'].map(
    (code) => parts.get(code) ?? '',
  );
  const tagged = withTags(remittance);
  const account = (parts.get('31') ?? '').replace(/\s/g, '');
  const bank = (parts.get('30') ?? '').replace(/\s/g, '');
  const iban = normaliseIban(account) ?? tagged.iban;
  return {
    ...tagged,
    counterparty: {
      name: cleanedOrNull(`${parts.get('32') ?? ''}${parts.get('33') ?? ''}`) ?? tagged.name,
      iban,
      number: iban === null ? cleanedOrNull([bank, account].filter(Boolean).join('/'), 50) : null,
      bic: /^[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/.test(bank) ? bank : null,
    },
    kind: cleanedOrNull(parts.get('00'), 60),
  };
}

/** The tags of SEPA inside the lines of the text (DFÜ agreement of the German banks, appendix 3). */
const tagPattern = /(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP)[+:]\s?/g;

interface Tagged extends Pick<Details, 'text' | 'endToEndId' | 'creditorReference' | 'mandateId'> {
  readonly iban: string | null;
  readonly name: string | null;
}

/** @param text - one text, or lines that banks cut at 27 characters, maybe inside a word */
function withTags(text: string | readonly string[]): Tagged {
  const whole = typeof text === 'string' ? text : text.join('');
  const found = [...whole.matchAll(tagPattern)];
  if (found.length === 0)
    return {
      text: cleaned(typeof text === 'string' ? text : spaced(text)),
      ...{ endToEndId: null, creditorReference: rfIn(whole), mandateId: null, iban: ibanIn(whole), name: null },
    };
  const values = new Map<string, string>();
  for (const [at, match] of found.entries()) {
    const end = found[at + 1]?.index ?? whole.length;
    if (!values.has(match[1] ?? '')) values.set(match[1] ?? '', whole.slice(match.index + match[0].length, end).trim());
  }
  const remittance = values.get('SVWZ') ?? whole.slice(0, found[0]?.index ?? 0);
  return {
    text: cleaned(remittance),
    endToEndId: referenceOrNull(values.get('EREF')),
    creditorReference: rfIn(remittance),
    mandateId: referenceOrNull(values.get('MREF')),
    iban: normaliseIban(values.get('IBAN') ?? ''),
    name: cleanedOrNull(values.get('ABWA') ?? values.get('ABWE')),
  };
}

/** Full lines go on in the next one; short ones end with a word. */
const spaced = (lines: readonly string[]): string => lines.map((line) => (line.length >= 27 ? line : `${line} `)).join('');

/** `/WORD/value/value/WORD/value`; a value may have slashes of its own, a word has capitals alone. */
const slashWords =
  'EREF KREF MARF REMI NAME IBAN BIC CNTP TRTP TRCD BENM ORDP CSID ISDT PREF RTRN PURP ULTC ULTD ID ADDR EXCH FEES OCMT CHGS SVCL CREF TRTP RREF ACCW BO UDTR UCRD'.split(
    ' ',
  );
const slashPattern = new RegExp(`/(${slashWords.join('|')})/`, 'g');

function readSlashed(text: string): Details {
  const values = new Map<string, string>();
  const found = [...text.matchAll(slashPattern)];
  for (const [at, match] of found.entries()) {
    const end = found[at + 1]?.index ?? text.length;
    const value = text.slice(match.index + match[0].length, end).replace(/\/+$/, '');
    if (!values.has(match[1] ?? '')) values.set(match[1] ?? '', value);
  }
  // ING: account, BIC, name and town behind one word.
  const [account = '', bic = '', name = ''] = (values.get('CNTP') ?? values.get('ORDP') ?? values.get('BENM') ?? '').split('/');
  const remittance = (values.get('REMI') ?? '').replace(/^(?:USTD|STRD)?\/{1,2}/, '');
  const iban = normaliseIban(values.get('IBAN') ?? '') ?? normaliseIban(account);
  return {
    counterparty: {
      name: cleanedOrNull(values.get('NAME')) ?? cleanedOrNull(name),
      iban,
      number: null,
      bic: cleanedOrNull(values.get('BIC') ?? bic, 11),
    },
    text: cleaned(remittance === '' ? text.slice(0, found[0]?.index ?? 0) : remittance),
    endToEndId: referenceOrNull(values.get('EREF')),
    creditorReference: rfIn(remittance),
    mandateId: referenceOrNull(values.get('MARF')),
    kind: cleanedOrNull(values.get('TRTP'), 60),
  };
}

const rfIn = (text: string): string | null => /\bRF\d{2}[A-Z0-9]{1,21}\b/.exec(text)?.[0] ?? null;

const ibanIn = (text: string): string | null => {
  for (const [candidate] of text.matchAll(/\b(?!RF)[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g)) {
    const iban = normaliseIban(candidate);
    if (iban !== null) return iban;
  }
  return null;
};
