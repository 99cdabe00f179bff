import { type Clock, createPoller, type Id, type Logger, type Poller } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import { raiseAlerts } from './alert.ts';
import { alertLetter } from './letter.ts';
import { isQuotaName } from './quotas.ts';
import { crowdedTenants, type DueAlert, dueAlertTenants, markMailed, takeDueAlerts } from './store.ts';

/** A tenant's owners as they are mailed to, each in their own locale. */
interface Told {
  readonly name: string;
  readonly owners: readonly { readonly email: string; readonly locale: string }[];
}

export interface QuotaKeeperDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly postman: Postman;
  /** The tenant's name, and where its owners are reached. */
  readonly ownersOf: (tenantId: Id<'tenant'>) => Promise<Told>;
  /** How often it looks, in milliseconds. */
  readonly intervalMs?: number;
}

/** An alert that is told within half a minute is told in time; looking costs two index look-ups. */
const intervalMsDefault = 10_000;
/** How long a process has for mailing an alert before another may take it, in milliseconds; so long is waited after a mail that failed. */
const mailLeaseMs = 120_000;

/**
 * Looks at what nobody counts on the way (tasks in flight), and mails alerts that have been given. Any number of processes may do so. A look
 * ends when everything that was due has been tried.
 */
export function createQuotaKeeper(deps: QuotaKeeperDeps): Poller {
  const { database, clock, log } = deps;

  async function look(): Promise<void> {
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
    const told = deps.postman.isConfigured ? await deps.ownersOf(tenantId) : { name: '', owners: [] };
    for (const alert of due) await mailAlert(tenantId, told, alert);
  }

  /** A mail that nobody took is tried again later, to all: told twice is better than not told. */
  async function mailAlert(tenantId: Id<'tenant'>, { name: tenantName, owners }: Told, alert: DueAlert): Promise<void> {
    try {
      if (isQuotaName(alert.name))
        for (const { email, locale } of owners)
          await deps.postman.send({ to: email, ...alertLetter({ ...alert, name: alert.name, tenantName, locale }) });
      await withTenant(database.app.db, tenantId, (tx) => markMailed(tx, tenantId, alert));
    } catch (error) {
      log.warn({ err: error, tenantId, quota: alert.name }, 'an alert could not be mailed; it is tried again');
    }
  }

  return createPoller({
    look,
    everyMs: deps.intervalMs ?? intervalMsDefault,
    onError: (error) => log.warn({ err: error }, 'quotas could not be looked at; the next look tries again'),
  });
}
