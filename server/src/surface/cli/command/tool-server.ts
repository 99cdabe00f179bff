import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Json, type JsonObject, jsonObjectSchema } from '#kernel';
import { ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { table } from '../table.ts';

const serverSchema = z.object({
  id: z.string(),
  slug: z.string(),
  title: z.string(),
  state: z.string(),
  version: z.number(),
  checkedAt: z.string().nullable(),
  fault: z.object({ code: z.string(), message: z.string() }).nullable(),
});
type Server = z.output<typeof serverSchema>;
const toolSchema = z.object({
  tool: z.string(),
  state: z.string(),
  pin: z.string().nullable(),
  unusable: z.string().nullable(),
  manifest: z.object({ title: z.string(), effect: z.string(), risk: z.string() }).catchall(z.json()),
  differences: z.array(z.object({ place: z.string(), before: z.json(), after: z.json() })),
});
const lookSchema = z.union([
  z.object({ ok: z.literal(true), offered: z.number(), proposed: z.array(z.string()), quarantined: z.array(z.string()) }),
  z.object({ ok: z.literal(false), fault: z.object({ code: z.string(), message: z.string() }) }),
]);
const items = <S extends z.ZodType>(schema: S) => z.object({ items: z.array(schema) });
const path = '/api/v1/tool-servers';

export const toolServerCommands: readonly Command[] = [
  {
    name: 'tool-server list',
    usage: '[--tenant T]',
    about: 'List the MCP servers that a tenant has plugged in, and how they are doing.',
    async run(context) {
      const servers = await list(context);
      const rows = servers.map(({ slug, title, state, checkedAt, fault }) => [slug, title, state, checkedAt, fault?.message ?? null]);
      return { json: servers, text: table(['NAME', 'TITLE', 'STATE', 'LOOKED AT', 'FAULT'], rows) };
    },
  },
  {
    name: 'tool-server test',
    usage: 'SERVER [--tenant T]',
    about:
      'Connect to a tool server and show its tools, by its name or id. Ends with 1 when it cannot be reached, or a confirmed tool has changed.',
    operands: ['SERVER'],
    async run(context) {
      const server = await found(context);
      const [backend, tenant] = [await context.backend(), await context.tenant()];
      const look = await ask(backend, lookSchema, { method: 'POST', path: `${path}/${server.id}/look`, json: {}, tenant });
      if (!look.ok) return { json: look, text: look.fault.message, exit: 1 };
      const tools = (await ask(backend, items(toolSchema), { path: `${path}/${server.id}/tools`, tenant })).items;
      const rows = tools.map(({ tool, state, manifest, differences, unusable }) => [
        ...[tool, state, manifest.effect, manifest.risk],
        unusable ?? differences.map(({ place }) => place).join(', '),
      ]);
      return {
        json: { ...look, tools },
        text: table(['TOOL', 'STATE', 'EFFECT', 'RISK', 'CHANGED'], rows),
        ...(tools.some(({ state }) => state === 'quarantined') ? { exit: 1 as const } : {}),
      };
    },
  },
  {
    name: 'tool-server confirm',
    usage: 'TOOL [--tenant T] [--effect read|write|egress|money|grant|destroy] [--risk low|medium|high] [--title TEXT] [--manifest FILE]',
    about:
      'Say what a tool does, so that plans can call it, as mcp.<server>.<tool>. What is left out stays as it is shown. --manifest: all of it, as JSON. Shows first how it differs from what was confirmed.',
    operands: ['TOOL'],
    options: { effect: { type: 'string' }, risk: { type: 'string' }, title: { type: 'string' }, manifest: { type: 'string' } },
    run: confirm,
  },
];

async function list({ backend, tenant }: CommandContext): Promise<Server[]> {
  return (await ask(await backend(), items(serverSchema), { path, tenant: await tenant() })).items;
}

async function found(context: CommandContext, name = context.given.operand('SERVER')): Promise<Server> {
  const server = (await list(context)).find(({ id, slug }) => id === name || slug === name);
  if (server === undefined) throw new UsageError(`There is no tool server called ${name}. factotum tool-server list shows them all.`);
  return server;
}

async function confirm(context: CommandContext) {
  const { given } = context;
  const name = given.operand('TOOL');
  const [, slug] = /^mcp\.([a-z0-9-]+)\../.exec(name) ?? [];
  if (slug === undefined) throw new UsageError('A tool of a server’s is called mcp.<server>.<tool>.');
  const server = await found(context, slug);
  const [backend, tenant] = [await context.backend(), await context.tenant()];
  const { items: tools } = await ask(backend, items(toolSchema), { path: `${path}/${server.id}/tools`, tenant });
  const tool = tools.find((one) => one.tool === name);
  if (tool === undefined) throw new UsageError(`${server.title} offers no ${name}. factotum tool-server test ${slug} asks it again.`);
  const file = given.text('manifest');
  const changes = Object.fromEntries(
    (['effect', 'risk', 'title'] as const).flatMap((option) => {
      const value = given.text(option);
      return value === undefined ? [] : [[option, value]];
    }),
  );
  // The server checks it whole; here it is only sent on.
  const said = file === undefined ? tool.manifest : await manifestIn(file);
  const json: Json = { pin: tool.pin, manifest: { ...said, ...changes } };
  const address = `${path}/${server.id}/tools/${encodeURIComponent(name)}/confirmation`;
  const confirmed = await ask(backend, toolSchema, { method: 'POST', path: address, json, tenant });
  const before = tool.differences.map(
    ({ place, before: was, after: is }) => `${place}: ${JSON.stringify(was)} is now ${JSON.stringify(is)}`,
  );
  const { effect, risk } = confirmed.manifest;
  return { json: confirmed, text: [...before, `${name} can be used in plans: ${effect}, risk ${risk}.`].join('\n') };
}

/** @throws UsageError without a word of what is in the file. */
async function manifestIn(file: string): Promise<JsonObject> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read.`);
  });
  try {
    return jsonObjectSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`${file} is no manifest: it has to be a JSON object.`);
  }
}
