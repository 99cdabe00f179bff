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

/** What an entry says is over: notices of these kinds about its object need nobody any more. */
export function closedBy({ kind, state }: ToldEntry): readonly NoticeKind[] {
  switch (kind) {
    case 'approval.decided':
      // Handed on, or one yes of several.
      return state === 'waiting' ? [] : ['approval', 'delegated'];
    case 'approval.expired':
    case 'approval.superseded':
      return ['approval', 'delegated'];
    case 'task.resumed':
    case 'task.finished':
    case 'task.cancelled':
    case 'task.planned':
      return ['question', 'unknown', 'failed'];
    case 'connection.recovered':
    case 'connection.changed':
    case 'connection.deleted':
      return ['connection'];
    default:
      return [];
  }
}

/** Kinds of entries that are looked at; all others are passed over. */
export const lookedAt: readonly string[] = [
  ...['approval.requested', 'approval.delegated', 'approval.decided', 'approval.commented', 'approval.expired', 'approval.superseded'],
  ...['task.waiting', 'task.failed', 'task.resumed', 'task.finished', 'task.cancelled', 'task.planned'],
  ...['connection.broken', 'connection.recovered', 'connection.changed', 'connection.deleted', 'quota.alert', 'member.removed'],
];

const lookedAtSet: ReadonlySet<string> = new Set(lookedAt);
export const isLookedAt = (kind: string): boolean => lookedAtSet.has(kind);
