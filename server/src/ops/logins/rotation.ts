import { z } from 'zod';
import { type Clock, createPoller, FactotumError, type Logger } from '#kernel';
import { inTransaction, type PasswordRotation, type RoleDatabase, readPasswords, rotatePasswords } from '#kernel/database';
import { addInstallationJob, defineJob, type JobHandler, listAllJobs } from '#trust/job';
import type { InstallationKey } from '#trust/key';

const kind = 'database.rotate';
const dayMs = 86_400_000;
/** The passwords are random and lie in one file; a month bounds what a copy of it is worth to whoever finds one. */
const rotateEveryDays = 30;
/** A rotation that failed is ordered again after this. */
const pauseMs = dayMs;
const lookEveryMs = 3_600_000;

/** New passwords for the logins that this process made. */
export interface LoginRotation {
  /** When the passwords were made; null when they are not ours. */
  madeAt(): Promise<Date | null>;
  /**
   * Gives every login of ours a new password, now. Nobody who works notices.
   *
   * @returns the logins.
   * @throws FactotumError `request.invalid` when the passwords are not ours, `database.unavailable` (retry).
   */
  rotate(): Promise<readonly string[]>;
  /** None where the passwords are not ours. */
  readonly jobs: readonly JobHandler[];
  /** Orders a rotation when one is due. */
  start(): void;
  stop(): Promise<void>;
  /** Looks once, now. @returns whether a rotation was ordered. */
  look(): Promise<boolean>;
}

export interface LoginRotationOptions {
  /** Null where the operator gave us logins: their passwords are theirs. */
  readonly passwords: PasswordRotation | null;
  readonly engine: RoleDatabase;
  readonly installation: InstallationKey;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createLoginRotation({ passwords, engine, installation, clock, log }: LoginRotationOptions): LoginRotation {
  const madeAt = async () => (passwords === null ? null : (await readPasswords(passwords.passwordsFile)).madeAt);

  async function rotate(): Promise<readonly string[]> {
    if (passwords === null)
      throw new FactotumError(
        'request.invalid',
        'The logins of the database were given to this process, so their passwords are changed where they were made. docs/operations.md says how.',
      );
    const logins = await rotatePasswords(passwords, clock.now());
    log.info({ logins }, 'the passwords of the database were rotated');
    return logins;
  }

  async function look(): Promise<boolean> {
    const made = await madeAt();
    const now = clock.now();
    if (made === null || now.getTime() - made.getTime() < rotateEveryDays * dayMs) return false;
    return inTransaction(engine, async (client) => {
      // Of two that look at once, one orders it.
      await client.query(`select pg_advisory_xact_lock(hashtext('factotum'), hashtext($1))`, [kind]);
      const [last] = await listAllJobs(engine, { kind, limit: 1 });
      const isOrdered = last !== undefined && (last.finishedAt === null || now.getTime() - last.finishedAt.getTime() < pauseMs);
      if (!isOrdered) await addInstallationJob(engine, installation, { kind, actor: 'system:rotation', at: now });
      return !isOrdered;
    });
  }

  const poller = createPoller({
    look,
    everyMs: lookEveryMs,
    isAtOnce: true,
    onError: (error) => log.warn({ err: error }, 'whether the passwords of the database are due could not be found out'),
  });
  const job = defineJob({ kind, input: z.null(), run: async () => ({ logins: (await rotate()).length }) });
  return {
    madeAt,
    rotate,
    jobs: passwords === null ? [] : [job],
    start() {
      if (passwords !== null) poller.start();
    },
    stop: poller.stop,
    look: poller.look,
  };
}
