import pg from 'pg';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { newPassword, scramVerifier } from '#kernel/database';
import { registerSecret } from '#kernel/redact';
import type { RotationKind } from '../kind.ts';

/**
 * What such a secret holds, as JSON: the address with its login, and the other login of the pair. There are two, so that whoever still holds
 * the old address gets in until the grace ends. Each may change the other's password (in PostgreSQL: `grant a to b with admin option` and createrole).
 */
const valueSchema = z.strictObject({
  url: z.string().refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol)),
  otherUser: z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/),
});
type Value = z.infer<typeof valueSchema>;

const timeoutMs = 10_000;

/** The password of a PostgreSQL login. The other one of a pair gets a new password and takes over; the first is shut when the grace ends. */
export const databasePasswordKind: RotationKind = {
  kind: 'database-password',
  makesValues: true,
  // The address may be anything in our network, and what is asked there is SQL.
  forTenants: false,
  async create({ old }) {
    const { url, otherUser } = read(old);
    const password = newPassword();
    registerSecret(password);
    const next = new URL(url);
    const otherAfter = decodeURIComponent(next.username);
    next.username = otherUser;
    next.password = password;
    await inDatabase(url, (client) =>
      client.query(`alter role ${client.escapeIdentifier(otherUser)} with login password ${client.escapeLiteral(scramVerifier(password))}`),
    );
    return JSON.stringify({ url: next.href, otherUser: otherAfter } satisfies Value);
  },
  test: (_rotation, value) => inDatabase(read(value).url, (client) => client.query('select 1')),
  async revoke(_rotation, value, inForce) {
    const login = decodeURIComponent(new URL(read(value).url).username);
    const { url } = read(inForce);
    // A rotation that follows closely has made it the one in force again.
    if (decodeURIComponent(new URL(url).username) === login) return;
    await inDatabase(url, (client) => client.query(`alter role ${client.escapeIdentifier(login)} with nologin password null`));
  },
};

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

/** SQLSTATE classes: 28 invalid authorization, 42 no permission; anything else may pass. Messages of the server name logins only. */
function failed(cause: unknown): FactotumError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (/^(28|42)/.test(code))
    return new FactotumError(
      'request.invalid',
      `The database refuses (${code}). The login of the pair that is in force must be allowed to change the other one.`,
      { cause },
    );
  return new FactotumError('secret.unavailable', 'The database whose password is rotated does not answer.', { cause });
}

function read(value: string): Value {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    json = null;
  }
  const parsed = valueSchema.safeParse(json);
  if (!parsed.success)
    throw new FactotumError(
      'request.invalid',
      'The database password cannot be rotated. Its value is JSON like {"url": "postgres://a:..@host/db", "otherUser": "b"}.',
    );
  return parsed.data;
}
