import type { Context } from 'hono';
import { FactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import {
  type Directory,
  type GroupAttributes,
  groupAttributesSchema,
  type Principal,
  type ScimAct,
  type UserAttributes,
  userAttributesSchema,
} from '#trust/identity';
import { rawBody, readBody } from '../body.ts';
import type { HttpDeps } from '../deps.ts';
import type { Gate } from '../gate.ts';
import { forgetLeaver } from '../leaving.ts';
import { addressOf, type RateLimit } from '../rate-limit.ts';
import type { App, Env } from '../route.ts';
import { discoveryResponse } from './discovery.ts';
import { listResponse, projected } from './list.ts';
import { patched } from './patch.ts';
import {
  basePath,
  errorResponse,
  groupMembers,
  jsonIn,
  knownMembers,
  parseAs,
  presentGroup,
  presentUser,
  resourceResponse,
  scimResponse,
  scimType,
  urn,
  userMembers,
} from './protocol.ts';

type Deps = Pick<HttpDeps, 'identity' | 'database' | 'clock' | 'log' | 'addresses' | 'quotas' | 'clientAddress'> & {
  readonly gate: Gate;
  readonly rateLimit: RateLimit;
};

/** Large enough for a group with all its members. */
const bodySpec = rawBody([scimType, 'application/json'], 4 * 1024 * 1024);

/** One request of a directory. */
interface ScimCall {
  readonly directory: Directory;
  readonly method: string;
  /** Below the base: `Users`, and the id of one. */
  readonly segments: readonly string[];
  readonly search: URLSearchParams;
  /** Where resources are, as the directory is told. */
  readonly base: string;
  /** The version that the directory has seen; undefined without one. */
  readonly version: number | undefined;
  readonly body: () => Promise<unknown>;
  readonly record: (acts: readonly ScimAct[]) => Promise<void>;
}

/**
 * SCIM 2.0 (RFC 7644) for directories: they send a token of their tenant, and are told everything in their protocol's own words, failures
 * as well. It describes itself, so it is not in the description of the API.
 */
export function addScimRoutes(app: App, deps: Deps): void {
  app.all(`${basePath}/*`, async (c) => {
    c.set('route', `${basePath}/*`);
    try {
      return await answer(await enter(c, deps), deps);
    } catch (error) {
      const { response, failure } = errorResponse(error);
      if (failure.status >= 500) deps.log.error({ err: failure, requestId: c.var.requestId }, 'a directory was answered with a failure');
      return response;
    }
  });
}

/** Who asks, and whether they may: by the gate that everybody goes through. */
async function enter(c: Context<Env>, deps: Deps): Promise<ScimCall> {
  const { raw: request } = c.req;
  const rateClass = request.method === 'GET' ? 'read' : 'write';
  await deps.rateLimit.address(c, rateClass);
  const directory = await deps.identity.scim.directoryOf(request.headers.get('authorization'));
  if (directory === null) throw new FactotumError('auth.required', 'Send the token of a directory as a bearer token.');
  const { tenantId, tokenId, name, allowedAddresses } = directory;
  const actor = `scim:${tokenId}`;
  const known: Principal = { kind: 'key', actor, tenantId, permissions: new Set(), name, allowedAddresses };
  await deps.rateLimit.requester(c, rateClass, known);
  await deps.gate.enter(request, { access: 'signed-in' }, { requestId: c.var.requestId, address: addressOf(c, deps.clientAddress), known });
  const { pathname, searchParams } = new URL(request.url);
  return {
    directory,
    method: request.method,
    segments: pathname
      .slice(basePath.length + 1)
      .split('/')
      .map(decoded),
    search: searchParams,
    base: `${deps.addresses().origins[0] ?? ''}${basePath}`,
    version: versionIn(request.headers.get('if-match')),
    body: async () => jsonIn(await readBody(request, bodySpec)),
    record: async (acts) => {
      const entries = acts.map((act) => ({ ...act, actor, at: deps.clock.now() }));
      await withTenant(deps.database.app.db, tenantId, (tx) => recordAudit(tx, tenantId, entries));
      // A directory is told next time that there is nobody: the log comes first, whatever becomes of the rest.
      for (const { kind, objectId } of acts)
        if (kind === 'member.removed') await withTenant(deps.database.app.db, tenantId, (tx) => forgetLeaver(tx, tenantId, objectId));
    },
  };
}

/** The database takes no text with a zero byte in it, so it is the name of nothing. */
function decoded(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    if (!text.includes('\0')) return text;
  } catch {
    // Not UTF-8: the name of nothing either.
  }
  throw notThere();
}

function versionIn(ifMatch: string | null): number | undefined {
  if (ifMatch === null || ifMatch === '*') return undefined;
  const version = /^W\/"(\d{1,9})"$/.exec(ifMatch)?.[1];
  // A version that is none of ours is that of no resource.
  return version === undefined ? -1 : Number(version);
}

async function answer(call: ScimCall, deps: Deps): Promise<Response> {
  const { method, segments } = call;
  const [kind = '', id, ...rest] = segments;
  const described = method === 'GET' ? discoveryResponse(call.base, segments) : null;
  if (described !== null) return described;
  if (rest.length > 0 || (kind !== 'Users' && kind !== 'Groups')) throw notThere();
  if (id === undefined || id === '') return kind === 'Users' ? onUsers(call, deps) : onGroups(call, deps);
  return kind === 'Users' ? onUser(call, deps, id) : onGroup(call, deps, id);
}

