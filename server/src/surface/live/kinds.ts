import type { AuditKind, LiveKind } from '#trust/audit';
import type { Permission, Principal } from '#trust/identity';

/** Who may hear of a change is who may read what changed. */
const permissions: Readonly<Record<LiveKind, Permission>> = {
  task: 'task:read',
  approval: 'approval:read',
  note: 'vault:read',
  policy: 'policy:read',
  grant: 'policy:read',
  connection: 'connection:read',
  schedule: 'connection:read',
  setting: 'settings:read',
};

/** After these somebody who listens may be nobody any more, may hear less, or listens from where they must not. */
const lessening: ReadonlySet<string> = new Set<AuditKind>([
  'key.revoked',
  'key.rotated',
  'service_account.changed',
  'service_account.deleted',
  'session.ended',
  'device.revoked',
  'member.changed',
  'member.removed',
  'role.changed',
  'scim.changed',
  'security.changed',
  'tenant.suspended',
  'tenant.moved',
  'tenant.erased',
]);

/** Whether who listens has to be looked at again after an entry of that kind. */
export const mayLessen = (kind: string): boolean => lessening.has(kind);

/** The kinds of change that somebody may hear of. */
export function readableKinds({ permissions: held }: Principal): ReadonlySet<string> {
  return new Set(Object.entries(permissions).flatMap(([kind, permission]) => (held.has(permission) ? [kind] : [])));
}
