import type { LiveKind } from '#trust/audit';
import type { Permission, Principal } from '#trust/identity';

/** Who may hear of a change is who may read what changed. */
const permissions: Readonly<Record<LiveKind, Permission>> = {
  task: 'task:read',
  approval: 'approval:read',
  note: 'vault:read',
  policy: 'policy:read',
  grant: 'policy:read',
};

/** The kinds of change that somebody may hear of. */
export function readableKinds({ permissions: held }: Principal): ReadonlySet<string> {
  return new Set(Object.entries(permissions).flatMap(([kind, permission]) => (held.has(permission) ? [kind] : [])));
}
