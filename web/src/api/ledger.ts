/** How the columns of a CSV file are read; a column is its place in the header, from nought. */
export interface CsvMapping {
  header: string[];
  delimiter: ',' | ';' | '\t' | '|';
  decimalPoint: '.' | ',';
  dateOrder: 'ymd' | 'dmy' | 'mdy';
  columns: {
    bookedOn: number;
    valueOn?: number | null;
    amount?: number | null;
    credit?: number | null;
    debit?: number | null;
    sign?: number | null;
    currency?: number | null;
    counterparty?: number | null;
    counterpartyAccount?: number | null;
    text?: number[];
    balance?: number | null;
    reference?: number | null;
    ownAccount?: number | null;
  };
}

/** What a file asks before it can be read. */
export interface MappingAsked {
  questions: string[];
  /** The parts of a mapping that are certain. */
  proposal: Partial<Omit<CsvMapping, 'columns'>> & { columns?: Partial<CsvMapping['columns']> };
  /** The header, then some lines. */
  sample: string[][];
}

export interface LedgerAccount {
  id: string;
  name: string;
  iban: string | null;
  number: string | null;
  bic: string | null;
  holder: string | null;
  currency: string;
  /** The newest that a statement named. */
  balance: { on: string; amountMinor: number } | null;
  transactions: number;
  notices: { code: string; text: string }[];
  mapping: CsvMapping | null;
  /** A file that waits until somebody says how to read it. */
  asked: (MappingAsked & { name: string }) | null;
}

export interface LedgerTransaction {
  id: string;
  account: string;
  bookedOn: string;
  /** In the smallest unit of the currency; what goes out is negative. */
  amountMinor: number;
  currency: string;
  counterparty: { name: string | null; iban: string | null; number: string | null; bic: string | null };
  text: string;
  category: string | null;
  categorisedBy: 'rule' | 'learned' | 'tool' | 'person' | null;
  categoryWhy: string | null;
  /** What a person has to confirm. */
  proposal: { category: string; why: string } | null;
  isReversal: boolean;
  /** The bank has withdrawn it. */
  replaced: boolean;
}

export interface LedgerInvoice {
  id: string;
  state: 'open' | 'partly' | 'paid' | 'closed';
  direction: 'payable' | 'receivable';
  document: string;
  issuer: string | null;
  number: string | null;
  issuedOn: string | null;
  dueOn: string | null;
  amountMinor: number | null;
  openMinor: number | null;
  currency: string | null;
  doubts: string[];
}

export interface LedgerMatch {
  transaction: LedgerTransaction;
  state: 'proposed' | 'accepted' | 'rejected';
  decidedBy: string | null;
  score: number;
  /** How much of the transaction is for this invoice. */
  amountMinor: number;
  settles: boolean;
  reasons: { code: string; points: number; text: string }[];
}

export interface LedgerInvoiceRecord {
  invoice: LedgerInvoice;
  matches: LedgerMatch[];
}

/** Something that stands out among charges. */
export interface LedgerHint {
  id: string;
  kind: 'unusual' | 'subscription' | 'price_rise' | 'unused';
  title: string;
  text: string;
  account: string;
  transactions: string[];
  createdAt: string;
}

/** What became of a bank file. */
export interface LedgerImport {
  account: string;
  added: number;
  known: number;
  matched: number;
  unreadable: { line: number; why: string }[];
  notices: { code: string; text: string }[];
  needsMapping: (MappingAsked & { account: string }) | null;
}

/** A rule for categories. What is given has to hold, all of it. Amounts are without a sign. */
export interface LedgerRule {
  category: string;
  counterparty?: string;
  iban?: string;
  text?: string;
  direction?: 'in' | 'out';
  minMinor?: number;
  maxMinor?: number;
  currency?: string;
  event?: boolean;
}

export interface LedgerRules {
  version: number;
  /** In their order: the first that fits decides. */
  rules: LedgerRule[];
  learnUpToMinor: number;
}

export interface RuleTrial {
  looked: number;
  since: string | null;
  /** How many each rule would have decided. */
  matched: number[];
}
