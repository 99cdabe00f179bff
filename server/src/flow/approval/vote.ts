import { timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import type { ApprovalRow } from '#engine';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

/** One person's yes to exactly the bytes that the approval's hash names. */
export const voteSchema = z.object({
  by: z.string(),
  /** ISO 8601. */
  at: z.string(),
  /** Whether they had just proved that it is them. */
  proven: z.boolean(),
  /** Hex. */
  mac: z.string(),
});
export type Vote = z.infer<typeof voteSchema>;

type Asked = Pick<ApprovalRow, 'approvalId' | 'payloadHash'>;

/** Whether somebody is a person and no machine's key. */
export const isPerson = (actor: string): boolean => actor.startsWith('user:');

/** A vote with the MAC that binds it to the tenant's key and to the bytes that were seen. */
export const makeVote = (keys: TenantKeys, asked: Asked, vote: Omit<Vote, 'mac'>): Vote => ({
  ...vote,
  mac: macOf(keys, asked, vote).toString('hex'),
});

/** Whether somebody voted so through us, about these very bytes. */
export function isGenuineVote(keys: TenantKeys, asked: Asked, vote: Vote): boolean {
  const given = Buffer.from(vote.mac, 'hex');
  const expected = macOf(keys, asked, vote);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const macOf = (keys: TenantKeys, { approvalId, payloadHash }: Asked, { by, at, proven }: Omit<Vote, 'mac'>): Buffer =>
  keys.mac('approval.vote', approvalId, payloadHash, by, at, proven ? 'proven' : 'plain');

/** Votes as they lie there, oldest first, by approval. Nothing is said about whether they are genuine. */
export async function selectVotes(tx: Tx, tenantId: Id<'tenant'>, approvalIds: readonly string[]): Promise<ReadonlyMap<string, Vote[]>> {
  if (approvalIds.length === 0) return new Map();
  const { rows } = await sql<{ approvalId: string; by: string; at: Date; proven: boolean; mac: string }>`
    select approval_id, voter as by, voted_at as at, proven, encode(vote_mac, 'hex') as mac from app.approval_vote
    where tenant_id = ${tenantId} and approval_id = any(${[...approvalIds]}) order by voted_at, voter`.execute(tx);
  const byApproval = Map.groupBy(rows, ({ approvalId }) => approvalId);
  return new Map(
    [...byApproval].map(([id, votes]) => [id, votes.map(({ by, at, proven, mac }) => ({ by, at: at.toISOString(), proven, mac }))]),
  );
}

/** Writes a vote down. @returns false when they had voted already. */
export async function insertVote(tx: Tx, tenantId: Id<'tenant'>, asked: Asked, vote: Vote, answer: Buffer): Promise<boolean> {
  const { numAffectedRows } =
    await sql`insert into app.approval_vote (tenant_id, approval_id, voter, payload_hash, proven, answer, vote_mac, voted_at)
    values (${tenantId}, ${asked.approvalId}, ${vote.by}, ${asked.payloadHash}, ${vote.proven}, ${answer}, ${Buffer.from(vote.mac, 'hex')}, ${new Date(vote.at)})
    on conflict do nothing`.execute(tx);
  return numAffectedRows === 1n;
}

/** Takes one's vote back. @returns false when there was none. */
export async function deleteVote(tx: Tx, tenantId: Id<'tenant'>, approvalId: string, voter: string): Promise<boolean> {
  const { numAffectedRows } =
    await sql`delete from app.approval_vote where tenant_id = ${tenantId} and approval_id = ${approvalId} and voter = ${voter}`.execute(tx);
  return numAffectedRows === 1n;
}
