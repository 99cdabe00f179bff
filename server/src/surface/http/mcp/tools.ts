import { z } from 'zod';
import type { RateClass } from '#kernel';
import type { Permission } from '#trust/identity';

/** A request to our own API: what a tool of the MCP endpoint comes to. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly json?: unknown;
}

/** One tool that programs of the tenant's can call. It does what a route of the API does, and nothing that decides anything. */
export interface EndpointTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly needs: Permission;
  /** Only with a permission to read: what needs any other changes something, or sends it on. */
  readonly isReadOnly: boolean;
  /** What a call counts as, to the limits. */
  readonly limit: RateClass;
  readonly input: z.ZodObject;
  /** What is asked of the API, or what is wrong with the arguments. */
  request(args: unknown): ApiRequest | { readonly fault: string };
}

const page = {
  limit: z.int().min(1).max(100).optional().describe('How many at most; 50 if left out'),
  cursor: z.string().max(1_000).optional().describe('nextCursor of the page before'),
};
const id = z.strictObject({ id: z.string().max(64) });

export const endpointTools: readonly EndpointTool[] = [
  defined({
    name: 'tasks.list',
    title: 'List tasks',
    description: 'Tasks, newest first, without their content.',
    needs: 'task:read',
    input: z.strictObject({
      state: z.string().max(100).optional().describe('States, separated by commas, such as waiting,failed'),
      ...page,
    }),
    request: (args) => ({ method: 'GET', path: `/api/v1/tasks${queryOf(args)}` }),
  }),
  defined({
    name: 'tasks.get',
    title: 'Look at a task',
    description: 'One task with its event, plan, steps, approvals and timeline.',
    needs: 'task:read',
    input: id,
    request: (args) => ({ method: 'GET', path: `/api/v1/tasks/${encodeURIComponent(args.id)}` }),
  }),
  defined({
    name: 'approvals.list',
    title: 'List approvals',
    description: 'What people are asked, newest first. Answers are given by people, and not through this server.',
    needs: 'approval:read',
    input: z.strictObject({ state: z.string().max(20).optional().describe('Such as waiting'), ...page }),
    request: (args) => ({ method: 'GET', path: `/api/v1/approvals${queryOf(args)}` }),
  }),
  defined({
    name: 'approvals.get',
    title: 'Look at an approval',
    description: 'What would be done, and where each part of it comes from.',
    needs: 'approval:read',
    input: id,
    request: (args) => ({ method: 'GET', path: `/api/v1/approvals/${encodeURIComponent(args.id)}` }),
  }),
  defined({
    name: 'vault.search',
    title: 'Search the vault',
    description: 'Notes in which the words stand, best first.',
    needs: 'vault:read',
    input: z.strictObject({ q: z.string().min(1).max(500).describe('Words to look for'), limit: page.limit }),
    request: (args) => ({ method: 'GET', path: `/api/v1/vault/search${queryOf(args)}` }),
  }),
  defined({
    name: 'vault.read',
    title: 'Read a note',
    description: 'The text of one note of the vault.',
    needs: 'vault:read',
    input: z.strictObject({ path: z.string().min(1).max(1_000) }),
    request: (args) => ({ method: 'GET', path: `/api/v1/vault/notes/${encodeURIComponent(args.path)}` }),
  }),
  defined({
    name: 'event.send',
    title: 'Send an event',
    description: 'Tells that something happened. A task is made of it, under the tenant’s policies; sent again it is the same event.',
    needs: 'event:write',
    limit: 'intake',
    input: z.strictObject({
      source: z.string().min(1).max(63),
      kind: z.string().min(1).max(63),
      externalId: z.string().min(1).max(500),
      payload: z.record(z.string(), z.unknown()),
    }),
    request: (args) => ({ method: 'POST', path: '/api/v1/events', json: args }),
  }),
];

function defined<I extends z.ZodObject>(
  tool: Omit<EndpointTool, 'input' | 'request' | 'isReadOnly' | 'limit'> & {
    /** Left out: reading, for what only reads; writing, for all that does not. */
    readonly limit?: RateClass;
    readonly input: I;
    readonly request: (args: z.output<I>) => ApiRequest;
  },
): EndpointTool {
  const { request, ...rest } = tool;
  const isReadOnly = tool.needs.endsWith(':read');
  return {
    limit: isReadOnly ? 'read' : 'write',
    ...rest,
    isReadOnly,
    request(given) {
      const args = tool.input.safeParse(given ?? {});
      return args.success
        ? request(args.data)
        : { fault: args.error.issues.map(({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`).join('; ') };
    },
  };
}

function queryOf(args: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given}`;
}
