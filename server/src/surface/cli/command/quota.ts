import { z } from 'zod';
import type { JsonObject } from '#kernel';
import { ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { table } from '../table.ts';

const usageSchema = z.object({
  items: z.array(
    z.object({
      quota: z.string(),
      title: z.string(),
      unit: z.string(),
      used: z.number(),
      limit: z.number(),
      window: z.string(),
      resetsAt: z.string().nullable(),
      alert: z.number().nullable(),
    }),
  ),
});

export const quotaCommands: readonly Command[] = [
  {
    name: 'quota show',
    usage: '[--tenant T]',
    about: 'Show what a tenant uses of each quota, and its limits.',
    run: show,
  },
  {
    name: 'quota set',
    usage: '[--tenant T] --set QUOTA=LIMIT [--set QUOTA=default ...]',
    about: 'Set limits of a tenant; default takes one back. New work goes by them at once. Spend is in millionths of a US dollar.',
    options: { set: { type: 'string', multiple: true } },
    async run(context) {
      const limits = limitsOf(context.given.texts('set'));
      await ask(await context.backend(), z.unknown(), {
        method: 'PUT',
        path: '/operator/quotas',
        tenant: await context.tenant(),
        json: limits,
      });
      return show(context);
    },
  },
];

async function show({ backend, tenant }: CommandContext) {
  const { items } = await ask(await backend(), usageSchema, { path: '/api/v1/usage', tenant: await tenant() });
  const rows = items.map(({ quota, used, limit, unit, window, resetsAt, alert }) => [
    ...[quota, used, limit, unit, window],
    ...[resetsAt, alert === null ? null : `${alert} %`],
  ]);
  return { json: items, text: table(['QUOTA', 'USED', 'LIMIT', 'UNIT', 'WINDOW', 'RESETS', 'ALERT'], rows) };
}

/** `maxRunning=40`, `members=default`. Whether it fits is for the server to say. */
function limitsOf(pairs: readonly string[]): JsonObject {
  if (pairs.length === 0) throw new UsageError('Say which limits: factotum quota set --set QUOTA=LIMIT');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([^=]+)=(\d+|default)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined) throw new UsageError(`${pair} is not of the form QUOTA=LIMIT.`);
      return [name, value === 'default' ? null : Number(value)];
    }),
  );
}
