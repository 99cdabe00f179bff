import type { Clock, Id, Logger } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { type AuditKind, recordAudit } from '#trust/audit';
import type { OperatorPerson, Principal } from '#trust/identity';

interface Entry {
  readonly kind: AuditKind;
  readonly objectId?: string | undefined;
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

/** Writes down what people do with their own sessions and credentials. */
export interface PersonLog {
  /** In the log of the tenant that they act in. Operators act in none: theirs goes to the log of the process. */
  record(principal: Principal | OperatorPerson, entry: Entry): Promise<void>;
  /** In the logs of these tenants, for what concerns all that somebody is a member of. */
  recordIn(tenantIds: readonly Id<'tenant'>[], actor: string, entry: Entry): Promise<void>;
}

export function createPersonLog({ database, clock, log }: { database: Database; clock: Clock; log: Logger }): PersonLog {
  const write = (tenantId: Id<'tenant'>, actor: string, { kind, objectId, detail }: Entry) =>
    withTenant(database.app.db, tenantId, (tx) =>
      recordAudit(tx, tenantId, [
        { kind, actor, at: clock.now(), ...(objectId === undefined ? {} : { objectId }), ...(detail === undefined ? {} : { detail }) },
      ]),
    );
  return {
    record: async (principal, entry) => {
      if (isOperatorPerson(principal)) log.info({ actor: principal.actor, ...entry }, 'an operator acted');
      else await write(principal.tenantId, principal.actor, entry);
    },
    recordIn: async (tenantIds, actor, entry) => {
      for (const tenantId of tenantIds) await write(tenantId, actor, entry);
    },
  };
}

/** The operator at the machine is a principal of the tenant that the command names; one in the browser is of none. */
export const isOperatorPerson = (principal: Principal | OperatorPerson): principal is OperatorPerson => !('tenantId' in principal);
