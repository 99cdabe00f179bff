import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { consume } from '#trust/quota';
import { activeGrants, countActiveGrants, type GrantRow, holdGrant, insertGrant, revokeActiveGrant } from './store.ts';

const argName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);

/**
 * Only places that our own code fills. Results of steps are not among them: the planner chooses which step carries which name, so a
 * grant for `$s1.date` would bind nothing.
 */
const reference = z
  .string()
  .max(200)
  .regex(
    /^\$(event|extract|task)(\.[A-Za-z0-9_-]+)+$/,
    'must be a reference into the event, the extracted values or the task, like $event.date',
  );

const bodySchema = z
  .strictObject({
    args: z
      .record(argName, reference)
      .refine((args) => Object.keys(args).length > 0 && Object.keys(args).length <= 20, 'must bind between one and twenty arguments'),
    source: z.strictObject({ source: z.string().min(1).max(200).optional(), playbook: z.string().min(1).max(200).optional() }),
  })
  // A model fills the extracted values of its own plans as it likes; a playbook's are taken from the event by its rules.
  .refine(
    ({ args, source }) => source.playbook !== undefined || !Object.values(args).some((text) => text.startsWith('$extract.')),
    'a grant for extracted values must name the playbook that extracts them',
  );

/** What a person fills in to give a standing grant. */
export const grantInputSchema = z.strictObject({
  tool: z.string().min(1).max(100),
  args: bodySchema.shape.args,
  source: bodySchema.shape.source,
  perDay: z.int().min(1).max(1000),
  expiresAt: z.date().optional(),
});
export type GrantInput = z.infer<typeof grantInputSchema>;

/**
 * A person's standing permission: these arguments of this tool may come from these references, in tasks of this source or playbook, so
 * many times a day. It never covers effects that cannot be undone or that somebody outside can see: that is the gate's floor.
 */
export interface StandingGrant {
  readonly id: Id<'grant'>;
  readonly tool: string;
  /** Reference by argument. */
  readonly args: Readonly<Record<string, string>>;
  readonly source: { readonly source?: string | undefined; readonly playbook?: string | undefined };
  readonly perDay: number;
  readonly expiresAt?: Date;
}

/** The same with who gave it, and when. */
export interface GivenGrant extends StandingGrant {
  readonly author: string;
  readonly createdAt: Date;
}

/** Grants of one tenant that nobody has revoked. More are not given: nobody would see them, and no gate would know them. */
const grantsMax = 1000;

/** The grants that nobody has revoked, oldest first, also those that have expired: whoever uses one looks at `expiresAt`. */
export const listGrants = async (tx: Tx, keys: TenantKeys, tenantId: Id<'tenant'>): Promise<StandingGrant[]> =>
  (await activeGrants(tx, tenantId, grantsMax)).map((row) => opened(keys, row));

/** The same for people, who want to know whose they are. */
export const listGivenGrants = async (tx: Tx, keys: TenantKeys, tenantId: Id<'tenant'>): Promise<GivenGrant[]> =>
  (await activeGrants(tx, tenantId, grantsMax)).map((row) => ({ ...opened(keys, row), author: row.author, createdAt: row.createdAt }));

const opened = (keys: TenantKeys, row: GrantRow): StandingGrant => ({
  id: row.grantId,
  tool: row.tool,
  ...keys.openJson({ kind: 'grant', id: row.grantId }, row.body, bodySchema),
  perDay: row.perDay,
  ...(row.expiresAt === null ? {} : { expiresAt: row.expiresAt }),
});

/** Gives a standing grant. @throws FactotumError `request.invalid` with every fault named, `quota.exceeded` when there are too many. */
export async function createGrant(
  tx: Tx,
  keys: TenantKeys,
  tenantId: Id<'tenant'>,
  input: { readonly grant: GrantInput; readonly actor: string; readonly at: Date },
): Promise<StandingGrant> {
  const { tool, args, source, perDay, expiresAt } = parsed(input.grant);
  if ((await countActiveGrants(tx, tenantId)) >= grantsMax)
    throw new FactotumError(
      'quota.exceeded',
      `There are ${grantsMax} standing permissions already. Revoke one that is not needed any more.`,
      {
        details: { limit: grantsMax },
      },
    );
  const id = newId('grant', input.at.getTime());
  const body = keys.sealJson({ kind: 'grant', id }, { args, source });
  await insertGrant(tx, {
    tenantId,
    grantId: id,
    tool,
    body,
    perDay,
    expiresAt: expiresAt ?? null,
    author: input.actor,
    createdAt: input.at,
  });
  await recordAudit(tx, tenantId, [{ kind: 'grant.created', actor: input.actor, at: input.at, objectId: id, detail: { tool, perDay } }]);
  return { id, tool, args, source, perDay, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Takes a grant back; nothing that runs later may use it. @throws FactotumError `grant.not_found`. */
export async function revokeGrant(
  tx: Tx,
  tenantId: Id<'tenant'>,
  input: { readonly grantId: Id<'grant'>; readonly actor: string; readonly at: Date },
): Promise<void> {
  const revoked = await revokeActiveGrant(tx, tenantId, input.grantId);
  if (!revoked) throw new FactotumError('grant.not_found', 'There is no such grant, or it has been revoked already.');
  await recordAudit(tx, tenantId, [{ kind: 'grant.revoked', actor: input.actor, at: input.at, objectId: input.grantId }]);
}

/**
 * Counts one use of a grant in the caller's transaction, exactly: of any number of callers at once no more than `perDay` are allowed.
 * @returns false when the grant is revoked, expired or used up for the day; the step then asks a person.
 */
export async function useGrant(
  tx: Tx,
  input: { readonly tenantId: Id<'tenant'>; readonly grantId: Id<'grant'>; readonly now: Date },
): Promise<boolean> {
  const perDay = await holdGrant(tx, input.tenantId, input.grantId, input.now);
  if (perDay === null) return false;
  const use = await consume(tx, {
    tenantId: input.tenantId,
    name: `grant:${input.grantId}`,
    window: 'day',
    amount: 1,
    limit: perDay,
    now: input.now,
  });
  return use.allowed;
}

function parsed(grant: GrantInput): GrantInput {
  const answer = grantInputSchema.safeParse(grant);
  const body = answer.success ? bodySchema.safeParse({ args: answer.data.args, source: answer.data.source }) : undefined;
  const issues = [...(answer.error?.issues ?? []), ...(body?.error?.issues ?? [])];
  if (answer.success && issues.length === 0) return answer.data;
  const faults = issues.map((issue) => `${issue.path.join('.') || 'grant'}: ${issue.message}`);
  throw new FactotumError('request.invalid', `The grant is not valid. ${faults.join('; ')}`, { details: { faults } });
}
