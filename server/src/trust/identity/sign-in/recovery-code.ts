import { randomBytes } from 'node:crypto';
import { base32 } from './totp.ts';

const codes = 10;

/** Ten codes of 80 random bits, to be printed: `ABCD-EFGH-IJKL-MNOP`. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: codes }, () => base32(randomBytes(10)).replaceAll(/(.{4})(?=.)/g, '$1-'));

/** A code as it is hashed, however it was typed: the digits that look like letters are those letters. */
export const plainRecoveryCode = (typed: string): string =>
  typed
    .toUpperCase()
    .replaceAll('0', 'O')
    .replaceAll('1', 'I')
    .replaceAll(/[^A-Z2-7]/g, '');
