import type { PluggedTool, ToolManifest } from '../../api/tools.ts';
import type { Json, JsonObject } from '../../api/types.ts';

const argumentName = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const scalars: readonly (Json | undefined)[] = ['string', 'number', 'integer', 'boolean'];

/**
 * What can be said of a tool's arguments as they are offered now: what was said before stays, what is gone is left out, and what is new
 * steers until somebody says otherwise.
 */
export function argumentsNow({ offered, manifest }: Pick<PluggedTool, 'offered' | 'manifest'>): ToolManifest['args'] {
  const properties = objectIn(offered?.inputSchema.properties);
  const kept = Object.entries(manifest.args).filter(([name]) => name in properties);
  const added = Object.entries(properties).filter(([name]) => argumentName.test(name) && !(name in manifest.args));
  return Object.fromEntries([
    ...kept,
    ...added.map(([name, schema]) => {
      const slot = scalars.includes(objectIn(schema).type) ? 'text' : 'json';
      return [name, { role: 'steering' as const, slot, title: name.slice(0, 100) }] as const;
    }),
  ]);
}

const objectIn = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
