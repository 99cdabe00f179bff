import pg from 'pg';
import { FactotumError } from '#kernel';
import { firstThatOpens, lockRoles, ownerTransaction, withOwner } from './owner.ts';
import { addPasswords, candidatesOf, changePasswords, newPassword, type Passwords, readPasswords, scramVerifier } from './passwords.ts';
import { loginOf, roleNames } from './tables.ts';

/** Which passwords are ours to rotate, and by whose hand. */
export interface PasswordRotation {
  /** May alter the four roles. */
  readonly ownerUrl: string;
  /** Of a server of our own: then the owner's and this login's own password are rotated as well. */
  readonly superuserUrl: string | null;
  readonly passwordsFile: string;
}

/** Where a rotation stands: the file has both, the server is about to take the new, has taken them, the file has only the new. */
export type RotationStep = 'pending' | 'set' | 'committed' | 'promoted';

/**
 * Gives the logins that we made new passwords, while everybody works: connections live on, and new ones find the password in the file.
 * Cut off anywhere, the file has a password that works for each login, and the next rotation or preparation settles which.
 *
 * @param at - when the passwords were made, for the file
 * @param onStep - told at each step
 * @returns the logins.
 * @throws FactotumError `database.unavailable` (retry).
 */
export async function rotatePasswords(
  { ownerUrl, superuserUrl, passwordsFile }: PasswordRotation,
  at: Date,
  onStep: (step: RotationStep) => void = () => undefined,
): Promise<readonly string[]> {
  const own = superuserUrl === null ? [] : [userOf(ownerUrl), userOf(superuserUrl)];
  const logins = [...roleNames.map(loginOf), ...own];
  const rotate = async (client: pg.Client) => {
    await settle(ownerUrl, passwordsFile, logins);
    const pending: Passwords = Object.fromEntries(logins.map((login) => [login, newPassword()]));
    await changePasswords(passwordsFile, (held) => ({ ...held, pending }));
    onStep('pending');
    await ownerTransaction(client, async () => {
      for (const [login, password] of Object.entries(pending))
        await client.query(`alter role ${pg.escapeIdentifier(login)} password ${pg.escapeLiteral(scramVerifier(password))}`);
      onStep('set');
    });
    onStep('committed');
    await changePasswords(passwordsFile, ({ current }) => ({ current: { ...current, ...pending }, pending: {}, madeAt: at }));
    onStep('promoted');
  };
  // The lock is one of a database, and the superuser prepares the owner in another than the owner prepares the roles in.
  await withOwner(ownerUrl, async (owner) => {
    await lockRoles(owner);
    if (superuserUrl === null) return rotate(owner);
    return withOwner(superuserUrl, async (superuser) => {
      await lockRoles(superuser);
      return rotate(superuser);
    });
  });
  return logins;
}

/** What a rotation before left open is decided by what the server takes; only then may its pending passwords be forgotten. */
async function settle(ownerUrl: string, file: string, logins: readonly string[]): Promise<void> {
  const held = await readPasswords(file);
  if (Object.keys(held.pending).length === 0) return;
  const settled: Record<string, string> = {};
  for (const login of logins) {
    const password = await firstThatOpens(ownerUrl, login, candidatesOf(held, login));
    if (password !== undefined) settled[login] = password;
  }
  await addPasswords(file, settled);
}

const userOf = (url: string): string => {
  const user = decodeURIComponent(new URL(url).username);
  if (user === '') throw new FactotumError('config.invalid', 'The login of the database has no user name.');
  return user;
};
