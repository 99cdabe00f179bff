import type { Permission } from '#trust/identity';

/** What people can be told of, in the order in which they are asked about it. */
export const noticeKinds = ['approval', 'delegated', 'comment', 'question', 'unknown', 'failed', 'connection', 'quota'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What somebody must hold to be told, and again when it is sent or shown: to see the matter, and to be able to do something about it. */
export const needs: Readonly<Record<NoticeKind, readonly Permission[]>> = {
  approval: ['approval:read', 'approval:decide'],
  delegated: ['approval:read', 'approval:decide'],
  comment: ['approval:read'],
  question: ['task:read', 'task:write'],
  unknown: ['task:read', 'task:write'],
  failed: ['task:read', 'task:write'],
  connection: ['connection:read', 'connection:admin'],
  quota: ['quota:read', 'settings:write'],
};

/** The kinds that somebody with these permissions may be told of. */
export const kindsFor = (held: ReadonlySet<Permission>): NoticeKind[] =>
  noticeKinds.filter((kind) => needs[kind].every((permission) => held.has(permission)));

/** An entry of the log as far as notices go by it. */
export interface ToldEntry {
  readonly kind: string;
  readonly state: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What an entry is told as; null: as nothing. */
export function noticeKindOf({ kind, detail }: ToldEntry): NoticeKind | null {
  switch (kind) {
    case 'approval.requested':
      return 'approval';
    case 'approval.delegated':
      // To nobody: it is everybody's again.
      return detail.to === null ? null : 'delegated';
    case 'approval.decided':
      return detail.decision === 'delegate' ? 'delegated' : null;
    case 'approval.commented':
      return 'comment';
    case 'task.waiting':
      return detail.reason === 'question' ? 'question' : detail.reason === 'unknown' ? 'unknown' : null;
    case 'task.failed':
      return 'failed';
    case 'connection.broken':
      return 'connection';
    case 'quota.alert':
      return 'quota';
    default:
      return null;
  }
}

/** What ends notices of these kinds about an object: one of these entries about it. `unless`: not where the object is in that state after it. */
export interface Ending {
  readonly kinds: readonly NoticeKind[];
  readonly by: readonly string[];
  readonly unless: string | null;
}

export const endings: readonly Ending[] = [
  // Still waiting: handed on, or one yes of several.
  { kinds: ['approval', 'delegated'], by: ['approval.decided', 'approval.expired', 'approval.superseded'], unless: 'waiting' },
  {
    kinds: ['question', 'unknown', 'failed'],
    by: ['task.resumed', 'task.finished', 'task.cancelled', 'task.planned'],
    unless: null,
  },
  { kinds: ['connection'], by: ['connection.recovered', 'connection.changed', 'connection.deleted'], unless: null },
];

/** Entries after which what was held back for somebody is looked at again: something has happened to what they put off, or they are back. */
export const stirsHeld = (kind: string): boolean =>
  ['approval.delegated', 'approval.decided', 'approval.commented', 'approval.agreed', 'approval.undone', 'absence.changed'].includes(kind);

/** Kinds of entries that are read one by one. Those that only end something are not: a task that nobody has to look at costs nothing here. */
export const readKinds: readonly string[] = [
  ...['approval.requested', 'approval.delegated', 'approval.decided', 'approval.commented', 'approval.agreed', 'approval.undone'],
  ...['absence.changed', 'task.waiting', 'task.failed', 'connection.broken', 'quota.alert', 'member.removed'],
];

const readKindSet: ReadonlySet<string> = new Set(readKinds);
/** A decision that leaves nothing waiting only ends something. */
export const isRead = ({ kind, state }: Pick<ToldEntry, 'kind' | 'state'>): boolean =>
  readKindSet.has(kind) && (kind !== 'approval.decided' || state === 'waiting');
