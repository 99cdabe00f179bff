import { type ToolCatalogue, withPlugged } from '#flow/tool';
import { readPluggedTools } from '#flow/tool-server';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { formTools } from '#trust/policy';

/** The tools that there are for a tenant: ours, and those that it has plugged in. */
export const toolsOf = async (own: ToolCatalogue, tx: Tx, keys: TenantKeys): Promise<ToolCatalogue> =>
  withPlugged(own, await readPluggedTools(tx, keys));

/** The same for whoever looks only for these: a name of ours is never taken over, so of ours alone nothing has to be asked. */
export const toolsNamed = async (own: ToolCatalogue, tx: Tx, keys: TenantKeys, names: readonly string[]): Promise<ToolCatalogue> =>
  names.every((name) => own.get(name) !== null) ? own : toolsOf(own, tx, keys);

/** The names that a policy text may use: a policy about a tool that there is not would never hold. */
export const toolNamesOf = async (own: ToolCatalogue, tx: Tx, keys: TenantKeys): Promise<ReadonlySet<string>> =>
  new Set([...formTools, ...(await toolsOf(own, tx, keys)).list().map(({ manifest }) => manifest.tool)]);
