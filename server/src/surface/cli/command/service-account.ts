import { z } from 'zod';
import { ask, askAll } from '../api.ts';
import { type Command, UsageError } from '../command.ts';
import { table } from '../table.ts';

const accountSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  permissions: z.array(z.string()),
  keys: z.number(),
});

/** More than any tenant has. */
const listedMax = 10_000;

export const serviceAccountCommands: readonly Command[] = [
  {
    name: 'serviceaccount create',
    usage: '--tenant T --name NAME --permission P ... [--description TEXT]',
    about: 'Make an account for a program. Its keys, made with `apikey create --service-account`, may do what both it and they may.',
    options: { name: { type: 'string' }, permission: { type: 'string', multiple: true }, description: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const name = given.text('name');
      if (name === undefined) throw new UsageError('Give the account a name: factotum serviceaccount create --tenant T --name NAME');
      const description = given.text('description');
      const made = await ask(await backend(), z.object({ id: z.string() }), {
        method: 'POST',
        path: '/api/v1/service-accounts',
        tenant: await tenant(),
        json: { name, permissions: [...given.texts('permission')], ...(description === undefined ? {} : { description }) },
      });
      return { json: made, text: made.id };
    },
  },
  {
    name: 'serviceaccount list',
    usage: '--tenant T',
    about: "Show a tenant's service accounts.",
    async run({ backend, tenant }) {
      const query = { path: '/api/v1/service-accounts', query: {}, tenant: await tenant(), limit: listedMax };
      const items = await askAll(await backend(), accountSchema, query);
      const rows = items.map((account) => [account.id, account.name, String(account.keys), account.permissions.join(' ')]);
      return {
        json: z.json().parse(items),
        text: rows.length === 0 ? 'There is no service account.' : table(['ID', 'NAME', 'KEYS', 'MAY'], rows),
      };
    },
  },
  {
    name: 'serviceaccount delete',
    usage: 'SVC-ID --tenant T',
    about: 'Delete a service account and end its keys. Every process refuses them within five seconds.',
    operands: ['SVC-ID'],
    async run({ given, backend, tenant }) {
      const id = given.operand('SVC-ID');
      const path = `/api/v1/service-accounts/${encodeURIComponent(id)}`;
      await ask(await backend(), z.null(), { method: 'DELETE', path, tenant: await tenant() });
      return { json: { id, state: 'deleted' }, text: `${id} is deleted.` };
    },
  },
];
