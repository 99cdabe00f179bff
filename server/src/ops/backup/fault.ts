import { FactotumError } from '#kernel';

/** What is wrong with a backup, its repository or the key that was given. */
export const invalid = (why: string, cause?: unknown): FactotumError =>
  new FactotumError('backup.invalid', `The backup cannot be read: ${why}.`, { cause });

/** What is right in itself and does not fit here. */
export const conflict = (why: string): FactotumError => new FactotumError('backup.conflict', why);
