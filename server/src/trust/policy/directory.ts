import { normaliseAddress, normaliseDomain } from './address.ts';
import { normaliseIban } from './iban.ts';

/** A row that stands in one of the tables but says nothing usable. Shown to whoever keeps the note. */
export interface SkippedRow {
  readonly line: number;
  readonly reason: string;
}

/** Whom the tenant knows, read from its note `Contacts.md`. */
export interface Directory {
  /** Name by address. */
  readonly contacts: ReadonlyMap<string, string>;
  /** Domains of which everybody is known (a row whose address is `@example.com`). */
  readonly domains: ReadonlySet<string>;
  /** Name by IBAN. */
  readonly payees: ReadonlyMap<string, string>;
  readonly skipped: readonly SkippedRow[];
}

/** Knows nobody: what a tenant without a trusted `Contacts.md` has. */
export const emptyDirectory: Directory = { contacts: new Map(), domains: new Set(), payees: new Map(), skipped: [] };

const noteCharsMax = 4_000_000;
type Section = 'contacts' | 'payees';

/**
 * Reads the tables below the headings "Contacts" and "Payees". In each row the cell that is an address (an IBAN) counts, wherever it
 * stands, and the first other cell is the name; header and ruler rows have neither. Code blocks and comments are not tables.
 *
 * @param content - the note's text, only of a version that a member wrote: otherwise whoever gets a tool to write one note would become
 * a known payee. Longer than 4 million characters counts as empty.
 */
export function parseDirectory(content: string): Directory {
  if (content.length > noteCharsMax) return emptyDirectory;
  const contacts = new Map<string, string>();
  const domains = new Set<string>();
  const payees = new Map<string, string>();
  const skipped: SkippedRow[] = [];
  for (const row of tableRows(content)) {
    const found = row.section === 'contacts' ? contactIn(row.cells) : payeeIn(row.cells);
    if (found === null) {
      if (!row.isHead)
        skipped.push({
          line: row.line,
          reason: row.section === 'contacts' ? 'There is no mail address in this row.' : 'There is no valid IBAN in this row.',
        });
    } else if (found.kind === 'domain') domains.add(found.key);
    else (found.kind === 'address' ? contacts : payees).set(found.key, found.name);
  }
  return { contacts, domains, payees, skipped };
}

/** Whether the address, or its whole domain, is among the contacts. */
export function knownRecipient(directory: Directory, address: string): boolean {
  const normalised = normaliseAddress(address);
  if (normalised === null) return false;
  return directory.contacts.has(normalised) || directory.domains.has(normalised.slice(normalised.lastIndexOf('@') + 1));
}

/** Whether the account is among the payees. */
export const knownPayee = (directory: Directory, iban: string): boolean => payeeName(directory, iban) !== null;

/** The name that the tenant gave the account, or null. */
export function payeeName(directory: Directory, iban: string): string | null {
  const normalised = normaliseIban(iban);
  return normalised === null ? null : (directory.payees.get(normalised) ?? null);
}

interface Row {
  readonly section: Section;
  readonly line: number;
  readonly cells: readonly string[];
  /** The header of a table or its ruler. */
  readonly isHead: boolean;
}

function* tableRows(content: string): Generator<Row> {
  // Comments are blanked, not cut, so that line numbers stay those of the note.
  const lines = content.replace(/<!--[\s\S]*?(-->|$)/g, (comment) => comment.replace(/[^\n]/g, '')).split(/\r\n|\n|\r/);
  let section: Section | null = null;
  let fence: string | null = null;
  for (const [index, line] of lines.entries()) {
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (marker?.startsWith(fence)) fence = null;
      continue;
    }
    if (marker !== undefined) {
      fence = marker;
      continue;
    }
    const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)?.[1]?.toLowerCase();
    if (heading !== undefined) section = heading === 'contacts' || heading === 'payees' ? heading : null;
    else if (section !== null && /^ {0,3}\|/.test(line)) {
      const cells = cellsOf(line);
      yield { section, line: index + 1, cells, isHead: isRuler(cells) || isRuler(cellsOf(lines[index + 1] ?? '')) };
    }
  }
}

/** The cells of a table row; `\|` is a bar inside a cell, and links, angle brackets and code marks are taken off. */
const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll('\\|', '|').trim())
    .map((cell) => /^\[([^\]]*)\]\([^)]*\)$/.exec(cell)?.[1] ?? /^<([^>]*)>$/.exec(cell)?.[1] ?? /^`([^`]*)`$/.exec(cell)?.[1] ?? cell);

const isRuler = (cells: readonly string[]): boolean => cells.length > 0 && cells.every((cell) => /^:?-+:?$/.test(cell));

type Found = { readonly kind: 'address' | 'iban' | 'domain'; readonly key: string; readonly name: string } | null;

function contactIn(cells: readonly string[]): Found {
  for (const [index, cell] of cells.entries()) {
    const address = normaliseAddress(cell);
    if (address !== null) return { kind: 'address', key: address, name: nameBeside(cells, index) };
    const domain = cell.startsWith('@') ? normaliseDomain(cell.slice(1)) : null;
    if (domain !== null) return { kind: 'domain', key: domain, name: nameBeside(cells, index) };
  }
  return null;
}

function payeeIn(cells: readonly string[]): Found {
  for (const [index, cell] of cells.entries()) {
    const iban = normaliseIban(cell);
    if (iban !== null) return { kind: 'iban', key: iban, name: nameBeside(cells, index) };
  }
  return null;
}

const nameBeside = (cells: readonly string[], index: number): string => cells.find((cell, other) => other !== index && cell !== '') ?? '';
