import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import type { LoadedPolicy } from './engine.ts';
import { policyBodySchema } from './policy.ts';
import { policyRow, policyRows } from './store.ts';

/** One version of a tenant's policies, without its text. */
export interface PolicyVersion {
  readonly version: number;
  /** Who put it in force. */
  readonly author: string;
  readonly createdAt: Date;
}

/** The versions that there have been, the one in force first. `before`: the last version of the page before. */
export const listPolicyVersions = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  page: { readonly before: number | null; readonly limit: number },
): Promise<PolicyVersion[]> => policyRows(tx, tenantId, page);

/** One version with its text. @throws FactotumError `policy.version_not_found`, `seal.broken`. */
export async function readPolicyVersion(
  tx: Tx,
  keys: TenantKeys,
  tenantId: Id<'tenant'>,
  version: number,
): Promise<PolicyVersion & LoadedPolicy> {
  const row = await policyRow(tx, tenantId, version);
  if (row === undefined) throw new FactotumError('policy.version_not_found', 'There is no such version of the policies.');
  const { body, ...known } = row;
  return { tenantId, ...known, ...keys.openJson({ kind: 'policy', id: tenantId, version }, body, policyBodySchema) };
}
