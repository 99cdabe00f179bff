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
  /** Who is away, with the member or team that is asked in their place. */
  readonly standIns: StandIns;
}

/** Members who are away, by id, each with the id of the member or team that is asked in their place. */
export type StandIns = ReadonlyMap<string, string>;

/** Somebody who is told. */
export interface Recipient {
  readonly member: Reachable;
  /** Whether they are asked in the place of somebody who is away. */
  readonly isStandIn: boolean;
}

/**
 * The members who are told: those whom it concerns, as far as they may see it and can do something about it. Who is away is told nothing,
 * and whoever stands in for them is; where that leads to nobody, those who are away are told all the same.
 */
export function recipientsOf(matter: Matter, members: readonly Reachable[]): Recipient[] {
  const able = ableOf(matter, members);
  const concerned = concernedBy(matter, able);
  const present = concerned.filter(({ userId }) => !matter.standIns.has(userId));
  const standIns = concerned.flatMap(({ userId }) => {
    const to = matter.standIns.get(userId) ?? null;
    return to === null ? [] : able.filter((member) => isAssigned(member, to) && !present.includes(member));
  });
  const told = [
    ...present.map((member) => ({ member, isStandIn: false })),
    ...[...new Set(standIns)].map((member) => ({ member, isStandIn: true })),
  ];
  return told.length > 0 ? told : concerned.map((member) => ({ member, isStandIn: false }));
}

const ableOf = ({ kind, actor }: Pick<Matter, 'kind' | 'actor'>, members: readonly Reachable[]): Reachable[] =>
  members.filter(({ userId, permissions }) => actor !== `user:${userId}` && isAble(permissions, kind));

function concernedBy({ kind, assignee, participants }: Matter, able: Reachable[]): Reachable[] {
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

/** Whether somebody who holds these may be told of that. */
export const isAble = (permissions: Reachable['permissions'], kind: NoticeKind): boolean =>
  needs[kind].every((permission) => permissions.has(permission));

/** Whether a member is named by that id, or is in the team that is. */
export const isAssigned = ({ userId, teams }: Reachable, assignee: string | null): boolean => {
  const id = assignee?.replace(/^(?:user|team|member):/, '') ?? '';
  return isId('team', id) ? teams.includes(id) : id === userId;
};
