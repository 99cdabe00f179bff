import {
  type ApprovalAbout,
  aboutApprovals,
  type DecisionContext,
  presentApproval,
  type StoredApproval,
  selectApproval,
  type Viewer,
} from '#flow/approval';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id, isId } from '#kernel';
import type { Tx } from '#kernel/database';
import { type Assignable, type Identity, type Principal, staleness } from '#trust/identity';
import type { TenantKeys } from '#trust/key';
import type { Call } from './route.ts';

type Members = Pick<Identity['membership'], 'findAssignable' | 'teamIdsOf'>;

/** What is known of approvals besides their rows: who is asked first, how they are called, who has agreed. */
export interface Around {
  readonly actor: string;
  readonly about: ReadonlyMap<string, ApprovalAbout>;
  readonly names: ReadonlyMap<string, Assignable>;
}

/** The person who asks, by their id; null for a machine. */
function userIdOf({ actor }: Pick<Principal, 'actor'>): Id<'user'> | null {
  const id = actor.startsWith('user:') ? actor.slice('user:'.length) : '';
  return isId('user', id) ? id : null;
}

/** The person who asks. @throws FactotumError `auth.forbidden` for a machine. */
export function requirePerson(principal: Principal): Id<'user'> {
  const userId = userIdOf(principal);
  if (userId === null) throw new FactotumError('auth.forbidden', 'This is about a person, and needs their sign-in.');
  return userId;
}

/** Who looks at a list. */
export async function viewerOf({ principal, tenantId }: Call, members: Members): Promise<Viewer> {
  const userId = userIdOf(principal);
  return { actor: principal.actor, userId, teamIds: userId === null ? [] : await members.teamIdsOf({ tenantId, userId }) };
}

/** Looks up what is known of these approvals besides their rows. */
export const lookAround = async (call: Call, members: Members, rows: readonly StoredApproval[]): Promise<Around> =>
  nameAround(call, members, await call.inTenant((tx) => aboutIn(tx, call, rows)));

/** The first half of `lookAround`, in a transaction that has found the rows anyway. */
export const aboutIn = (tx: Tx, { keys, tenantId, principal, now }: Call, rows: readonly StoredApproval[]): Promise<Around['about']> =>
  aboutApprovals(tx, { keys, tenantId, viewer: { userId: userIdOf(principal) }, now }, rows);

/** Its second half, after the transaction: who is asked is known to another login. */
export async function nameAround({ tenantId, principal }: Call, members: Members, about: Around['about']): Promise<Around> {
  const ids = [...about.values()].flatMap(({ assignee }) => assignee?.id ?? []);
  const found = await members.findAssignable({ tenantId, ids });
  return { actor: principal.actor, about, names: new Map(found.map((one) => [one.id, one])) };
}

/** An approval as it goes out. */
export function asApproval(keys: TenantKeys, catalogue: ToolCatalogue, row: StoredApproval, around?: Around) {
  const { assignee, ...shown } = presentApproval(keys, catalogue, row, { about: around?.about.get(row.approvalId), actor: around?.actor });
  const named = assignee && around?.names.get(assignee.id);
  return {
    // The state and risk of a row are what its columns may hold; the presenter says no more than text.
    ...(shown as typeof shown & Pick<StoredApproval, 'state' | 'risk'>),
    assignee: assignee && named?.mayDecide === true ? { kind: named.kind, id: named.id, name: named.name, until: assignee.until } : null,
  };
}

/** What a decision of whoever asks is made with. */
export function decisionContext(
  { tenantId, keys, principal, now }: Pick<Call, 'tenantId' | 'keys' | 'principal' | 'now'>,
  { tx, catalogue, members }: { tx: Tx; catalogue: ToolCatalogue; members: Members },
): DecisionContext {
  return {
    ...{ tx, tenantId, keys, catalogue, now },
    actor: principal.actor,
    // Only a session proves presence; a device or a key has none.
    proven: principal.session !== undefined && staleness(principal, now) === null,
    mayDecide: async (actors) => {
      const ids = actors.flatMap((actor) => userIdOf({ actor }) ?? []);
      const found = await members.findAssignable({ tenantId, ids });
      return new Set(found.filter(({ mayDecide }) => mayDecide).map(({ id }) => `user:${id}`));
    },
  };
}

/** What does not look like an id is the id of nothing. */
export function approvalIdOf(text: string): string {
  if (!isId('approval', text)) throw approvalNotFound();
  return text;
}

/** One approval. @throws FactotumError `approval.not_found`. */
export async function findApproval(tx: Tx, tenantId: Id<'tenant'>, approvalId: string): Promise<StoredApproval> {
  const row = await selectApproval(tx, tenantId, approvalId);
  if (row === undefined) throw approvalNotFound();
  return row;
}

const approvalNotFound = () => new FactotumError('approval.not_found', 'There is no such approval.');

/**
 * The id of whoever something is to be put before.
 *
 * @throws FactotumError `member.not_found`, `team.not_found`; `approval.assignee_invalid` when they may not decide.
 */
export async function assigneeOf(
  members: Members,
  { tenantId, to }: { tenantId: Id<'tenant'>; to: { kind: 'member' | 'team'; id: string } },
): Promise<Assignable> {
  const found = (await members.findAssignable({ tenantId, ids: [to.id] })).find(({ kind }) => kind === to.kind);
  if (found === undefined)
    throw to.kind === 'team'
      ? new FactotumError('team.not_found', 'There is no such team.')
      : new FactotumError('member.not_found', 'There is no such member.');
  if (found.mayDecide) return found;
  const text = to.kind === 'team' ? 'Nobody in this team may decide approvals.' : 'They may not decide approvals.';
  throw new FactotumError('approval.assignee_invalid', `${text} Give somebody the permission approval:decide, or choose somebody else.`);
}
