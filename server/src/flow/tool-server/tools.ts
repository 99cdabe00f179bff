import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type Difference, differences } from './difference.ts';
import { entryOf, pinOf, pluggedName, proposedManifest, unusable } from './entry.ts';
import { toolRef } from './plugged.ts';
import { type OfferedTool, type StatedManifest, type ToolBody, toolBodySchema } from './schema.ts';
import { audit, type By, found, opened, rowId, type ToolServer } from './servers.ts';
import { deleteTools, findServer, findTool, saveTool, selectTools, type ToolRow } from './store.ts';

/** One tool of a server's, with everything that an administrator needs to decide about it. */
export interface PluggedTool {
  /** `mcp.<slug>.<tool>`. */
  readonly tool: string;
  readonly name: string;
  readonly state: ToolRow['state'];
  readonly version: number;
  /** Of what is offered now: named when confirming, so that nobody confirms something that they have not seen. Null: not offered any more. */
  readonly pin: string | null;
  /** What the server says of it: claims. */
  readonly offered: OfferedTool | null;
  /** Why no plan could call it; null when one could. */
  readonly unusable: string | null;
  /** What is said of it: as it was confirmed, or what is proposed. */
  readonly manifest: StatedManifest;
  readonly confirmedBy: string | null;
  readonly confirmedAt: string | null;
  /** How what is offered differs from what was confirmed. */
  readonly differences: readonly Difference[];
}

/** In the order of their names. @throws FactotumError `tool_server.not_found`, `seal.broken`. */
export async function listTools(tx: Tx, keys: TenantKeys, serverId: string): Promise<PluggedTool[]> {
  const server = opened(keys, found(await findServer(tx, keys.tenantId, rowId(serverId))));
  return (await selectTools(tx, keys.tenantId, server.id)).map((row) => present(row, bodyOf(keys, row), server));
}

/** What a look at a server's tools came to. */
export interface OfferOutcome {
  readonly offered: number;
  /** Those that nobody has confirmed yet, now or before. */
  readonly proposed: readonly string[];
  /** Those that were confirmed and are not what they were. */
  readonly quarantined: readonly string[];
}

/**
 * Holds what a server offers against what administrators have confirmed. A confirmed tool that differs in anything, or is gone, is put in
 * quarantine in this very transaction: from then on no plan can call it, until somebody has looked.
 */
export async function recordOffer(
  tx: Tx,
  keys: TenantKeys,
  server: Pick<ToolServer, 'id' | 'slug'>,
  { offered, at }: { readonly offered: readonly OfferedTool[]; readonly at: Date },
): Promise<OfferOutcome> {
  const { tenantId } = keys;
  const rows = new Map((await selectTools(tx, tenantId, server.id)).map((row) => [row.tool, row]));
  const quarantined: string[] = [];
  const save = (tool: string, row: ToolRow | undefined, state: ToolRow['state'], body: ToolBody) => {
    const version = (row?.version ?? 0) + 1;
    const sealed = keys.sealJson(toolRef({ serverId: server.id, tool, version }), body);
    return saveTool(tx, {
      tenantId,
      serverId: server.id,
      tool,
      state,
      version,
      pin: row?.pin ?? null,
      body: sealed,
      author: 'system:tools',
      updatedAt: at,
    });
  };
  const quarantine = async (row: ToolRow, body: ToolBody) => {
    quarantined.push(row.tool);
    await save(row.tool, row, 'quarantined', body);
    const change = body.offered === null ? 'gone' : 'changed';
    const places = body.offered === null || body.confirmed === null ? [] : differences(body.confirmed.offered, body.offered);
    const detail = {
      server: server.slug,
      tool: row.tool,
      change,
      places: places
        .slice(0, 10)
        .map(({ place }) => place)
        .join(', ')
        .slice(0, 300),
    };
    await recordAudit(tx, tenantId, [{ kind: 'tool_server.quarantined', actor: 'system:tools', at, objectId: server.id, detail }]);
  };
  for (const tool of offered) {
    const name = pluggedName(server.slug, tool.name);
    const row = rows.get(name);
    rows.delete(name);
    if (row === undefined) {
      await save(name, undefined, 'proposed', { name: tool.name, offered: tool, confirmed: null });
      continue;
    }
    const body = bodyOf(keys, row);
    const isSeen = body.offered !== null && pinOf(body.offered) === pinOf(tool);
    const isPinned = row.state !== 'confirmed' || row.pin === pinOf(tool);
    if (isSeen && isPinned) continue;
    if (row.state === 'confirmed') await quarantine(row, { ...body, offered: tool });
    else await save(name, row, row.state, { ...body, offered: tool });
  }
  const gone = [...rows.values()];
  for (const row of gone.filter(({ state }) => state === 'confirmed')) await quarantine(row, { ...bodyOf(keys, row), offered: null });
  for (const row of gone.filter(({ state }) => state === 'quarantined')) {
    const body = bodyOf(keys, row);
    if (body.offered !== null) await save(row.tool, row, 'quarantined', { ...body, offered: null });
  }
  const forgotten = gone.filter(({ state }) => state === 'proposed').map(({ tool }) => tool);
  if (forgotten.length > 0) await deleteTools(tx, tenantId, server.id, forgotten);
  const now = await selectTools(tx, tenantId, server.id);
  return { offered: offered.length, proposed: now.filter(({ state }) => state === 'proposed').map(({ tool }) => tool), quarantined };
}

