import { FactotumError } from '#kernel';

/** What is wrong with an archive, in words for who brought it. */
export const invalid = (what: string, cause?: unknown): FactotumError =>
  new FactotumError('archive.invalid', `The archive cannot be read: ${what}. Nothing was taken in.`, cause === undefined ? {} : { cause });

/** Why a good archive cannot be taken in here. */
export const conflict = (what: string): FactotumError => new FactotumError('archive.conflict', `${what} Nothing was taken in.`);
