import type { Clock, Id, Logger } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import { raiseAlerts } from './alert.ts';
import { alertLetter } from './letter.ts';
import { isQuotaName } from './quotas.ts';
import { crowdedTenants, type DueAlert, dueAlertTenants, markMailed, takeDueAlerts } from './store.ts';

export interface QuotaKeeperDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly postman: Postman;
  /** The tenant's name, and where its owners are reached. */
  readonly ownersOf: (tenantId: Id<'tenant'>) => Promise<{ readonly name: string; readonly emails: readonly string[] }>;
  /** How often it looks, in milliseconds. */
  readonly intervalMs?: number;
}

export interface QuotaKeeper {
  start(): void;
  stop(): Promise<void>;
  /** Looks now. Resolves when everything that was due has been tried. */
  look(): Promise<void>;
}

/** An alert that is told within half a minute is told in time; looking costs two index look-ups. */
const intervalMsDefault = 10_000;
/** How long a process has for mailing an alert before another may take it, in milliseconds; so long is waited after a mail that failed. */
const mailLeaseMs = 120_000;

/** Looks at what nobody counts on the way (tasks in flight), and mails alerts that have been given. Any number of processes may do so. */
export function createQuotaKeeper(deps: QuotaKeeperDeps): QuotaKeeper {
  const { database, clock, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  async function lookOnce(): Promise<void> {
    for (const { tenantId, running, maxRunning } of await crowdedTenants(database.engine))
      await withTenant(database.app.db, tenantId, (tx) =>
        raiseAlerts(tx, tenantId, { name: 'maxRunning', used: running, limit: maxRunning, now: clock.now() }),
      );
    for (const tenantId of await dueAlertTenants(database.engine, clock.now())) await mailAlerts(tenantId);
  }

  async function mailAlerts(tenantId: Id<'tenant'>): Promise<void> {
    const until = new Date(clock.now().getTime() + mailLeaseMs);
    const due = await withTenant(database.app.db, tenantId, (tx) => takeDueAlerts(tx, tenantId, clock.now(), until));
    if (due.length === 0) return;
    const { name, emails } = deps.postman.isConfigured ? await deps.ownersOf(tenantId) : { name: '', emails: [] };
    for (const alert of due) await mailAlert(tenantId, name, emails, alert);
  }

  /** A mail that nobody took is tried again later, to all: told twice is better than not told. */
  async function mailAlert(tenantId: Id<'tenant'>, tenantName: string, emails: readonly string[], alert: DueAlert): Promise<void> {
    try {
      if (isQuotaName(alert.name))
        for (const to of emails) await deps.postman.send({ to, ...alertLetter({ ...alert, name: alert.name, tenantName }) });
      await withTenant(database.app.db, tenantId, (tx) => markMailed(tx, tenantId, alert));
    } catch (error) {
      log.warn({ err: error, tenantId, quota: alert.name }, 'an alert could not be mailed; it is tried again');
    }
  }

  const look = (): Promise<void> => {
    looking ??= lookOnce()
      .catch((error) => log.warn({ err: error }, 'quotas could not be looked at; the next look tries again'))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  return {
    start() {
      timer = setInterval(() => void look(), deps.intervalMs ?? intervalMsDefault);
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
    look,
  };
}
