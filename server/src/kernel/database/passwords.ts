import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

/** Generated passwords by login, kept in one file that only its owner may read. */
export type Passwords = Readonly<Record<string, string>>;

/** What the file holds; nothing when there is none or it is not one of ours, as every password in it can be made anew. */
export async function readPasswords(file: string): Promise<Passwords> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (
      error instanceof z.ZodError ||
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
      return {};
    throw error;
  }
}

/** Replaces the file as a whole (mode 0600), adding to what it held: a reader finds the old or the new, never half. */
export async function addPasswords(file: string, added: Passwords): Promise<void> {
  const merged = { ...(await readPasswords(file)), ...added };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(merged, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}

/** 144 random bits, in letters that need no escaping in a URL or in SQL. */
export const newPassword = (): string => randomBytes(18).toString('base64url');

/**
 * What the server keeps instead of the password (RFC 5803 in PostgreSQL's notation), so that the password itself is in no
 * statement and no log. 4096 rounds as the server does: the passwords are random, rounds add nothing.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const rounds = 4096;
  const salted = pbkdf2Sync(password, salt, rounds, 32, 'sha256');
  const keyed = (label: string) => createHmac('sha256', salted).update(label).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${storedKey}:${keyed('Server Key').toString('base64')}`;
}