/**
 * Says what a tool does. From now on plans can call it, under policy, for as long as its server offers exactly this.
 *
 * @param given.pin - of what was shown; when the server offers something else by now nothing is confirmed
 * @throws FactotumError `tool_server.not_found`, `tool_server.changed`, `tool_server.invalid` when what is said does not fit its schema.
 */
export async function confirmTool(
  tx: Tx,
  keys: TenantKeys,
  key: { readonly serverId: string; readonly tool: string },
  given: { readonly pin: string; readonly manifest: StatedManifest } & By,
): Promise<PluggedTool> {
  const { server, row, body } = await open(tx, keys, key);
  const { offered } = body;
  if (offered === null) throw new FactotumError('tool_server.changed', 'The server does not offer this tool any more.');
  const pin = pinOf(offered);
  if (pin !== given.pin)
    throw new FactotumError('tool_server.changed', 'The server says something else of this tool by now. Look at it again.');
  entryOf(row.tool, offered, given.manifest);
  const { actor, at, manifest } = given;
  const confirmed: ToolBody = { ...body, confirmed: { offered, manifest, by: actor, at: at.toISOString() } };
  const saved = await keep(tx, keys, row, { state: 'confirmed', pin, body: confirmed, by: given });
  const { effect, risk } = manifest;
  await audit(tx, keys, server.id, given, {
    change: 'tool.confirmed',
    server: server.slug,
    tool: row.tool,
    pin,
    effect,
    risk,
    version: saved.version,
  });
  return present(saved, confirmed, server);
}

/** Takes a confirmation back: the tool is only offered again. @throws FactotumError `tool_server.not_found`. */
export async function withdrawTool(
  tx: Tx,
  keys: TenantKeys,
  key: { readonly serverId: string; readonly tool: string },
  by: By,
): Promise<void> {
  const { server, row, body } = await open(tx, keys, key);
  if (body.offered === null) await deleteTools(tx, keys.tenantId, server.id, [row.tool]);
  else await keep(tx, keys, row, { state: 'proposed', pin: null, body: { ...body, confirmed: null }, by });
  await audit(tx, keys, server.id, by, { change: 'tool.withdrawn', server: server.slug, tool: row.tool });
}

/** What a call needs of a confirmed tool; null when it may not be called. */
export async function readConfirmed(
  tx: Tx,
  keys: TenantKeys,
  key: { readonly serverId: Id<'toolServer'>; readonly tool: string },
): Promise<{ readonly name: string; readonly pin: string; readonly callsPerMinute: number } | null> {
  const row = await findTool(tx, { tenantId: keys.tenantId, ...key });
  if (row === undefined || row.state !== 'confirmed' || row.pin === null) return null;
  const { confirmed, name } = bodyOf(keys, row);
  // The pin in the clear column counts only if it is that of what is sealed.
  if (confirmed === null || pinOf(confirmed.offered) !== row.pin) return null;
  return { name, pin: row.pin, callsPerMinute: confirmed.manifest.callsPerMinute };
}

async function open(tx: Tx, keys: TenantKeys, key: { readonly serverId: string; readonly tool: string }) {
  const server = opened(keys, found(await findServer(tx, keys.tenantId, rowId(key.serverId))));
  const row = found(await findTool(tx, { tenantId: keys.tenantId, serverId: server.id, tool: key.tool }));
  return { server, row, body: bodyOf(keys, row) };
}

async function keep(
  tx: Tx,
  keys: TenantKeys,
  row: ToolRow,
  { state, pin, body, by }: { state: ToolRow['state']; pin: string | null; body: ToolBody; by: By },
): Promise<ToolRow> {
  const version = row.version + 1;
  const saved = {
    ...row,
    state,
    pin,
    version,
    body: keys.sealJson(toolRef({ ...row, version }), body),
    author: by.actor,
    updatedAt: by.at,
  };
  await saveTool(tx, saved);
  return saved;
}

const bodyOf = (keys: TenantKeys, row: ToolRow): ToolBody => keys.openJson(toolRef(row), row.body, toolBodySchema);

function present(row: ToolRow, { name, offered, confirmed }: ToolBody, server: Pick<ToolServer, 'title'>): PluggedTool {
  const shown = offered ?? confirmed?.offered;
  if (shown === undefined) throw new FactotumError('seal.broken', 'A tool that is neither offered nor confirmed.');
  return {
    ...{ tool: row.tool, name, state: row.state, version: row.version, offered },
    pin: offered === null ? null : pinOf(offered),
    unusable: unusable(shown),
    manifest: confirmed?.manifest ?? proposedManifest(shown, server.title),
    confirmedBy: confirmed?.by ?? null,
    confirmedAt: confirmed?.at ?? null,
    differences: offered === null || confirmed === null ? [] : differences(confirmed.offered, offered),
  };
}
