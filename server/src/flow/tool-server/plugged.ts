import type { CatalogueEntry, PluggedTools } from '#flow/tool';
import { noPluggedTools } from '#flow/tool';
import { isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { entryOf } from './entry.ts';
import { toolBodySchema } from './schema.ts';
import { selectAllTools, type ToolRow } from './store.ts';

/** What is bound in with a tool's body. */
export const toolRef = ({ serverId, tool, version }: Pick<ToolRow, 'serverId' | 'tool' | 'version'>) => ({
  kind: 'plugged_tool',
  id: `${serverId}/${tool}`,
  version,
});

/** The tenant's tools besides ours: those that an administrator has confirmed, as they were confirmed, and why the others may not be used. */
export async function readPluggedTools(tx: Tx, keys: TenantKeys): Promise<PluggedTools> {
  const rows = await selectAllTools(tx, keys.tenantId);
  if (rows.length === 0) return noPluggedTools;
  const entries: CatalogueEntry[] = [];
  const withheld = new Map<string, string>();
  for (const row of rows) {
    const entry = row.serverState === 'paused' ? `The tool server of ${row.tool} is paused.` : usableEntry(keys, row);
    if (typeof entry === 'string') withheld.set(row.tool, entry);
    else entries.push(entry);
  }
  return { entries, withheld };
}

function usableEntry(keys: TenantKeys, row: ToolRow): CatalogueEntry | string {
  if (row.state === 'proposed') return `${row.tool} is offered, but no administrator has confirmed what it does.`;
  if (row.state === 'quarantined') return `${row.tool} has changed since it was confirmed. An administrator has to look at it first.`;
  try {
    const { confirmed } = keys.openJson(toolRef(row), row.body, toolBodySchema);
    if (confirmed !== null) return entryOf(row.tool, confirmed.offered, confirmed.manifest);
  } catch (error) {
    if (!isFactotumError(error, 'seal.broken') && !isFactotumError(error, 'tool_server.invalid')) throw error;
  }
  return `What was confirmed of ${row.tool} cannot be read any more. An administrator has to confirm it again.`;
}
