import { createHash, randomInt } from 'node:crypto';
import { keyPrefix } from '../auth.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const lettersCount = 64;

/** The only form that a key has; anything else is refused without asking the database. */
export const keyForm = new RegExp(`^${keyPrefix}[A-Za-z]{${lettersCount}}$`);

/** A new key: our prefix and 64 letters, each as likely as any other (365 bits). */
export function newKeyText(): string {
  return keyPrefix + Array.from({ length: lettersCount }, () => letters[randomInt(letters.length)]).join('');
}

/** What is kept of a key. A slow hash would protect a secret that people choose; nobody guesses 365 bits. */
export const hashOfKey = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** How much of a key is shown in lists, so that people recognise it. */
export const startOfKey = (text: string): string => text.slice(0, keyPrefix.length + 4);
