import pg from 'pg';
import { registerSecret } from '#kernel/redact';
import { candidatesOf, readPasswords } from './passwords.ts';

/** Our own addition to a login's URL, which the server never sees. */
const fileParameter = 'passwordsFile';

/** The login's URL, whose password is looked up in the file at each new connection; the one in the URL counts only while that file has none. */
export function urlWithPasswordsFile(url: string, file: string): string {
  const changed = new URL(url);
  changed.searchParams.set(fileParameter, file);
  return changed.href;
}

/** How to connect with a login: with this string by clients of this class, which know the password that the login has now. */
export interface Login {
  readonly connectionString: string;
  readonly Client: typeof pg.Client;
  /** The password may be another one by now: who is refused tries once more. */
  readonly mayChange: boolean;
}

/** @param url - a login's, with its password or with `urlWithPasswordsFile`. */
export function loginOfUrl(url: string): Login {
  const plain = new URL(url);
  const file = plain.searchParams.get(fileParameter);
  if (file === null) return { connectionString: url, Client: pg.Client, mayChange: false };
  plain.searchParams.delete(fileParameter);
  const passwords = passwordsOf(file, decodeURIComponent(plain.username), decodeURIComponent(plain.password));
  return { connectionString: plain.href, Client: clientWith(passwords), mayChange: true };
}

/** Whether the server did not take the password. */
export const isRefused = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '28P01';

interface PasswordSource {
  readonly now: () => Promise<string>;
  /** The server did not take it: the other one is meant, as long as there is another. */
  readonly refuse: (password: string) => void;
}

/** The file is read for each connection: that is nothing beside making one, and so there is no copy that could be out of date. */
function passwordsOf(file: string, login: string, given: string): PasswordSource {
  const refused = new Set<string>();
  let last = given;
  return {
    async now() {
      // Without a file that can be read, what worked before is the best guess.
      const known = await readPasswords(file).then(
        (held) => candidatesOf(held, login),
        () => [],
      );
      const candidates = [...known, last];
      last = candidates.find((password) => !refused.has(password)) ?? candidates[0] ?? last;
      registerSecret(last);
      return last;
    },
    refuse: (password) => void refused.add(password),
  };
}

type Callback = (error: Error) => void;

function clientWith(passwords: PasswordSource): typeof pg.Client {
  return class extends pg.Client {
    #used = '';
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      const value = async () => {
        this.#used = await passwords.now();
        return this.#used;
      };
      // After the constructor, as an address without a password counts there as one with an empty password; hidden as pg hides it.
      Object.defineProperty(this, 'password', { configurable: true, enumerable: false, writable: true, value });
    }
    override connect(): Promise<pg.Client>;
    override connect(callback: Callback): void;
    override connect(callback?: Callback): Promise<pg.Client> | undefined {
      const heed = (error: unknown) => {
        if (isRefused(error)) passwords.refuse(this.#used);
      };
      if (callback === undefined)
        return super.connect().catch((error: unknown) => {
          heed(error);
          throw error;
        });
      super.connect((error: Error) => {
        heed(error);
        callback(error);
      });
      return undefined;
    }
  };
}
