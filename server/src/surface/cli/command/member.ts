import { z } from 'zod';
import { ask, askAll } from '../api.ts';
import type { CommandBackend } from '../backend.ts';
import { type Command, UsageError } from '../command.ts';
import { table } from '../table.ts';

const memberSchema = z.looseObject({
  userId: z.string(),
  name: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
  joinedAt: z.string(),
  lastSeenAt: z.string().nullable(),
  managedBy: z.string().nullable(),
});

/** More people than a terminal shows and a tenant has. */
const membersMax = 100_000;

const roleOption = { role: { type: 'string', multiple: true } } as const;

export const memberCommands: readonly Command[] = [
  {
    name: 'member list',
    usage: '--tenant T',
    about: 'Show who belongs to a tenant, by name.',
    async run({ backend, tenant }) {
      const items = await listMembers(await backend(), await tenant());
      const rows = items.map(({ userId, name, email, roles, lastSeenAt }) => [userId, name, email, roles.join(' '), lastSeenAt]);
      return { json: z.json().parse(items), text: table(['ID', 'NAME', 'ADDRESS', 'ROLES', 'LAST SEEN'], rows) };
    },
  },
  {
    name: 'member roles',
    usage: 'MEMBER --role R [--role R ...] --tenant T',
    about: 'Give a member, by id or address, these roles instead of theirs. They count from the next request on.',
    operands: ['MEMBER'],
    options: roleOption,
    async run({ given, backend, tenant }) {
      const roles = rolesIn(given.texts('role'), 'factotum member roles MEMBER --role member --tenant T');
      const [open, of] = [await backend(), await tenant()];
      const { userId, name } = await findMember(open, of, given.operand('MEMBER'));
      await ask(open, z.null(), { method: 'PUT', path: `/api/v1/members/${userId}`, tenant: of, json: { roles } });
      return { json: { userId, roles }, text: `${name} is now: ${roles.join(', ')}.` };
    },
  },
  {
    name: 'member remove',
    usage: 'MEMBER --tenant T',
    about: 'Remove a member, by id or address. Their sessions end at once; API keys are the tenant’s and stay.',
    operands: ['MEMBER'],
    async run({ given, backend, tenant }) {
      const [open, of] = [await backend(), await tenant()];
      const { userId, name } = await findMember(open, of, given.operand('MEMBER'));
      await ask(open, z.null(), { method: 'DELETE', path: `/api/v1/members/${userId}`, tenant: of });
      return { json: { userId, state: 'removed' }, text: `${name} is no member any more.` };
    },
  },
  {
    name: 'invite',
    usage: 'ADDRESS --role R [--role R ...] --tenant T',
    about: 'Invite somebody, for seven days. The link is mailed to them, or shown here when no mail server is set up.',
    operands: ['ADDRESS'],
    options: roleOption,
    async run({ given, backend, tenant }) {
      const email = given.operand('ADDRESS');
      const roles = rolesIn(given.texts('role'), 'factotum invite ADDRESS --role member --tenant T');
      const made = await ask(await backend(), z.object({ id: z.string(), url: z.string().nullable(), mailed: z.boolean() }), {
        method: 'POST',
        path: '/api/v1/invitations',
        tenant: await tenant(),
        json: { email, roles },
      });
      const text =
        made.url === null ? `The link was mailed to ${email}.` : `${made.url}\n\nGive it to ${email}. It works once, within seven days.`;
      return { json: made, text };
    },
  },
];

const listMembers = (backend: CommandBackend, tenant: string) =>
  askAll(backend, memberSchema, { path: '/api/v1/members', query: {}, tenant, limit: membersMax });

async function findMember(backend: CommandBackend, tenant: string, named: string) {
  const found = (await listMembers(backend, tenant)).find(({ userId, email }) => userId === named || email === named.toLowerCase());
  if (found === undefined) throw new UsageError(`The tenant has no member ${named}. See: factotum member list --tenant ${tenant}`);
  return found;
}

function rolesIn(given: readonly string[], example: string): string[] {
  if (given.length === 0) throw new UsageError(`Name at least one role: ${example}`);
  return [...given];
}