async function onUsers(call: ScimCall, deps: Deps): Promise<Response> {
  const { directory, base, search, method } = call;
  const { scim } = deps.identity;
  const { tenantId } = directory;
  if (method === 'GET')
    return listResponse(search, {
      indexed: ['userName', 'externalId', 'id'],
      read: async ({ exact, ...page }) => {
        const by =
          exact === null
            ? {}
            : {
                by:
                  exact.attribute === 'userName'
                    ? { userName: exact.text }
                    : exact.attribute === 'id'
                      ? { id: exact.text }
                      : { externalId: exact.text },
              };
        const { users, total } = await scim.listUsers(tenantId, { ...by, ...page });
        return { resources: users.map((user) => presentUser(base, user)), total };
      },
    });
  if (method !== 'POST') throw wrongMethod('GET, POST');
  const { id, acts } = await scim.createUser(contextOf(call, deps), readUser(await call.body()));
  await call.record(acts);
  return resourceResponse(201, presentUser(base, await scim.findUser(tenantId, id)));
}

async function onUser(call: ScimCall, deps: Deps, id: string): Promise<Response> {
  const { directory, base, method, version } = call;
  const { scim } = deps.identity;
  const { tenantId } = directory;
  const change = async (to: (current: UserAttributes) => UserAttributes): Promise<Response> => {
    await call.record(await scim.changeUser(contextOf(call, deps), { id, version, change: to }));
    return resourceResponse(200, presentUser(base, await scim.findUser(tenantId, id)));
  };
  switch (method) {
    case 'GET':
      return shown(call, presentUser(base, await scim.findUser(tenantId, id)));
    case 'PUT': {
      const body = await call.body();
      // Whether somebody is switched on is never decided by leaving it out.
      return change(({ active }) => readUser({ active, ...knownMembers(body, userMembers) }));
    }
    case 'PATCH': {
      const body = await call.body();
      return change((current) => readUser(patched(current, body, { members: userMembers, schema: urn.user })));
    }
    case 'DELETE':
      await call.record(await scim.deleteUser(tenantId, id));
      return new Response(null, { status: 204 });
    default:
      throw wrongMethod('DELETE, GET, PATCH, PUT');
  }
}

async function onGroups(call: ScimCall, deps: Deps): Promise<Response> {
  const { directory, base, search, method } = call;
  const { scim } = deps.identity;
  const { tenantId } = directory;
  if (method === 'GET')
    return listResponse(search, {
      indexed: ['displayName', 'externalId', 'id'],
      read: async ({ exact, ...page }) => {
        const by =
          exact === null
            ? {}
            : {
                by:
                  exact.attribute === 'displayName'
                    ? { displayName: exact.text }
                    : exact.attribute === 'id'
                      ? { id: exact.text }
                      : { externalId: exact.text },
              };
        const { groups, total } = await scim.listGroups(tenantId, { ...by, ...page });
        return { resources: groups.map((group) => presentGroup(base, group)), total };
      },
    });
  if (method !== 'POST') throw wrongMethod('GET, POST');
  const { id, acts } = await scim.createGroup(tenantId, readGroup(await call.body()));
  await call.record(acts);
  return resourceResponse(201, presentGroup(base, await scim.findGroup(tenantId, id)));
}

async function onGroup(call: ScimCall, deps: Deps, id: string): Promise<Response> {
  const { directory, base, method } = call;
  const { scim } = deps.identity;
  const { tenantId } = directory;
  const change = async (to: (current: GroupAttributes) => GroupAttributes): Promise<Response> => {
    await call.record(await scim.changeGroup(tenantId, { id, change: to }));
    return resourceResponse(200, presentGroup(base, await scim.findGroup(tenantId, id)));
  };
  switch (method) {
    case 'GET':
      return shown(call, presentGroup(base, await scim.findGroup(tenantId, id)));
    case 'PUT': {
      const body = await call.body();
      return change(() => readGroup(body));
    }
    case 'PATCH': {
      const body = await call.body();
      return change(({ members, ...group }) => {
        const resource = { ...group, members: members.map((value) => ({ value })) };
        return readGroup(patched(resource, body, { members: groupMembers, schema: urn.group }));
      });
    }
    case 'DELETE':
      await call.record(await scim.deleteGroup(tenantId, id));
      return new Response(null, { status: 204 });
    default:
      throw wrongMethod('DELETE, GET, PATCH, PUT');
  }
}

const readUser = (body: unknown): UserAttributes => parseAs(userAttributesSchema, knownMembers(body, userMembers));
const readGroup = (body: unknown): GroupAttributes => parseAs(groupAttributesSchema, knownMembers(body, groupMembers));

function shown({ search }: ScimCall, resource: ReturnType<typeof presentUser> | ReturnType<typeof presentGroup>): Response {
  const [attributes, excludedAttributes] = [search.get('attributes') ?? undefined, search.get('excludedAttributes') ?? undefined];
  const headers = 'version' in resource.meta ? { etag: resource.meta.version } : {};
  return scimResponse(200, projected(resource, { attributes, excludedAttributes }), headers);
}

const contextOf = ({ directory: { tenantId } }: ScimCall, { quotas }: Deps) => ({
  tenantId,
  room: (people: number) => quotas.admit(tenantId, 'members', people),
});

const notThere = () => new FactotumError('scim.not_found', 'There is nothing at this address.');
const wrongMethod = (allow: string) =>
  new FactotumError('request.method_not_allowed', `This address takes ${allow}.`, { details: { allow } });
