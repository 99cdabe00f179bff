import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, FactotumError, type Json } from '#kernel';
import type { ToolManifest } from './manifest.ts';
import type { Tool } from './tool.ts';

/** What everybody but the tool's host knows about a tool. */
export interface CatalogueEntry {
  readonly manifest: ToolManifest;
  readonly input: z.ZodObject;
  readonly output: z.ZodType;
  /** SHA-256 of manifest and input schema; an approval is bound to it, so a tool that changes is asked about again. */
  readonly schemaHash: string;
}

export interface ToolCatalogue {
  /** Null for a tool that nobody has registered. */
  get(tool: string): CatalogueEntry | null;
  /** Sorted by name. */
  list(): readonly CatalogueEntry[];
  /** Why there is no such tool, in one sentence, for a tool that `get` does not have. */
  absence(tool: string): string;
}

/** Tools that one tenant has besides ours. */
export interface PluggedTools {
  readonly entries: readonly CatalogueEntry[];
  /** Those that may not be used at present, by name, each with the sentence that says why. */
  readonly withheld: ReadonlyMap<string, string>;
}

/** What a tenant has that has plugged nothing in. */
export const noPluggedTools: PluggedTools = { entries: [], withheld: new Map() };

/**
 * The tools there are. A fault in one of them is a fault of the program, so the process does not start:
 * @throws FactotumError `config.invalid` for a name twice, arguments that manifest and schema do not share, an input that lets unknown
 * arguments pass, and functions (`undo`, `lookup`) that differ from what the manifest says.
 */
export function createCatalogue(tools: readonly Tool[]): ToolCatalogue {
  const entries = new Map<string, CatalogueEntry>();
  for (const tool of [...tools].sort((left, right) => (left.manifest.tool < right.manifest.tool ? -1 : 1))) {
    const { manifest, input, output } = tool;
    const fault = entries.has(manifest.tool) ? 'is registered twice' : faultIn(tool);
    if (fault !== null) throw new FactotumError('config.invalid', `The tool ${manifest.tool} ${fault}. Mend its definition.`);
    entries.set(manifest.tool, Object.freeze({ manifest, input, output, schemaHash: schemaHash(tool) }));
  }
  return catalogueOf(entries, noPluggedTools.withheld);
}

/** Equal parts give the same catalogue, since much is derived from one. */
const joined = new WeakMap<ToolCatalogue, WeakMap<PluggedTools, ToolCatalogue>>();

/** Our own tools and those that a tenant has plugged in. A name of ours is never taken over. */
export function withPlugged(own: ToolCatalogue, plugged: PluggedTools): ToolCatalogue {
  if (plugged.entries.length === 0 && plugged.withheld.size === 0) return own;
  const known = joined.get(own)?.get(plugged);
  if (known !== undefined) return known;
  const all = [...plugged.entries, ...own.list()].map((entry) => [entry.manifest.tool, entry] as const);
  const made = catalogueOf(new Map(all.sort(([left], [right]) => (left < right ? -1 : 1))), plugged.withheld);
  const ofOwn = joined.get(own) ?? new WeakMap<PluggedTools, ToolCatalogue>();
  joined.set(own, ofOwn.set(plugged, made));
  return made;
}

function catalogueOf(entries: ReadonlyMap<string, CatalogueEntry>, withheld: PluggedTools['withheld']): ToolCatalogue {
  const list = [...entries.values()];
  return {
    get: (tool) => entries.get(tool) ?? null,
    list: () => list,
    absence: (tool) => withheld.get(tool) ?? `There is no tool called ${tool}.`,
  };
}

function faultIn({ manifest, input, lookup, undo }: Tool): string | null {
  const listed = Object.keys(manifest.args).sort().join(', ');
  const accepted = Object.keys(input.shape).sort().join(', ');
  if (listed !== accepted) return `lists the arguments (${listed}) and accepts (${accepted})`;
  if (!(input.def.catchall instanceof z.ZodNever)) return 'accepts arguments that it does not list';
  const { parts } = manifest;
  if (parts !== undefined && [parts.arg, ...Object.values(parts.shared)].some((name) => !Object.hasOwn(manifest.args, name)))
    return 'has parts in arguments that it does not list';
  if (undo !== undefined && !manifest.reversible) return 'has an undo and says that it is not reversible';
  if (manifest.canLookup !== (lookup !== undefined)) return 'must have a lookup exactly when it says so';
  return null;
}

function schemaHash({ manifest, input }: Tool): string {
  const schema = z.toJSONSchema(input, { io: 'input' });
  // Both are plain JSON: the manifest has no member but data once its functions are left out, and a JSON schema is JSON.
  const hashed = { manifest: dataOf(manifest), input: JSON.parse(JSON.stringify(schema)) } as unknown as Json;
  return createHash('sha256').update(canonicalJson(hashed)).digest('hex');
}

function dataOf({ headline: _, parts, ...data }: ToolManifest) {
  if (parts === undefined) return data;
  const { read: _read, manifest, ...shape } = parts;
  const { headline: _headline, ...single } = manifest;
  return { ...data, parts: { ...shape, manifest: single } };
}
