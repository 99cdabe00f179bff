import { z } from 'zod';
import { ask } from '../api.ts';
import type { Command, CommandContext } from '../command.ts';
import { table } from '../table.ts';

const registrationSchema = z.looseObject({
  id: z.string(),
  tenantName: z.string(),
  email: z.string(),
  name: z.string(),
  state: z.string(),
  createdAt: z.string(),
  tenantId: z.string().nullable(),
});

export const registrationCommands: readonly Command[] = [
  {
    name: 'registration list',
    usage: '[--state waiting|approved|rejected|unverified]',
    about: 'Show who asks for a tenant here, newest first; without a state those whose address is proved.',
    options: { state: { type: 'string' } },
    async run({ given, backend }) {
      const state = given.text('state');
      const { items } = await ask(await backend(), z.object({ items: z.array(registrationSchema) }), {
        path: `/operator/registrations${state === undefined ? '' : `?state=${encodeURIComponent(state)}`}`,
      });
      const rows = items.map((item) => [item.id, item.tenantName, item.email, item.name, item.state, item.createdAt]);
      return {
        json: z.json().parse(items),
        text: rows.length === 0 ? 'Nobody asks.' : table(['ID', 'TENANT', 'ADDRESS', 'NAME', 'STATE', 'SINCE'], rows),
      };
    },
  },
  {
    name: 'registration approve',
    usage: 'REGISTRATION-ID',
    about: 'Make the tenant that somebody asks for, and tell them.',
    operands: ['REGISTRATION-ID'],
    run: (context) => decide(context, 'approve'),
  },
  {
    name: 'registration reject',
    usage: 'REGISTRATION-ID',
    about: 'Turn somebody down, and tell them.',
    operands: ['REGISTRATION-ID'],
    run: (context) => decide(context, 'reject'),
  },
];

async function decide({ given, backend }: CommandContext, verb: 'approve' | 'reject') {
  const id = given.operand('REGISTRATION-ID');
  const decided = await ask(await backend(), registrationSchema, {
    method: 'POST',
    path: `/operator/registrations/${encodeURIComponent(id)}/${verb}`,
  });
  const { state, tenantName, tenantId } = decided;
  return { json: z.json().parse(decided), text: `${tenantName} is ${state}${tenantId === null ? '' : `: ${tenantId}`}.` };
}
