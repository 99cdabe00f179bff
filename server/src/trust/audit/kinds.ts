/** What the live feed calls the object that changed. A step belongs to its task. */
export type LiveKind = 'task' | 'approval' | 'note' | 'policy' | 'grant' | 'connection' | 'schedule' | 'setting';

/** How a kind of entry is told in OCSF 1.8.0 (schema.ocsf.io), and whether the live feed carries it. */
export interface KindInfo {
  /** 3004 Entity Management, 3002 Authentication, 6003 API Activity. */
  readonly classUid: 3004 | 3002 | 6003;
  readonly activityId: number;
  /** 1 informational, 2 low, 3 medium, 4 high. */
  readonly severityId: 1 | 2 | 3 | 4;
  /** 1 success, 2 failure. */
  readonly statusId: 1 | 2;
  /** Null: no change of state, so the live feed stays silent. */
  readonly live: LiveKind | null;
}

const entityActivity = { create: 1, read: 2, update: 3, delete: 4, move: 5, resume: 13 } as const;
const usual = { severityId: 1, statusId: 1, live: null } as const;

const entity = (activity: keyof typeof entityActivity, more: Partial<KindInfo> = {}): KindInfo => ({
  classUid: 3004,
  activityId: entityActivity[activity],
  ...usual,
  ...more,
});
const sign = (activityId: 1 | 2): KindInfo => ({ classUid: 3002, activityId, ...usual });
const call = (activityId: 2 | 99, more: Partial<KindInfo> = {}): KindInfo => ({ classUid: 6003, activityId, ...usual, ...more });

const task = { live: 'task' } as const;
const approval = { live: 'approval' } as const;
const note = { live: 'note' } as const;
const grant = { live: 'grant' } as const;
const connection = { live: 'connection' } as const;
const setting = { live: 'setting' } as const;
const failed = { statusId: 2, severityId: 3 } as const;

