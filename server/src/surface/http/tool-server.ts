import { z } from 'zod';
import {
  changeServer,
  confirmTool,
  createServer,
  type Endpoint,
  listServers,
  listTools,
  readServer,
  removeServer,
  secretsOf,
  slugOf,
  withdrawTool,
} from '#flow/tool-server';
import { FactotumError, type Id, isFactotumError, isId } from '#kernel';
import type { Principal } from '#trust/identity';
import { requireMayRefer } from '#trust/secret';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { page } from './schema.ts';
import { toolsOf } from './tenant-tools.ts';
import {
  confirmationSchema,
  lookSchema,
  newServerSchema,
  pluggedToolSchema,
  presentServer,
  presentTool,
  programSchema,
  serverChangeSchema,
  serverSchema,
  signInStartSchema,
  toolSchema,
} from './tool-server-schema.ts';

const tag = 'tools';
const path = '/api/v1/tool-servers';
const params = z.object({ id: z.string() });
const toolParams = z.object({ id: z.string(), tool: z.string() });
const bytesMax = 128 * 1_024;
const secretErrors = ['auth.step_up_required', 'secret.reference_invalid', 'secret.not_found'] as const;

/** MCP servers of others: which are plugged in, and what is said of their tools. Whoever may name a secret sends its value to the server. */
export function addToolServerRoutes(routes: Routes, deps: Pick<HttpDeps, 'catalogue' | 'toolServers' | 'addresses'>): void {
  const { catalogue, toolServers, addresses } = deps;

  routes.add(
    'task:read',
    { method: 'get', path: '/api/v1/tools', summary: 'List what the employee can do', tag, answers: { 200: page(toolSchema) } },
    async ({ inTenant, keys }) => {
      const tools = await inTenant((tx) => toolsOf(catalogue, tx, keys));
      const items = tools.list().map(({ manifest }) => {
        const { headline: _, canLookup: __, timeoutMs: ___, parts: ____, ...shown } = manifest;
        return { ...shown, args: { ...shown.args }, server: slugOf(manifest.tool) };
      });
      return { status: 200, body: { items, nextCursor: null } };
    },
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: '/api/v1/tool-programs',
      summary: 'List the MCP servers that the operator has installed',
      tag,
      answers: { 200: page(programSchema) },
    },
    async () => ({ status: 200, body: { items: [...toolServers.programs()], nextCursor: null } }),
  );

  routes.add(
    'connection:read',
    { method: 'get', path, summary: 'List tool servers, newest first', tag, answers: { 200: page(serverSchema) } },
    async ({ inTenant, keys }) => {
      const servers = await inTenant((tx) => listServers(tx, keys));
      return { status: 200, body: { items: servers.map(presentServer), nextCursor: null } };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path,
      summary: 'Plug a tool server in. None of its tools can be used before somebody has confirmed it',
      tag,
      fresh: true,
      body: jsonBody(newServerSchema, { bytesMax }),
      answers: { 201: serverSchema },
      errors: [...secretErrors, 'tool_server.invalid'],
    },
    async ({ inTenant, keys, body, principal, now }) => {
      refuseUnmentionable(principal, body.endpoint);
      const made = await inTenant((tx) => createServer(tx, keys, { ...body, actor: principal.actor, at: now }));
      return { status: 201, body: presentServer(made) };
    },
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: `${path}/{id}`,
      summary: 'A tool server',
      tag,
      params,
      answers: { 200: serverSchema },
      errors: ['tool_server.not_found'],
    },
    async ({ inTenant, keys, params: { id } }) => ({
      status: 200,
      body: presentServer(await inTenant((tx) => readServer(tx, keys, idOf(id)))),
    }),
  );

  routes.add(
    'connection:admin',
    {
      method: 'put',
      path: `${path}/{id}`,
      summary: 'Change, pause or resume a tool server; what is left out stays. At another place it is signed in to anew',
      tag,
      fresh: true,
      params,
      body: jsonBody(serverChangeSchema, { bytesMax }),
      answers: { 200: serverSchema },
      errors: [...secretErrors, 'tool_server.not_found', 'tool_server.invalid', 'tool_server.changed'],
    },
    async ({ inTenant, keys, tenantId, params: { id }, body, principal, now }) => {
      const { title, endpoint, state, version } = body;
      if (endpoint !== undefined) refuseUnmentionable(principal, endpoint);
      const change = {
        ...{ version, actor: principal.actor, at: now },
        ...(title === undefined ? {} : { title }),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(state === undefined ? {} : { state }),
      };
      const changed = await inTenant((tx) => changeServer(tx, keys, idOf(id), change));
      await toolServers.forget(tenantId, changed.id);
      return { status: 200, body: presentServer(changed) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'delete',
      path: `${path}/{id}`,
      summary: 'Unplug a tool server, with its tools',
      tag,
      fresh: true,
      params,
      answers: { 204: null },
      errors: ['tool_server.not_found', 'auth.step_up_required'],
    },
    async ({ inTenant, keys, tenantId, params: { id }, principal, now }) => {
      await inTenant((tx) => removeServer(tx, keys, idOf(id), { actor: principal.actor, at: now }));
      await toolServers.forget(tenantId, idOf(id));
      return { status: 204 };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/look`,
      summary: 'Connect to a tool server and look at its tools; a confirmed one that has changed is put in quarantine',
      tag,
      params,
      answers: { 200: lookSchema },
      errors: ['tool_server.not_found'],
    },
    async ({ tenantId, params: { id } }) => ({ status: 200, body: await toolServers.look(tenantId, idOf(id)) }),
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: `${path}/{id}/tools`,
      summary: 'What a tool server offers, what was confirmed, and how the two differ',
      tag,
      params,
      answers: { 200: page(pluggedToolSchema) },
      errors: ['tool_server.not_found'],
    },
    async ({ inTenant, keys, params: { id } }) => {
      const tools = await inTenant((tx) => listTools(tx, keys, idOf(id)));
      return { status: 200, body: { items: tools.map(presentTool), nextCursor: null } };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/tools/{tool}/confirmation`,
      summary: 'Say what a tool does. From then on plans can call it, for as long as its server says exactly the same of it',
      tag,
      fresh: true,
      params: toolParams,
      body: jsonBody(confirmationSchema, { bytesMax }),
      answers: { 200: pluggedToolSchema },
      errors: ['tool_server.not_found', 'tool_server.changed', 'tool_server.invalid', 'auth.step_up_required'],
    },
    async ({ inTenant, keys, params: { id, tool }, body, principal, now }) => {
      const given = { ...body, actor: principal.actor, at: now };
      const confirmed = await inTenant((tx) => confirmTool(tx, keys, { serverId: idOf(id), tool }, given));
      return { status: 200, body: presentTool(confirmed) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'delete',
      path: `${path}/{id}/tools/{tool}/confirmation`,
      summary: 'Take a confirmation back: no plan can call the tool any more',
      tag,
      params: toolParams,
      answers: { 204: null },
      errors: ['tool_server.not_found'],
    },
    async ({ inTenant, keys, params: { id, tool }, principal, now }) => {
      await inTenant((tx) => withdrawTool(tx, keys, { serverId: idOf(id), tool }, { actor: principal.actor, at: now }));
      return { status: 204 };
    },
  );

  const redirectUri = () => `${addresses().origins[0] ?? ''}/api/v1/tool-sign-in`;

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/sign-in`,
      summary:
        'Begin to sign in to a tool server by OAuth: says where to go. Another authorisation server than last time is agreed to first',
      tag,
      fresh: true,
      params,
      body: jsonBody(signInStartSchema, { isOptional: true }),
      answers: { 200: z.object({ url: z.string() }) },
      errors: ['tool_server.not_found', 'tool_server.invalid', 'tool_server.changed', 'outbound.address_refused', 'auth.step_up_required'],
    },
    async ({ tenantId, params: { id }, body: { accept = null }, principal }) => {
      const ask = { redirectUri: redirectUri(), actor: principal.actor, accepted: accept };
      return { status: 200, body: await toolServers.beginSignIn(tenantId, idOf(id), ask) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'get',
      path: '/api/v1/tool-sign-in',
      summary: 'Where an authorisation server sends people back to; leads to the page of tool servers',
      tag,
      // Whoever comes back is signed in: this changes something, however it is asked.
      limit: 'write',
      // What it adds to the address is its own business: what is needed of it is read from the address itself.
      query: z.looseObject({}),
      answers: { 303: null },
    },
    async (call) => leadBack(await finish(call)),
  );

  async function finish({ tenantId, principal, request }: Call): Promise<Readonly<Record<string, string>>> {
    const given = new URL(request.url).searchParams;
    const [state, code] = [given.get('state'), given.get('code')];
    if (state === null || code === null) return { problem: 'tool_server.invalid' };
    try {
      const answer = { state, code, issuer: given.get('iss'), actor: principal.actor };
      const { serverId } = await toolServers.finishSignIn(tenantId, answer);
      await toolServers.forget(tenantId, serverId);
      return { server: serverId };
    } catch (error) {
      if (!isFactotumError(error)) throw error;
      return { problem: error.code };
    }
  }
}

/** A page of ours, whatever came in: the address holds an id of ours or a code of ours. */
const leadBack = (query: Readonly<Record<string, string>>): Response =>
  new Response(null, { status: 303, headers: { location: `/settings/tools?${new URLSearchParams(query)}`, 'cache-control': 'no-store' } });

/** What does not look like an id is the id of nothing. */
function idOf(text: string): Id<'toolServer'> {
  if (!isId('toolServer', text)) throw new FactotumError('tool_server.not_found', 'There is no such tool server.');
  return text;
}

function refuseUnmentionable(principal: Principal, endpoint: Endpoint): void {
  if (secretsOf(endpoint).length > 0) requireMayRefer(principal);
}
