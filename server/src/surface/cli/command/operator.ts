import { z } from 'zod';
import { ask } from '../api.ts';
import { type Command, UsageError } from '../command.ts';
import { table } from '../table.ts';

const operatorSchema = z.object({ id: z.string(), name: z.string(), email: z.string(), createdAt: z.string() });

export const operatorCommands: readonly Command[] = [
  {
    name: 'operator create',
    usage: '--email E --name N',
    about: 'Make somebody an operator of this installation, and a one-time link that signs them in within 15 minutes.',
    options: { email: { type: 'string' }, name: { type: 'string' } },
    async run({ given, backend }) {
      const [email, name] = [given.text('email'), given.text('name')];
      if (email === undefined || name === undefined) throw new UsageError('Say who: factotum operator create --email E --name N');
      const made = await ask(await backend(), z.object({ id: z.string(), url: z.string() }), {
        method: 'POST',
        path: '/operator/operators',
        json: { email, name },
      });
      return { json: made, text: `${made.url}\n\nIt works once, within 15 minutes. A new one: the same command again.` };
    },
  },
  {
    name: 'operator list',
    usage: '',
    about: 'Show who operates this installation in the browser.',
    async run({ backend }) {
      const { items } = await ask(await backend(), z.object({ items: z.array(operatorSchema) }), { path: '/operator/operators' });
      const rows = items.map(({ id, name, email, createdAt }) => [id, name, email, createdAt]);
      return { json: items, text: rows.length === 0 ? 'There is no operator.' : table(['ID', 'NAME', 'ADDRESS', 'SINCE'], rows) };
    },
  },
  {
    name: 'operator remove',
    usage: 'ADDRESS-OR-ID',
    about: 'End what makes somebody an operator, and their sessions as one, at once. Their account and memberships stay.',
    operands: ['ADDRESS-OR-ID'],
    async run({ given, backend }) {
      const { id } = await ask(await backend(), z.object({ id: z.string() }), {
        method: 'DELETE',
        path: `/operator/operators/${encodeURIComponent(given.operand('ADDRESS-OR-ID'))}`,
      });
      return { json: { id }, text: `${id} is no operator any more.` };
    },
  },
];