/** Every kind of entry there is, the only list. The part before the dot is the kind of object. */
export const auditKinds = {
  'event.received': entity('create'),
  'event.conflict': entity('create', { severityId: 2 }),
  'task.created': entity('create', task),
  'task.planned': entity('update', task),
  'task.waiting': entity('update', task),
  'task.resumed': entity('resume', task),
  'task.finished': entity('update', task),
  'task.failed': entity('update', { ...task, ...failed }),
  'task.cancel_requested': entity('update', task),
  'task.cancelled': entity('update', task),
  'task.undo_requested': entity('update', task),
  'task.undone': entity('update', task),
  'task.replan_requested': entity('update', task),
  'step.finished': entity('update', task),
  'step.refused': entity('update', { ...task, statusId: 2 }),
  'step.unknown': entity('update', { ...task, ...failed }),
  'step.undone': entity('update', task),
  'step.retried': entity('update', { ...task, severityId: 2 }),
  'approval.requested': entity('create', approval),
  'approval.decided': entity('update', approval),
  'approval.agreed': entity('update', approval),
  'approval.delegated': entity('update', approval),
  'approval.commented': entity('update', approval),
  'approval.undone': entity('update', { ...approval, severityId: 2 }),
  'approval.expired': entity('update', { ...approval, severityId: 2 }),
  'approval.superseded': entity('update', approval),
  'approval.used': entity('update', approval),
  'note.written': entity('update', note),
  'note.moved': entity('move', note),
  'note.deleted': entity('delete', note),
  'note.history_pruned': entity('delete'),
  'note.read': entity('read'),
  'policy.changed': entity('update', { live: 'policy', severityId: 2 }),
  'grant.created': entity('create', { ...grant, severityId: 2 }),
  'grant.revoked': entity('delete', grant),
  'key.created': entity('create', { severityId: 2 }),
  'key.revoked': entity('delete'),
  'key.rotated': entity('update', { severityId: 2 }),
  'token.created': entity('create'),
  'service_account.created': entity('create', { severityId: 2 }),
  'service_account.changed': entity('update', { severityId: 2 }),
  'service_account.deleted': entity('delete', { severityId: 2 }),
  'session.created': sign(1),
  'session.ended': sign(2),
  'session.refused': { ...sign(1), ...failed },
  'session.stepped_up': sign(1),
  'account.changed': entity('update', { severityId: 2 }),
  'preference.changed': entity('update'),
  'member.invited': entity('create', { severityId: 2 }),
  'member.invitation_ended': entity('delete'),
  'member.joined': entity('create', { severityId: 2 }),
  'member.changed': entity('update', { severityId: 2 }),
  'member.removed': entity('delete', { severityId: 2 }),
  'role.created': entity('create', { severityId: 2 }),
  'role.changed': entity('update', { severityId: 2 }),
  'role.deleted': entity('delete', { severityId: 2 }),
  'team.created': entity('create'),
  'team.changed': entity('update'),
  'team.deleted': entity('delete'),
  'sso.changed': entity('update', { severityId: 3 }),
  'sso.tested': call(99),
  'scim.changed': entity('update', { severityId: 3 }),
  'security.changed': entity('update', { severityId: 3 }),
  'quota.changed': entity('update', { ...setting, severityId: 2 }),
  'quota.alert': entity('create', { ...setting, severityId: 2 }),
  'tenant.changed': entity('update', { ...setting, severityId: 2 }),
  'demo.removed': entity('delete', { ...setting, severityId: 2 }),
  'tenant.suspended': entity('update', { severityId: 3 }),
  'tenant.resumed': entity('resume', { severityId: 2 }),
  'tenant.exported': entity('read', { severityId: 3 }),
  'tenant.imported': entity('create', { severityId: 3 }),
  'tenant.moved': entity('move', { severityId: 3 }),
  'tenant.closing': entity('update', { severityId: 3 }),
  'tenant.erased': entity('delete', { severityId: 4 }),
  'tenant.created': entity('create'),
  'encryption.provider_changed': entity('update', { severityId: 3 }),
  // Written by the database (0035_key_trace.sql), whoever inserts the row.
  'encryption.generation_made': entity('create', { severityId: 2 }),
  'encryption.rewrapped': entity('update', { severityId: 2 }),
  'encryption.rotated': entity('update', { severityId: 2 }),
  'encryption.resealed': entity('update', { severityId: 2 }),
  'encryption.destroyed': entity('delete', { severityId: 3 }),
  'encryption.revoked': entity('update', { severityId: 4 }),
  'secret.created': entity('create', { severityId: 2 }),
  'secret.changed': entity('update', { severityId: 2 }),
  'secret.rotated': entity('update', { severityId: 2 }),
  'secret.revoked': entity('delete', { severityId: 2 }),
  'secret.deleted': entity('delete', { severityId: 2 }),
  'file.written': entity('create'),
  'file.read': entity('read'),
  'file.moved': entity('move'),
  'file.deleted': entity('delete'),
  'connection.created': entity('create', { ...connection, severityId: 2 }),
  'connection.changed': entity('update', { ...connection, severityId: 2 }),
  'connection.broken': entity('update', { ...connection, severityId: 3, statusId: 2 }),
  'connection.recovered': entity('update', connection),
  'connection.deleted': entity('delete', { ...connection, severityId: 2 }),
  'webhook.changed': entity('update', { severityId: 2 }),
  'webhook.replayed': entity('update', { severityId: 2 }),
  'webhook.tried': entity('update'),
  'notice.changed': entity('update'),
  'schedule.changed': entity('update', { live: 'schedule' }),
  'tool_server.changed': entity('update', { severityId: 3 }),
  'tool_server.quarantined': entity('update', { severityId: 4, statusId: 2 }),
  'absence.changed': entity('update'),
  'device.created': entity('create', { severityId: 2 }),
  'device.revoked': entity('delete', { severityId: 2 }),
  'ledger.imported': entity('create'),
  'ledger.changed': entity('update'),
  'tenant.restored': entity('update', { severityId: 4 }),
  'audit.exported': entity('read', { severityId: 2 }),
  'audit.malformed': entity('create', { statusId: 2, severityId: 4 }),
  'access.read': call(2),
  'access.refused': call(2, failed),
  'operator.command': call(99, { severityId: 2 }),
} as const satisfies Record<string, KindInfo>;

export type AuditKind = keyof typeof auditKinds;

/** What is known of a kind; undefined for one that only a newer release knows. */
export const kindInfo = (kind: string): KindInfo | undefined => (isAuditKind(kind) ? auditKinds[kind] : undefined);

const isAuditKind = (kind: string): kind is AuditKind => Object.hasOwn(auditKinds, kind);

/** The object's kind: what stands before the dot. */
export const objectKind = (kind: string): string => kind.slice(0, kind.indexOf('.'));
