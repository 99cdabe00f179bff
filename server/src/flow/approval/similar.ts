import type { ToolCatalogue } from '#flow/tool';
import { canonicalJson, type Id, isFactotumError, type Json, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { normaliseAddress, normaliseIban } from '#trust/policy';
import { isGenuineDecision } from './check.ts';
import { lineArgs } from './fields.ts';
import { answerSchema, approvalBodySchema } from './schema.ts';
import { type StoredApproval, selectDecided } from './store.ts';

/** An earlier decision about the same tool. */
export interface SimilarDecision {
  readonly id: string;
  readonly tool: string;
  readonly headline: string;
  /** What the headline is made of. */
  readonly shown: Readonly<Record<string, string>>;
  readonly state: StoredApproval['state'];
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly comment: string | null;
  /** Names of the arguments that were others. */
  readonly differences: readonly string[];
}

/** Decisions that are looked at, the newest, and those that are told. */
const lookedAtMax = 200;
const toldMax = 5;

/** Slots that say whom it goes to. */
const whom: ReadonlySet<string> = new Set(['iban', 'address', 'addresses', 'name']);

/**
 * What people have said about the same tool before, most alike first: the same recipient or payee before all else, then as many equal
 * arguments as possible, then the newest. Only decisions that verify count.
 */
export async function similarDecisions(
  tx: Tx,
  { keys, catalogue, tenantId }: { keys: TenantKeys; catalogue: ToolCatalogue; tenantId: Id<'tenant'> },
  approval: StoredApproval,
): Promise<SimilarDecision[]> {
  const rows = await selectDecided(tx, { tenantId, tool: approval.tool, limit: lookedAtMax });
  const { args } = keys.openJson({ kind: 'approval', id: approval.approvalId }, approval.body, approvalBodySchema);
  const manifest = catalogue.get(approval.tool)?.manifest;
  const slots = manifest?.args ?? {};
  const isWhom = (name: string) => whom.has(slots[name]?.slot ?? '');
  const looked = rows.flatMap((row) => {
    if (row.approvalId === approval.approvalId || !isGenuineDecision(keys, row)) return [];
    const opened = open(keys, row);
    if (opened === null) return [];
    const names = [...new Set([...Object.keys(args), ...Object.keys(opened.args)])];
    const differences = names.filter((name) => sameText(args[name]) !== sameText(opened.args[name]));
    const alike = names.filter((name) => isWhom(name) && !differences.includes(name)).length;
    return [{ row, opened, differences, alike }];
  });
  return looked
    .sort(
      (left, right) =>
        right.alike - left.alike ||
        left.differences.length - right.differences.length ||
        (left.row.approvalId < right.row.approvalId ? 1 : -1),
    )
    .slice(0, toldMax)
    .map(({ row, opened, differences }) => ({
      id: row.approvalId,
      tool: row.tool,
      headline: opened.headline,
      shown: manifest === undefined ? {} : lineArgs(manifest, opened.args),
      state: row.state,
      decidedBy: row.decidedBy,
      decidedAt: row.decidedAt,
      comment: opened.comment,
      differences,
    }));
}

function open(keys: TenantKeys, row: StoredApproval): { args: JsonObject; headline: string; comment: string | null } | null {
  try {
    const { args, headline } = keys.openJson({ kind: 'approval', id: row.approvalId }, row.body, approvalBodySchema);
    const answer = row.answer && keys.openJson({ kind: 'approval.answer', id: row.approvalId }, row.answer, answerSchema);
    return { args, headline, comment: answer?.comment ?? null };
  } catch (error) {
    // One that was changed by hand tells nothing.
    if (isFactotumError(error, 'seal.broken')) return null;
    throw error;
  }
}

/** Accounts and addresses are the same however they are written. */
function sameText(value: Json | undefined): string {
  if (typeof value === 'string') return normaliseIban(value) ?? normaliseAddress(value)?.toLowerCase() ?? value;
  return value === undefined ? '' : canonicalJson(value);
}
