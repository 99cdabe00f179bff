import { FactotumError } from '#kernel';
import { connect, type RoleDatabase, release } from './pool.ts';
import { loginOf } from './tables.ts';

/**
 * Refuses a login that could step around the tenant wall. Call it for each role before serving.
 *
 * Looked at is `session_user`, not `current_user`: a process that only put on a smaller role can take it off again. Membership
 * counts like the thing itself, because it is one `set role` away.
 *
 * @throws FactotumError `database.not_walled` with what is wrong, `database.unavailable` (retry) when there is no answer.
 */
export async function assertWalls(role: RoleDatabase): Promise<void> {
  const faults = await findFaults(role);
  if (faults.length === 0) return;
  throw new FactotumError(
    'database.not_walled',
    `The database login for ${role.name} ${faults.join(', ')}. Use the login that \`factotum db prepare\` made for it.`,
    {
      details: { role: role.name, faults },
    },
  );
}

async function findFaults(role: RoleDatabase): Promise<string[]> {
  const client = await connect(role.pool);
  try {
    const { rows } = await client.query<Answer>(question);
    const answer = rows[0];
    if (answer === undefined) return ['is unknown to the server'];
    const faults: string[] = [];
    if (answer.login !== loginOf(role.name)) faults.push(`is ${answer.login} instead of ${loginOf(role.name)}`);
    if (answer.superuser) faults.push('is a superuser or can become one');
    if (answer.bypasses) faults.push('bypasses row-level security');
    if (answer.owned !== null) faults.push(`owns ${answer.owned}`);
    return faults;
  } finally {
    release(client);
  }
}

interface Answer {
  readonly login: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly owned: string | null;
}

const question = `select session_user::text as login,
  exists (select from pg_roles r where r.rolsuper and pg_has_role(session_user, r.oid, 'member')) as superuser,
  exists (select from pg_roles r where r.rolbypassrls and pg_has_role(session_user, r.oid, 'member')) as bypasses,
  (select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and pg_has_role(session_user, c.relowner, 'member')
      and n.nspname not in ('pg_catalog', 'information_schema') limit 1) as owned`;
