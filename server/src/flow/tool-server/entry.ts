import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { CatalogueEntry } from '#flow/tool';
import { canonicalJson, FactotumError, type Json, type JsonObject } from '#kernel';
import { argumentsOf } from './argument.ts';
import type { OfferedTool, StatedManifest } from './schema.ts';

/** The name by which plans call a tool of a server's. */
export const pluggedName = (slug: string, name: string): string => `mcp.${slug}.${name}`;

/** The server in a tool's name, or null for a tool that is ours. */
export const slugOf = (tool: string): string | null => /^mcp\.([a-z][a-z0-9-]{0,23})\./.exec(tool)?.[1] ?? null;

/** Names longer than a plan can hold, or of other characters, cannot be called. */
const usableName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** SHA-256 of everything that a server says of a tool: what an administrator's confirmation is pinned to. */
export const pinOf = (offered: OfferedTool): string => createHash('sha256').update(canonicalJson(offered)).digest('hex');

/** Why a tool can never be called from a plan; null when it can. */
export function unusable(offered: OfferedTool): string | null {
  if (!usableName.test(offered.name)) return 'Its name is longer than 63 characters, or has others than letters, digits, _, . and -.';
  const described = argumentsOf(offered.inputSchema);
  return 'fault' in described ? described.fault : null;
}

/**
 * What is proposed to the administrator: as if the tool could do the worst, since nobody of ours has looked. The server's own annotations
 * are shown beside it and count for nothing.
 */
export function proposedManifest(offered: OfferedTool, server: string): StatedManifest {
  const described = argumentsOf(offered.inputSchema);
  const args = 'fault' in described ? [] : described.args;
  return {
    title: plain(`${server}: ${offered.name}`, 100),
    consequence: plain(`Calls ${offered.name} of the tool server ${server}. What that does, its maker alone can say.`, 500),
    effect: 'destroy',
    risk: 'high',
    visibleOutside: true,
    readsPrivate: true,
    args: Object.fromEntries(args.map(({ name, slot }) => [name, { role: 'steering', slot, title: plain(name, 100) }])),
    timeoutMs: 30_000,
    callsPerMinute: 60,
  };
}

/** What every tool of a server's gives back, bounded and reduced to JSON. */
const pluggedResultSchema = z.object({
  text: z.string(),
  structured: z.unknown().optional(),
  parts: z.array(z.unknown()),
  isCut: z.boolean(),
});

/**
 * A confirmed tool as the flow sees it.
 *
 * @throws FactotumError `tool_server.invalid` when what is said of it does not fit its schema: an argument that it does not have, or one
 * that it needs and that is not listed.
 */
export function entryOf(tool: string, offered: OfferedTool, stated: StatedManifest): CatalogueEntry {
  const fault = unusable(offered);
  const described = argumentsOf(offered.inputSchema);
  if (fault !== null || 'fault' in described) throw new FactotumError('tool_server.invalid', `${tool} cannot be used. ${fault ?? ''}`);
  const unknown = Object.keys(stated.args).filter((name) => !described.args.some((arg) => arg.name === name));
  if (unknown.length > 0) throw new FactotumError('tool_server.invalid', `${tool} has no argument ${unknown.join(', ')}.`);
  const missing = described.args.filter(({ name, isRequired }) => isRequired && !Object.hasOwn(stated.args, name));
  if (missing.length > 0)
    throw new FactotumError('tool_server.invalid', `${tool} needs ${missing.map(({ name }) => name).join(', ')}: say what they do.`);
  const listed = described.args.filter(({ name }) => Object.hasOwn(stated.args, name));
  const { callsPerMinute: _, ...manifest } = stated;
  return Object.freeze({
    manifest: { ...manifest, tool, reversible: false, canLookup: false, headline: (args: JsonObject) => headlineOf(stated, args) },
    input: z.strictObject(
      Object.fromEntries(listed.map(({ name, isRequired, schema }) => [name, isRequired ? schema : schema.optional()])),
    ),
    output: pluggedResultSchema,
    schemaHash: createHash('sha256')
      .update(canonicalJson({ tool, pin: pinOf(offered), stated }))
      .digest('hex'),
  });
}

/** The action in one line: the administrator's title, then what steers it. */
function headlineOf({ title, args: stated }: StatedManifest, args: JsonObject): string {
  const steering = Object.entries(args).filter(([name]) => stated[name]?.role === 'steering');
  const shown = steering.map(([name, value]) => `${stated[name]?.title ?? name} ${shortly(value ?? null)}`);
  return plain([title, shown.join(', ')].filter((part) => part !== '').join(': '), 200);
}

const shortly = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80);

/** One line in which nothing hides: no controls, direction marks or invisible characters. */
const plain = (text: string, charsMax: number): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, charsMax);
