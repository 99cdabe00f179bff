import { createHmac } from 'node:crypto';
import pg from 'pg';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { newPassword, scramVerifier } from '#kernel/database';
import { registerSecret } from '#kernel/redact';
import { type RotationKind, readJsonValue } from '../kind.ts';

/**
 * What such a secret holds, as JSON: the address with the login that is in use, and the other login of the pair with its password. There are
 * two, so that whoever still holds the old address gets in until the grace ends. Each changes only its own password, which every login may.
 */
const valueSchema = z.strictObject({
  url: z.string().refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol)),
  other: z.strictObject({ user: z.string().min(1).max(63), password: z.string().min(1) }),
});
type Value = z.infer<typeof valueSchema>;

const timeoutMs = 10_000;

/** The password of a PostgreSQL login. The other one of a pair gets a new password and takes over; the first gets one when the grace ends. */
export const databasePasswordKind: RotationKind = {
  kind: 'database-password',
  makesValues: true,
  // The address may be anything in our network, and what is asked there is SQL.
  forTenants: false,
  async create({ old, key }) {
    const { url, other } = read(old);
    const before = withLogin(url, other.user, other.password);
    // The same for every try of this rotation: what an earlier one has set is known, although nobody kept it.
    const password = createHmac('sha256', other.password).update(`factotum/rotation/v1\0${key}`).digest('base64url');
    const after = withLogin(url, other.user, password);
    registerSecret(password);
    try {
      await setOwnPassword(before, password);
    } catch (error) {
      if (!isRefusedLogin(error)) throw error;
      await inDatabase(after, (client) => client.query('select 1'));
    }
    const next = newPassword();
    registerSecret(next);
    return JSON.stringify({ url: after, other: { user: loginOf(url), password: next } } satisfies Value);
  },
  test: (_rotation, value) => inDatabase(read(value).url, (client) => client.query('select 1')),
  async revoke(_rotation, value, inForce) {
    const [{ url }, { other }] = [read(value), read(inForce)];
    // A rotation that followed closely has put this login in force again.
    if (other.user !== loginOf(url)) return;
    try {
      await setOwnPassword(url, other.password);
    } catch (error) {
      // It has another password already.
      if (!isRefusedLogin(error)) throw error;
    }
  },
};

/** The password itself is in no statement: the server gets what it keeps of it. */
const setOwnPassword = (url: string, password: string): Promise<void> =>
  inDatabase(url, (client) => client.query(`alter role current_user with password ${client.escapeLiteral(scramVerifier(password))}`));

async function inDatabase(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } catch (cause) {
    throw failed(cause);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const isRefusedLogin = (error: unknown): boolean => error instanceof FactotumError && error.details?.sqlState === '28P01';

/** SQLSTATE class 28: a login is refused. Class 42: not allowed. Anything else may pass by itself. The server's messages name logins only. */
function failed(cause: unknown): FactotumError {
  const sqlState = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (/^(28|42)/.test(sqlState))
    return new FactotumError(
      'request.invalid',
      `The database refuses a login of the pair (${sqlState}). If a rotation has just been made, wait until its grace has ended.`,
      { cause, details: { sqlState } },
    );
  return new FactotumError('secret.unavailable', 'The database whose password is rotated does not answer.', { cause });
}

const loginOf = (url: string): string => decodeURIComponent(new URL(url).username);

function withLogin(url: string, user: string, password: string): string {
  const next = new URL(url);
  next.username = encodeURIComponent(user);
  next.password = encodeURIComponent(password);
  return next.href;
}

const read = (value: string): Value =>
  readJsonValue(
    value,
    valueSchema,
    () =>
      new FactotumError(
        'request.invalid',
        'The database password cannot be rotated. Its value is JSON like {"url": "postgres://a:..@host/db", "other": {"user": "b", "password": ".."}}.',
      ),
  );
