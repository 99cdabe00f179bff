import { z } from 'zod';
import {
  type Connection,
  connectionChangeSchema,
  connectionStates,
  type KindInfo,
  newConnectionSchema,
  proposalQuerySchema,
  unsavedConnectionSchema,
} from '#flow/connection';
import { FactotumError, type Id, isId } from '#kernel';
import type { Principal } from '#trust/identity';
import { isReference, requireMayRefer } from '#trust/secret';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { list, named, page, time } from './schema.ts';

const tag = 'connections';
const path = '/api/v1/connections';
const params = z.object({ id: z.string() });
/** A credential of 64 KiB in JSON, and settings. */
const bytesMax = 512 * 1_024;

const anyObject = z.record(z.string(), z.unknown());
const kindSchema = named(
  z.object({
    kind: z.string(),
    title: z.string(),
    description: z.string(),
    settings: anyObject.meta({ description: 'The JSON schema of its settings.' }),
    credentials: z.record(z.string(), z.object({ title: z.string(), required: z.boolean(), help: z.string().optional() })),
    everyMs: z.int(),
    can: z.object({ poll: z.boolean(), stream: z.boolean(), hook: z.boolean(), discover: z.boolean() }),
  }),
  { id: 'Connector', description: 'A kind of outside system that can be connected.' },
);

const faultSchema = z
  .object({ code: z.string(), message: z.string() })
  .meta({ description: 'transient, rate_limited, auth, cursor_expired, permanent, internal, or the code of an error of ours.' });
const connectionSchema = named(
  z.object({
    id: z.string(),
    connector: z.string(),
    name: z.string(),
    state: z.enum(connectionStates).meta({ description: 'broken: it stopped, and a person has to see to it.' }),
    settings: anyObject,
    credentials: z.record(z.string(), z.string().nullable()).meta({ description: '`set`, the reference to a secret, or null.' }),
    health: z.object({
      lastPolledAt: time.nullable(),
      lastSuccessAt: time.nullable(),
      lastArrivalAt: time.nullable(),
      failures: z.int().meta({ description: 'In a row.' }),
      fault: faultSchema.nullable(),
      lagMs: z.int().nullable().meta({ description: 'By how much the next poll is late; null for what is not polled.' }),
      nextAt: time.nullable(),
      progress: z.object({ done: z.int(), of: z.int().nullable() }).nullable().meta({ description: 'How far the past has been fetched.' }),
      arrivals: z.int(),
    }),
    version: z.int(),
    createdAt: time,
    updatedAt: time,
    hookUrl: z.string().nullable().meta({ description: 'Where the far side pushes to, for those who may change the connection.' }),
  }),
  { id: 'Connection', description: 'A way to an outside system. Credentials are never in it, nor in any other answer.' },
);
const trialSchema = z.object({ ok: z.boolean(), fault: faultSchema.nullable() });
const proposalSchema = z.object({ title: z.string(), settings: anyObject, credentials: z.record(z.string(), z.string()).optional() });
const changeSchema = connectionChangeSchema.extend({
  version: z.int().min(1).optional().meta({ description: 'The version that was read; left out: whatever is there is changed.' }),
});

const secretErrors = ['secret.not_found', 'secret.unavailable', 'secret.reference_invalid'] as const;

