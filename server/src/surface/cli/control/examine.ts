import { setTimeout as sleep } from 'node:timers/promises';
import { isFactotumError } from '#kernel';
import { assertWalls, roleNames } from '#kernel/database';
import type { Finding } from '../doctor/finding.ts';
import type { OperatorParts } from './operator.ts';

/** How long entries may wait for the sequencer before that is worth a word, in milliseconds. It works them off within some hundredths of a second. */
const sequencerMsMax = 5_000;
/** They are rotated every thirty; a server that was off for a while has some days to make up for it. */
const passwordDaysMax = 45;
/** Tenants whose whole log is read; beyond, the most recent are enough to see that keys and sequencer work. */
const tenantsMax = 20;

/** What only a process with the database and the keys in hand can tell: the doctor's inner half. */
export async function examine(parts: OperatorParts, { waitMs = sequencerMsMax } = {}): Promise<Finding[]> {
  const walls = await Promise.all(roleNames.map((name) => examineWall(parts, name)));
  // Without a database the rest would say the same again, in other words.
  if (walls.some(({ state }) => state === 'fail')) return walls;
  return [
    ...walls,
    await examineMigrations(parts),
    ...(await examinePasswords(parts)),
    await examineSequencer(parts, waitMs),
    ...(await examineLogs(parts)),
    ...(await examineSecrets(parts)),
  ];
}

async function examineSecrets({ secrets }: OperatorParts): Promise<readonly Finding[]> {
  try {
    return await secrets.examine();
  } catch (error) {
    return [{ check: 'secrets', state: 'fail', text: reason(error), fix: 'See that the key files are the ones this data was made with.' }];
  }
}

async function examineWall({ database }: OperatorParts, name: (typeof roleNames)[number]): Promise<Finding> {
  const check = `database role ${name}`;
  try {
    await assertWalls(database[name]);
    return { check, state: 'ok', text: 'answers, owns nothing and cannot step around the tenant wall' };
  } catch (error) {
    return { check, state: 'fail', text: reason(error), fix: 'Run `factotum db prepare` and use the logins that it makes.' };
  }
}

async function examineMigrations(parts: OperatorParts): Promise<Finding> {
  const check = 'migrations';
  try {
    const pending = await parts.pendingMigrations();
    if (pending === null)
      return { check, state: 'ok', text: 'not looked at: this process has no login that may see them (as it should be)' };
    if (pending.length === 0) return { check, state: 'ok', text: 'the database is at the version of this release' };
    return {
      check,
      state: 'fail',
      text: `not applied yet: ${pending.join(', ')}`,
      fix: 'Run `factotum db prepare`, or start the server again.',
    };
  } catch (error) {
    return { check, state: 'fail', text: reason(error), fix: 'Start the release that made this database.' };
  }
}

/** They are rotated by themselves, so old ones mean that this does not come about. */
async function examinePasswords({ logins }: OperatorParts): Promise<readonly Finding[]> {
  const madeAt = await logins.madeAt();
  if (madeAt === null) return [];
  const check = 'database passwords';
  const days = Math.max(0, Math.floor((Date.now() - madeAt.getTime()) / 86_400_000));
  const text = `made ${days === 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`}`;
  if (days <= passwordDaysMax) return [{ check, state: 'ok', text }];
  return [{ check, state: 'warn', text, fix: 'factotum db rotate; if that fails, the log of the server says why.' }];
}

/** Everything that waits now must be numbered soon: what comes meanwhile does not count. */
async function examineSequencer({ database }: OperatorParts, waitMs: number): Promise<Finding> {
  const check = 'audit sequencer';
  const { pool } = database.sequencer;
  const newest = await pool.query<{ id: number | null }>('select max(id) as id from app.audit_pending');
  const upTo = newest.rows[0]?.id ?? null;
  if (upTo === null) return { check, state: 'ok', text: 'nothing waits to be numbered' };
  const startedAtMs = performance.now();
  for (;;) {
    const { rows } = await pool.query<{ waiting: number }>('select count(*)::int as waiting from app.audit_pending where id <= $1', [upTo]);
    const waiting = rows[0]?.waiting ?? 0;
    const waitedMs = Math.round(performance.now() - startedAtMs);
    if (waiting === 0) return { check, state: 'ok', text: `numbered what waited within ${waitedMs} ms` };
    if (waitedMs > waitMs)
      return {
        check,
        state: 'fail',
        text: `${waiting} transactions still wait to be numbered after ${Math.round(waitedMs / 1_000)} s`,
        fix: 'Look into the server log for what the sequencer says; start a process with the role worker if none runs.',
      };
    await sleep(50);
  }
}

async function examineLogs(parts: OperatorParts): Promise<Finding[]> {
  const tenants = await parts.listTenants();
  if (tenants.length === 0)
    return [{ check: 'tenants', state: 'warn', text: 'there is none', fix: 'Make one: factotum tenant create --name NAME' }];
  const newest = tenants.toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime()).slice(0, tenantsMax);
  const findings: Finding[] = [];
  for (const { id, name } of newest) findings.push(await examineLog(parts, id, `audit log of ${name}`));
  if (tenants.length > newest.length)
    findings.push({
      check: 'audit logs',
      state: 'ok',
      text: `${tenants.length - newest.length} more tenants: factotum audit verify --all`,
    });
  return findings;
}

async function examineLog(parts: OperatorParts, id: Parameters<OperatorParts['verifyAuditLog']>[0], check: string): Promise<Finding> {
  try {
    const { ok, entries, fault } = await parts.verifyAuditLog(id);
    if (ok) return { check, state: 'ok', text: `${entries} entries hold` };
    return {
      check,
      state: 'fail',
      text: fault ?? 'does not hold',
      fix: 'Keep the data as it is and compare it with a backup and a kept checkpoint.',
    };
  } catch (error) {
    return { check, state: 'fail', text: reason(error), fix: 'See that the key files are the ones this data was made with.' };
  }
}

const reason = (error: unknown): string =>
  isFactotumError(error) ? error.message : error instanceof Error ? error.message : 'an unknown failure';
