import { isId } from '#kernel';
import type { Reachable } from '#trust/identity';
import { type NoticeKind, needs } from './kinds.ts';

/** What is known of a matter when it is decided who is told. */
export interface Matter {
  readonly kind: NoticeKind;
  /** Who did it: nobody is told of what they did themselves. */
  readonly actor: string;
  /** The member or team that an approval is assigned to. */
  readonly assignee: string | null;
  /** Who has had a part in an approval, as they stand in the log. */
  readonly participants: readonly string[];
}

/** The members who are told: those whom it concerns, as far as they may see it and can do something about it. */
export function recipientsOf({ kind, actor, assignee, participants }: Matter, members: readonly Reachable[]): Reachable[] {
  const able = members.filter(
    ({ userId, permissions }) => actor !== `user:${userId}` && needs[kind].every((permission) => permissions.has(permission)),
  );
  switch (kind) {
    case 'approval':
    case 'delegated': {
      const named = able.filter((member) => isAssigned(member, assignee));
      // An assignment says who is asked first. Where it leads to nobody, everybody is asked: nothing waits unseen.
      return assignee === null || named.length === 0 ? (kind === 'approval' ? able : []) : named;
    }
    case 'comment':
      return able.filter((member) => participants.includes(`user:${member.userId}`) || (assignee !== null && isAssigned(member, assignee)));
    default:
      return able;
  }
}

const isAssigned = ({ userId, teams }: Reachable, assignee: string | null): boolean => {
  const id = assignee?.replace(/^(?:user|team|member):/, '') ?? '';
  return isId('team', id) ? teams.includes(id) : id === userId;
};
