import { z } from 'zod';
import {
  endpointSchema,
  offeredToolSchema,
  type PluggedTool,
  slugSchema,
  statedManifestSchema,
  type ToolServer,
  titleSchema,
} from '#flow/tool-server';
import { namedSchemas, time } from './schema.ts';

export const newServerSchema = z.strictObject({
  slug: slugSchema.meta({ description: 'The middle of its tools’ names: mcp.<slug>.<tool>. It stays.' }),
  title: titleSchema,
  endpoint: endpointSchema,
});
export const serverChangeSchema = z.strictObject({
  title: titleSchema.optional(),
  endpoint: endpointSchema.optional(),
  state: z.enum(['active', 'paused']).optional(),
  version: z.int().min(1).meta({ description: 'The version that was read.' }),
});
export const confirmationSchema = z.strictObject({
  pin: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the pin of what was shown')
    .meta({ description: 'Of what was shown. When the server says something else by now, nothing is confirmed.' }),
  manifest: statedManifestSchema,
});

export const signInStartSchema = z.strictObject({
  accept: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the pin that was shown')
    .optional()
    .meta({ description: 'The pin in the details of tool_server.changed: of the authorisation server that is agreed to.' }),
});

const faultSchema = z.object({ code: z.string(), message: z.string() });
export const serverSchema = z.object({
  id: z.string(),
  slug: z.string(),
  title: z.string(),
  endpoint: endpointSchema,
  state: z.enum(['active', 'paused', 'broken']).meta({ description: 'broken: it waits for a person to do something about its fault.' }),
  isSignedIn: z.boolean().meta({ description: 'Whether somebody has signed us in by OAuth.' }),
  fault: faultSchema.nullable(),
  lastWords: z
    .object({ lines: z.array(z.string()), at: time })
    .nullable()
    .meta({ description: 'The last lines that its program has printed on standard error: a stranger’s words, without secrets.' }),
  checkedAt: time.nullable().meta({ description: 'When its tools were looked at last.' }),
  version: z.int(),
  createdAt: time,
  updatedAt: time,
});
namedSchemas.set(serverSchema, { id: 'ToolServer', description: 'An MCP server whose tools the tenant has plugged in.' });

export const pluggedToolSchema = z.object({
  tool: z.string().meta({ description: 'As plans and policies name it: mcp.<slug>.<tool>.' }),
  name: z.string(),
  state: z
    .enum(['proposed', 'confirmed', 'quarantined'])
    .meta({ description: 'proposed: nobody has confirmed it. quarantined: it is not what was confirmed.' }),
  version: z.int(),
  pin: z.string().nullable().meta({ description: 'SHA-256 of what the server says of it now; null: it is not offered any more.' }),
  offered: offeredToolSchema.nullable().meta({ description: 'What the server says of it: claims, which count for nothing.' }),
  unusable: z.string().nullable().meta({ description: 'Why no plan could call it.' }),
  manifest: statedManifestSchema.meta({ description: 'What was confirmed, or what is proposed: the most dangerous that it could be.' }),
  confirmedBy: z.string().nullable(),
  confirmedAt: z.string().nullable(),
  differences: z
    .array(z.object({ place: z.string(), before: z.unknown(), after: z.unknown() }))
    .readonly()
    .meta({ description: 'How what is offered now differs from what was confirmed.' }),
});
namedSchemas.set(pluggedToolSchema, { id: 'PluggedTool', description: 'One tool of a tool server.' });

export const programSchema = z.object({
  id: z.string(),
  title: z.string(),
  confinement: z.enum(['node permissions', 'bubblewrap', 'process only']),
  env: z.array(z.string()).readonly(),
});

export const lookSchema = z.union([
  z.object({
    ok: z.literal(true),
    offered: z.int(),
    proposed: z.array(z.string()).readonly(),
    quarantined: z.array(z.string()).readonly(),
  }),
  z.object({ ok: z.literal(false), fault: faultSchema }),
]);

export const toolSchema = z.object({
  tool: z.string(),
  title: z.string(),
  consequence: z.string(),
  effect: z.string(),
  risk: z.string(),
  reversible: z.boolean(),
  visibleOutside: z.boolean(),
  readsPrivate: z.boolean(),
  server: z.string().nullable().meta({ description: 'The short name of the tool server; null: it is one of ours.' }),
  args: z.record(z.string(), z.object({ role: z.string(), slot: z.string(), title: z.string() })),
});
namedSchemas.set(toolSchema, { id: 'Tool', description: 'Something that the employee can do for this tenant.' });

export function presentServer({ createdAt, updatedAt, checkedAt, ...server }: ToolServer): z.input<typeof serverSchema> {
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { ...server, ...times, checkedAt: checkedAt?.toISOString() ?? null };
}

export const presentTool = (tool: PluggedTool): z.input<typeof pluggedToolSchema> => ({ ...tool });
