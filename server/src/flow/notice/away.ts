import { type Absence, standInFor } from '#flow/approval';
import type { Id } from '#kernel';
import type { Reachable } from '#trust/identity';
import type { NoticeKind } from './kinds.ts';
import { isAble, isAssigned, type StandIns } from './recipients.ts';

/** Who is asked in the end for each who is away. Whoever is away with nobody to be asked in their place is as good as there. */
export function standInsOf(absences: readonly Absence[]): StandIns {
  const byUser = new Map(absences.map((absence) => [absence.userId, absence]));
  return new Map(
    absences.flatMap(({ userId }) => {
      const { id } = standInFor(byUser, userId);
      return id === userId ? [] : [[userId, id] as const];
    }),
  );
}

/** Who is asked in a member's place and can do something about it, by kind. */
export function takersOf(
  { userId, to }: { readonly userId: string; readonly to: string },
  { kinds, members }: { readonly kinds: readonly NoticeKind[]; readonly members: readonly Reachable[] },
): ReadonlyMap<NoticeKind, readonly Id<'user'>[]> {
  const others = members.filter((member) => member.userId !== userId && isAssigned(member, to));
  return new Map(
    kinds.map((kind) => [kind, others.filter(({ permissions }) => isAble(permissions, kind)).map((member) => member.userId)] as const),
  );
}