/** Ways to outside systems: what there is, what is set up, how it is doing. */
export function addConnectionRoutes(routes: Routes, { connections, addresses }: Pick<HttpDeps, 'connections' | 'addresses'>): void {
  const present = (connection: Connection, principal: Principal) => presentConnection(connection, principal, addresses().origins[0] ?? '');

  routes.add(
    'connection:read',
    { method: 'get', path: '/api/v1/connectors', summary: 'What can be connected', tag, answers: { 200: page(kindSchema) } },
    async () => ({ status: 200, body: { items: connections.kinds().map(presentKind), nextCursor: null } }),
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path,
      summary: 'List connections, oldest first',
      tag,
      holdsCredential: true,
      answers: { 200: page(connectionSchema) },
    },
    async ({ tenantId, principal }) => {
      const items = (await connections.list(tenantId)).map((one) => present(one, principal));
      return { status: 200, body: { items, nextCursor: null } };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path,
      summary: 'Connect an outside system. It is polled at once; try it out before by `test`',
      tag,
      fresh: true,
      body: jsonBody(newConnectionSchema, { bytesMax }),
      answers: { 201: connectionSchema },
      errors: ['auth.step_up_required', 'connection.invalid', 'quota.exceeded', ...secretErrors],
    },
    async ({ tenantId, body, principal }) => {
      refuseUnmentionable(principal, body.credentials);
      const made = await connections.create(tenantId, body, { actor: principal.actor });
      return { status: 201, body: present(made, principal) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/test`,
      summary: 'Try out settings that are not saved. A fault of the far side is an answer',
      tag,
      body: jsonBody(unsavedConnectionSchema, { bytesMax }),
      answers: { 200: trialSchema },
      errors: ['connection.invalid', ...secretErrors],
    },
    async ({ tenantId, body, principal }) => {
      refuseUnmentionable(principal, body.credentials);
      return { status: 200, body: await connections.testUnsaved(tenantId, body) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/discovery`,
      summary: 'Propose settings for an address, best first',
      tag,
      body: jsonBody(proposalQuerySchema),
      answers: { 200: z.object({ items: list(proposalSchema) }) },
      errors: ['connection.invalid', 'connection.unavailable', 'connection.refused'],
    },
    async ({ tenantId, body }) => ({
      status: 200,
      body: { items: (await connections.discover(tenantId, body)).map((one) => ({ ...one })) },
    }),
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: `${path}/{id}`,
      summary: 'A connection',
      tag,
      params,
      holdsCredential: true,
      answers: { 200: connectionSchema },
      errors: ['connection.not_found'],
    },
    async ({ tenantId, principal, params: { id } }) => ({
      status: 200,
      body: present(await connections.get(tenantId, idOf(id)), principal),
    }),
  );

  routes.add(
    'connection:admin',
    {
      method: 'put',
      path: `${path}/{id}`,
      summary: 'Change a connection; what is left out stays, a credential that is null goes. Leading elsewhere needs the credentials anew',
      tag,
      fresh: true,
      params,
      body: jsonBody(changeSchema, { bytesMax }),
      answers: { 200: connectionSchema },
      errors: ['auth.step_up_required', 'connection.not_found', 'connection.changed', 'connection.invalid', ...secretErrors],
    },
    async ({ tenantId, principal, params: { id }, body: { version, ...change } }) => {
      refuseUnmentionable(principal, change.credentials ?? {});
      const by = { actor: principal.actor, basedOn: version ?? null, mayRefer: principal.permissions.has('secret:admin') };
      return { status: 200, body: present(await connections.change(tenantId, idOf(id), change, by), principal) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'delete',
      path: `${path}/{id}`,
      summary: 'Delete a connection. What came in over it stays',
      tag,
      fresh: true,
      params,
      answers: { 204: null },
      errors: ['auth.step_up_required', 'connection.not_found'],
    },
    async ({ tenantId, principal, params: { id } }) => {
      await connections.remove(tenantId, idOf(id), { actor: principal.actor });
      return { status: 204 };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/test`,
      summary: 'Try a connection out as it is saved. A fault of the far side is an answer',
      tag,
      params,
      answers: { 200: trialSchema },
      errors: ['connection.not_found', 'connection.invalid'],
    },
    async ({ tenantId, params: { id } }) => ({ status: 200, body: await connections.test(tenantId, idOf(id)) }),
  );

  /** What is done to one connection, and answered with what it is then. */
  const addAct = (name: string, status: 200 | 202, summary: string, act: (call: Call, id: Id<'connection'>) => Promise<Connection>) =>
    routes.add(
      'connection:admin',
      {
        method: 'post',
        path: `${path}/{id}/${name}`,
        summary,
        tag,
        params,
        answers: { [status]: connectionSchema },
        errors: ['connection.not_found'],
      },
      async (call) => ({ status, body: present(await act(call, idOf(call.params.id)), call.principal) }),
    );
  addAct('pause', 200, 'Poll a connection no more, until it is resumed', ({ tenantId, principal }, id) =>
    connections.pause(tenantId, id, { actor: principal.actor }),
  );
  addAct('resume', 200, 'Go on with a connection that was paused, or that stopped', ({ tenantId, principal }, id) =>
    connections.resume(tenantId, id, { actor: principal.actor }),
  );
  addAct('poll', 202, 'Poll a connection now, if it is active', ({ tenantId }, id) => connections.pollNow(tenantId, id));
}

/** What is no id is of nobody. */
function idOf(text: string): Id<'connection'> {
  if (isId('connection', text)) return text;
  throw new FactotumError('connection.not_found', 'There is no such connection.');
}

/** Whoever names a secret sends its value to the address beside it. */
function refuseUnmentionable(principal: Principal, credentials: Readonly<Record<string, string | null>>): void {
  if (Object.values(credentials).some((text) => text !== null && isReference(text))) requireMayRefer(principal);
}

function presentConnection({ hookPath, ...connection }: Connection, { permissions }: Principal, origin: string) {
  const { health } = connection;
  return {
    ...connection,
    health: {
      ...health,
      lastPolledAt: health.lastPolledAt?.toISOString() ?? null,
      lastSuccessAt: health.lastSuccessAt?.toISOString() ?? null,
      lastArrivalAt: health.lastArrivalAt?.toISOString() ?? null,
      nextAt: health.nextAt?.toISOString() ?? null,
    },
    createdAt: connection.createdAt.toISOString(),
    updatedAt: connection.updatedAt.toISOString(),
    hookUrl: hookPath === null || !permissions.has('connection:admin') ? null : `${origin}${hookPath}`,
  };
}

const presentKind = ({ credentials, ...kind }: KindInfo) => ({ ...kind, credentials: { ...credentials } });
