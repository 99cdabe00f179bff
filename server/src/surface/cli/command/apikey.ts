import { z } from 'zod';
import { ask } from '../api.ts';
import { type Command, UsageError } from '../command.ts';
import { defaultPermissions } from '../control/handler.ts';
import { table } from '../table.ts';

const keySchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  start: z.string(),
  permissions: z.array(z.string()),
  lastUsedAt: z.string().nullable(),
});

export const apiKeyCommands: readonly Command[] = [
  {
    name: 'apikey create',
    usage: '--tenant T --name NAME [--permission P ...] [--expires 2030-01-01T00:00:00Z] [--per-minute N] [--service-account SVC-ID]',
    about: `Make a key for programs. Its text is shown this once. Without --permission: ${defaultPermissions.join(' ')}.`,
    options: {
      name: { type: 'string' },
      permission: { type: 'string', multiple: true },
      expires: { type: 'string' },
      'per-minute': { type: 'string' },
      'service-account': { type: 'string' },
    },
    async run({ given, backend, tenant }) {
      const name = given.text('name');
      if (name === undefined) throw new UsageError('Give the key a name: factotum apikey create --tenant T --name NAME');
      const permissions = given.texts('permission');
      const expiresAt = given.text('expires');
      const [perMinute, serviceAccountId] = [given.text('per-minute'), given.text('service-account')];
      const made = await ask(await backend(), z.object({ id: z.string(), key: z.string() }), {
        method: 'POST',
        path: '/operator/apikeys',
        tenant: await tenant(),
        json: {
          name,
          permissions: permissions.length === 0 ? [...defaultPermissions] : permissions,
          ...(expiresAt === undefined ? {} : { expiresAt }),
          ...(perMinute === undefined ? {} : { perMinute: Number(perMinute) }),
          ...(serviceAccountId === undefined ? {} : { serviceAccountId }),
        },
      });
      return { json: made, text: `${made.key}\n\nThis is the only time the key ${made.id} is shown. Keep it where secrets are kept.` };
    },
  },
  {
    name: 'apikey list',
    usage: '--tenant T',
    about: "Show a tenant's keys, newest first, without their texts.",
    async run({ backend, tenant }) {
      const { items } = await ask(await backend(), z.object({ items: z.array(keySchema) }), {
        path: '/operator/apikeys',
        tenant: await tenant(),
      });
      const rows = items.map((key) => [key.id, key.name, key.start, key.state, key.lastUsedAt, key.permissions.join(' ')]);
      return {
        json: z.json().parse(items),
        text: rows.length === 0 ? 'There is no key.' : table(['ID', 'NAME', 'STARTS', 'STATE', 'LAST USED', 'MAY'], rows),
      };
    },
  },
  {
    name: 'apikey rotate',
    usage: 'KEY-ID --tenant T [--overlap-hours 24]',
    about: 'Make a key that takes the place of another, which ends by itself after the overlap. Its text is shown this once.',
    operands: ['KEY-ID'],
    options: { 'overlap-hours': { type: 'string' } },
    async run({ given, backend, tenant }) {
      const hours = given.text('overlap-hours');
      const made = await ask(await backend(), z.object({ id: z.string(), key: z.string(), oldEndsAt: z.string() }), {
        method: 'POST',
        path: `/api/v1/api-keys/${encodeURIComponent(given.operand('KEY-ID'))}/rotate`,
        tenant: await tenant(),
        json: hours === undefined ? {} : { overlapHours: Number(hours) },
      });
      const text = `${made.key}\n\nThis is the only time the key ${made.id} is shown. ${given.operand('KEY-ID')} ends at ${made.oldEndsAt}.`;
      return { json: made, text };
    },
  },
  {
    name: 'apikey revoke',
    usage: 'KEY-ID --tenant T',
    about: 'End a key. Every process refuses it within five seconds.',
    operands: ['KEY-ID'],
    async run({ given, backend, tenant }) {
      const revoked = await ask(await backend(), z.object({ id: z.string(), state: z.string() }), {
        method: 'DELETE',
        path: `/operator/apikeys/${encodeURIComponent(given.operand('KEY-ID'))}`,
        tenant: await tenant(),
      });
      return { json: revoked, text: `${revoked.id} is revoked.` };
    },
  },
];
