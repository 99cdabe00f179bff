import { z } from 'zod';
import type { JsonObject } from '#kernel';
import { ask } from '../api.ts';
import { type Command, UsageError } from '../command.ts';
import { list, table } from '../table.ts';

const tenantSchema = z.looseObject({ id: z.string(), name: z.string() });
/** What the operator's list of tenants answers. */
export const tenantsSchema = z.object({ items: z.array(tenantSchema.extend({ createdAt: z.string() })) });

export const tenantCommands: readonly Command[] = [
  {
    name: 'tenant create',
    usage: '--name NAME [--owner EMAIL] [--set SETTING=VALUE ...]',
    about:
      'Make a tenant with its keys, audit log, policies, first notes and owner. Settings: maxRunning, eventsPerMinute, timeZone, locale, ...',
    options: { name: { type: 'string' }, owner: { type: 'string' }, set: { type: 'string', multiple: true } },
    async run({ given, backend }) {
      const name = given.text('name');
      if (name === undefined) throw new UsageError('Give the tenant a name: factotum tenant create --name NAME');
      const owner = given.text('owner');
      const made = await ask(await backend(), tenantSchema, {
        method: 'POST',
        path: '/operator/tenants',
        json: { name, settings: settingsOf(given.texts('set')), ...(owner === undefined ? {} : { ownerEmail: owner }) },
      });
      return { json: { id: made.id, name: made.name }, text: list({ id: made.id, name: made.name }) };
    },
  },
  {
    name: 'tenant list',
    usage: '',
    about: 'Show all tenants.',
    async run({ backend }) {
      const { items } = await ask(await backend(), tenantsSchema, { path: '/operator/tenants' });
      const rows = items.map(({ id, name, createdAt }) => [id, name, createdAt]);
      return {
        json: items.map(({ id, name, createdAt }) => ({ id, name, createdAt })),
        text: rows.length === 0 ? 'There is no tenant yet.' : table(['ID', 'NAME', 'SINCE'], rows),
      };
    },
  },
];

/** `maxRunning=40`: numbers, switches, null and objects as JSON, anything else as text. Whether it fits is for the tenant's schema to say. */
export function settingsOf(pairs: readonly string[]): JsonObject {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      const value = rest.join('=');
      if (name === '' || value === '') throw new UsageError(`${pair} is not of the form SETTING=VALUE.`);
      const parsed = z.json().safeParse(jsonOr(value));
      return [name, parsed.success && typeof parsed.data !== 'string' ? parsed.data : value];
    }),
  );
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
