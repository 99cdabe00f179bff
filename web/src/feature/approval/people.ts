import { queryOptions, useQuery } from '@tanstack/react-query';
import type { AssigneeChoice } from '../../api/approvals.ts';
import { get } from '../../api/client.ts';
import type { Member, Role, Team } from '../../api/identity.ts';
import type { Page } from '../../api/types.ts';
import { formatActor } from '../../format.ts';
import { useSignedIn } from '../session/session.ts';

/** The largest page of the server; a tenant with more people finds the others by the name of their team. */
const membersMax = 200;
const staleMs = 300_000;

const membersQuery = queryOptions({
  queryKey: ['people', 'members'],
  queryFn: ({ signal }) => get<Page<Member>>('/members', { query: { limit: membersMax }, signal }),
  staleTime: staleMs,
});

/** Somebody, or a team, that an approval can be handed to. */
export interface Deputy extends AssigneeChoice {
  name: string;
  /** Their address, or how many they are. */
  note: string;
}

/** Teams and people who may decide, without the reader. */
const deputiesQuery = (describeTeam: (members: number) => string) =>
  queryOptions({
    queryKey: ['people', 'deputies'],
    queryFn: async ({ client, signal }): Promise<Deputy[]> => {
      const [members, teams, roles] = await Promise.all([
        client.fetchQuery(membersQuery),
        get<Page<Team>>('/teams', { signal }),
        get<Page<Role>>('/roles', { signal }),
      ]);
      const deciding = new Set(roles.items.filter((role) => role.permissions.includes('approval:decide')).map((role) => role.name));
      const mayDecide = ({ roles: own }: Member) => own.some((role) => deciding.has(role));
      return [
        ...teams.items.map((team): Deputy => ({ kind: 'team', id: team.id, name: team.name, note: describeTeam(team.members.length) })),
        ...members.items.filter(mayDecide).map((one): Deputy => ({ kind: 'member', id: one.userId, name: one.name, note: one.email })),
      ];
    },
    staleTime: staleMs,
  });

/** To whom the reader can hand an approval; teams first. */
export function useDeputies(describeTeam: (members: number) => string) {
  const own = useSignedIn().principal.actor;
  const deputies = useQuery(deputiesQuery(describeTeam));
  return { ...deputies, data: deputies.data?.filter(({ id }) => `user:${id}` !== own) };
}

/** Names actors: the reader is "you", members have their names where the reader may see them. */
export function useNames(): (actor: string) => string {
  const me = useSignedIn();
  const members = useQuery({ ...membersQuery, enabled: me.permissions.includes('member:read') });
  return (actor) => {
    const member = members.data?.items.find(({ userId }) => `user:${userId}` === actor);
    return member && actor !== me.principal.actor ? member.name : formatActor(actor, me.principal.actor);
  };
}

/** The name of somebody other than the reader. */
export const ActorName = ({ actor }: { actor: string }): string => useNames()(actor);
