import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

/** Generated passwords by login. */
export type Passwords = Readonly<Record<string, string>>;

/** What is kept in the one file that only its owner may read. */
export interface PasswordFile {
  readonly current: Passwords;
  /** Those of a rotation that has begun and not ended: for each login, the server knows its current or its pending one. */
  readonly pending: Passwords;
  /** When the passwords were made last; null without a file. */
  readonly madeAt: Date | null;
}

const passwordsSchema = z.record(z.string(), z.string());
/** Logins stand beside the two names that are none, as they did before there were rotations. */
const fileSchema = z.object({ pending: passwordsSchema.default({}), madeAt: z.iso.datetime().optional() }).catchall(z.string());

/** What the file holds; nothing when there is none or it is not one of ours, as every password in it can be made anew. */
export async function readPasswords(file: string): Promise<PasswordFile> {
  try {
    const { pending, madeAt, ...current } = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return { current, pending, madeAt: madeAt === undefined ? (await stat(file)).mtime : new Date(madeAt) };
  } catch (error) {
    if (
      error instanceof z.ZodError ||
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
      return { current: {}, pending: {}, madeAt: null };
    throw error;
  }
}

/**
 * Replaces the file as a whole (mode 0600): a reader finds the old or the new, never half, and a power cut leaves one of them.
 * Two who write at once would lose what one of them wrote: hold the lock of the roles (`lockRoles`).
 */
export async function changePasswords(file: string, change: (held: PasswordFile) => PasswordFile): Promise<void> {
  const { current, pending, madeAt } = change(await readPasswords(file));
  const content = { ...current, ...(Object.keys(pending).length === 0 ? {} : { pending }), madeAt: madeAt?.toISOString() };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await chmod(draft, 0o600);
  await rename(draft, file);
  const folder = await open(dirname(file));
  await folder.sync().finally(() => folder.close());
}

/** Adds passwords that are in force now; what was pending for their logins is forgotten. */
export const addPasswords = (file: string, added: Passwords): Promise<void> =>
  changePasswords(file, ({ current, pending, madeAt }) => ({
    current: { ...current, ...added },
    pending: Object.fromEntries(Object.entries(pending).filter(([login]) => added[login] === undefined)),
    madeAt: madeAt ?? new Date(),
  }));

/** What the login may have as its password, the likeliest first. */
export const candidatesOf = ({ current, pending }: PasswordFile, login: string): string[] =>
  [current[login], pending[login]].filter((password) => password !== undefined);

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
