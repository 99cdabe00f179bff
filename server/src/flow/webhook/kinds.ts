import { type AuditKind, auditKinds } from '#trust/audit';

/** What people want to be told of besides what changes on the screen. */
const others: ReadonlySet<AuditKind> = new Set<AuditKind>([
  'event.received',
  'connection.broken',
  'connection.recovered',
  'tool_server.quarantined',
  'quota.alert',
  'ledger.imported',
]);

/** The kinds of audit entries that go out as webhooks: changes of state. Who read or administered what is for the log alone. */
// The keys of an object literal are exactly the keys of its type.
export const webhookKinds: readonly AuditKind[] = (Object.keys(auditKinds) as AuditKind[])
  .filter((kind) => auditKinds[kind].live !== null || others.has(kind))
  .sort();

/** Whether a kind is among those that are wanted: `task.finished`, all of `task.*`, or everything (`*`). A trial always is. */
export const isWanted = (wanted: readonly string[], kind: string): boolean =>
  kind === trialKind ||
  ((webhookKinds as readonly string[]).includes(kind) &&
    wanted.some((pattern) => pattern === '*' || pattern === kind || (pattern.endsWith('.*') && kind.startsWith(pattern.slice(0, -1)))));

/** Whether a pattern can mean anything. */
export const isPattern = (pattern: string): boolean => pattern === '*' || webhookKinds.some((kind) => isWanted([pattern], kind));

/** Sent when somebody wants to see whether an endpoint works. */
export const trialKind = 'webhook.test';
