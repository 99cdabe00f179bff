import type { CsvMapping, MappingAsked } from '../../api/ledger.ts';

/** The columns that a person is asked for. */
export const askedColumns = ['bookedOn', 'amount', 'credit', 'debit', 'sign', 'counterparty'] as const;

export interface MappingDraft {
  columns: CsvMapping['columns'];
  dateOrder: CsvMapping['dateOrder'];
  decimalPoint: CsvMapping['decimalPoint'];
}

/** What the server is certain of, as it stands in the form; without it the guess of most banks. */
export function draftOf({ proposal }: MappingAsked): MappingDraft {
  const { columns, dateOrder = 'dmy', decimalPoint = ',' } = proposal;
  return { columns: { bookedOn: -1, ...columns }, dateOrder, decimalPoint };
}

/** The whole mapping: what was said, over what the file says of itself. */
export function mappingOf({ proposal, sample }: MappingAsked, draft: MappingDraft): CsvMapping {
  const { header = sample[0] ?? [], delimiter = ';' } = proposal;
  return { header, delimiter, ...draft };
}

/** Whether enough is said: a day, and an amount or what comes in or goes out. */
export const isComplete = ({ columns: { bookedOn, amount, credit, debit } }: MappingDraft): boolean =>
  bookedOn >= 0 && [amount, credit, debit].some((column) => typeof column === 'number');
