import { type AuditKind, recordAudit } from '#trust/audit';
import type { Call } from './route.ts';

/** Something that has been done, by ids and names of options: content is not for the log. */
export interface Act {
  readonly kind: AuditKind;
  readonly objectId?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/**
 * Writes down what whoever asks has just done, before it is answered. For what lives behind another login than the log: both cannot be one
 * transaction.
 */
export const recordActs = ({ inTenant, tenantId, principal, now }: Call, ...acts: readonly Act[]): Promise<void> =>
  inTenant((tx) =>
    recordAudit(
      tx,
      tenantId,
      acts.map((act) => ({ ...act, actor: principal.actor, at: now })),
    ),
  );
