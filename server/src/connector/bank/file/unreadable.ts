import { FactotumError } from '#kernel';

/** A file that cannot be read at all: where, why, and what helps. */
export const unreadable = (line: number | null, why: string, fix: string): FactotumError =>
  new FactotumError('ledger.unreadable', `${line === null ? '' : `Line ${line}: `}${why} ${fix}`, {
    details: { ...(line === null ? {} : { line }), why, fix },
  });
