import { type ToolCatalogue, withPlugged } from '#flow/tool';
import { readPluggedTools } from '#flow/tool-server';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

/** The tools that there are for a tenant: ours, and those that it has plugged in. */
export const toolsOf = async (own: ToolCatalogue, tx: Tx, keys: TenantKeys): Promise<ToolCatalogue> =>
  withPlugged(own, await readPluggedTools(tx, keys));
