import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Json } from '#kernel';
import { ask } from '../api.ts';
import { type Answer, type Command, type CommandContext, UsageError } from '../command.ts';
import { table } from '../table.ts';

const connectionSchema = z.object({
  id: z.string(),
  connector: z.string(),
  name: z.string(),
  state: z.string(),
  settings: z.record(z.string(), z.json()),
  credentials: z.record(z.string(), z.string().nullable()),
  health: z.object({
    lastPolledAt: z.string().nullable(),
    lastSuccessAt: z.string().nullable(),
    lastArrivalAt: z.string().nullable(),
    failures: z.number(),
    fault: z.object({ code: z.string(), message: z.string() }).nullable(),
    lagMs: z.number().nullable(),
    nextAt: z.string().nullable(),
    progress: z.object({ done: z.number(), of: z.number().nullable() }).nullable(),
    arrivals: z.number(),
  }),
  version: z.number(),
  createdAt: z.string(),
  updatedAt: z.string(),
  hookUrl: z.string().nullable(),
});
type Connection = z.output<typeof connectionSchema>;
const trialSchema = z.object({ ok: z.boolean(), fault: z.object({ code: z.string(), message: z.string() }).nullable() });

const operands = ['CONNECTION'];
const usage = 'CONNECTION [--tenant T]';

export const connectionCommands: readonly Command[] = [
  {
    name: 'connection list',
    usage: '[--tenant T]',
    about: 'List the connections of a tenant to outside systems, and how they are doing.',
    async run(context) {
      const items = await list(context);
      const rows = items.map(({ id, connector, name, state, health }) => [
        ...[id, connector, name, state, health.lastSuccessAt, String(health.arrivals)],
        health.fault?.message ?? '',
      ]);
      return { json: items, text: table(['ID', 'CONNECTOR', 'NAME', 'STATE', 'LAST SUCCESS', 'ARRIVALS', 'FAULT'], rows) };
    },
  },
  {
    name: 'connection show',
    usage,
    about: 'Show a connection, by its id or its name. Of its credentials it says only whether they are set.',
    operands,
    run: async (context) => shown(await found(context)),
  },
  {
    name: 'connection add',
    usage: 'FILE.json [--tenant T]',
    about:
      'Connect an outside system. The file has connector, name, settings and credentials; a credential may be secret://db/.. instead of itself. Delete the file afterwards if it holds any.',
    operands: ['FILE.json'],
    async run(context) {
      const file = context.given.operand('FILE.json');
      const made = await ask(await context.backend(), connectionSchema, {
        method: 'POST',
        path: '/api/v1/connections',
        tenant: await context.tenant(),
        json: await jsonIn(file),
      });
      return {
        json: made,
        text: `${made.id} is connected, and polled from now on. factotum connection test ${made.id} says whether it works.`,
      };
    },
  },
  {
    name: 'connection test',
    usage,
    about: 'Try a connection out as it is saved. Ends with 1 when it does not work.',
    operands,
    async run(context) {
      const { id } = await found(context);
      const trial = await act(context, id, 'test', trialSchema);
      const text = trial.fault === null ? 'It works.' : `It does not work (${trial.fault.code}): ${trial.fault.message}`;
      return { json: trial, text, ...(trial.ok ? {} : { exit: 1 as const }) };
    },
  },
  ...(
    [
      ['pause', 'Poll a connection no more, until it is resumed.'],
      ['resume', 'Go on with a connection that was paused, or that stopped and was seen to.'],
      ['poll', 'Poll a connection now, if it is active.'],
    ] as const
  ).map(([name, about]) => ({
    name: `connection ${name}`,
    ...{ usage, about, operands },
    run: async (context: CommandContext) => shown(await act(context, (await found(context)).id, name, connectionSchema)),
  })),
  {
    name: 'connection delete',
    usage,
    about: 'Delete a connection. What came in over it stays.',
    operands,
    async run(context) {
      const { id, name } = await found(context);
      await ask(await context.backend(), z.unknown(), {
        method: 'DELETE',
        path: `/api/v1/connections/${id}`,
        tenant: await context.tenant(),
      });
      return { json: { id }, text: `${name} is deleted.` };
    },
  },
];

async function list({ backend, tenant }: CommandContext): Promise<Connection[]> {
  const answer = z.object({ items: z.array(connectionSchema) });
  return (await ask(await backend(), answer, { path: '/api/v1/connections', tenant: await tenant() })).items;
}

/** By id, or by a name that only one has. */
async function found(context: CommandContext): Promise<Connection> {
  const wanted = context.given.operand('CONNECTION');
  const all = await list(context);
  const [one, ...others] = all.filter(({ id, name }) => id === wanted || name === wanted);
  if (one === undefined) throw new UsageError(`There is no connection ${wanted}. factotum connection list shows them all.`);
  if (others.length > 0) throw new UsageError(`Several connections are named ${wanted}. Name it by its id.`);
  return one;
}

async function act<S extends z.ZodType>(context: CommandContext, id: string, name: string, schema: S): Promise<z.output<S>> {
  return ask(await context.backend(), schema, {
    method: 'POST',
    path: `/api/v1/connections/${id}/${name}`,
    tenant: await context.tenant(),
  });
}

function shown(connection: Connection): Answer {
  const { health, settings, credentials } = connection;
  const lines: [string, string][] = [
    ['id', connection.id],
    ['connector', connection.connector],
    ['name', connection.name],
    ['state', connection.state],
    ...Object.entries(settings).map(([name, value]): [string, string] => [`settings.${name}`, JSON.stringify(value)]),
    ...Object.entries(credentials).map(([name, value]): [string, string] => [`credentials.${name}`, value ?? 'not set']),
    ['last success', health.lastSuccessAt ?? 'never'],
    ['last arrival', health.lastArrivalAt ?? 'never'],
    ['next poll', health.nextAt ?? 'none'],
    ['arrivals', String(health.arrivals)],
    ...(health.progress === null
      ? []
      : [['progress', `${health.progress.done} of ${health.progress.of ?? 'unknown'}`] satisfies [string, string]]),
    ...(health.fault === null ? [] : [['fault', `${health.fault.code}: ${health.fault.message}`] satisfies [string, string]]),
    ...(connection.hookUrl === null ? [] : [['pushes go to', connection.hookUrl] satisfies [string, string]]),
  ];
  return { json: connection, text: lines.map(([name, value]) => `${name.padEnd(24)}${value}`).join('\n') };
}

async function jsonIn(file: string): Promise<Json> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read.`);
  });
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    // What is in it may be a credential: nothing of it is repeated.
    throw new UsageError(`${file} is not JSON.`);
  }
}
