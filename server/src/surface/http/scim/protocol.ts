import type { z } from 'zod';
import { FactotumError, isFactotumError, parseJson } from '#kernel';
import type { ScimGroup, ScimUser } from '#trust/identity';
import { namedFailure } from '../problem.ts';

/** The names of RFC 7643 and 7644. */
export const urn = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  group: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  list: 'urn:ietf:params:scim:api:messages:2.0:ListResponse',
  patch: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
  config: 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig',
  resourceType: 'urn:ietf:params:scim:schemas:core:2.0:ResourceType',
  schema: 'urn:ietf:params:scim:schemas:core:2.0:Schema',
} as const;

export const basePath = '/scim/v2';
export const scimType = 'application/scim+json';

export type Resource = Readonly<Record<string, unknown>>;

/** Answers a resource, with where it is and its version. */
export function resourceResponse(
  status: 200 | 201,
  resource: Resource & { readonly meta: { location: string; version?: string } },
): Response {
  const { location, version } = resource.meta;
  return scimResponse(status, resource, { ...(status === 201 ? { location } : {}), ...(version === undefined ? {} : { etag: version }) });
}

export const scimResponse = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': scimType, 'cache-control': 'no-store', ...headers } });

/** A failure as section 3.12 of RFC 7644 tells it. Our own code stands beside it, for whoever looks for it in the documentation. */
export function errorResponse(error: unknown): { response: Response; failure: FactotumError } {
  const failure = namedFailure(error);
  const { status } = failure;
  const kind = failure.details?.scimType ?? kinds[failure.code];
  const body = {
    schemas: [urn.error],
    status: String(status),
    ...(typeof kind === 'string' ? { scimType: kind } : {}),
    detail: failure.code === 'server.fault' ? 'Something is wrong on our side.' : failure.message,
    code: failure.code,
  };
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="scim"';
  if (typeof failure.details?.allow === 'string') headers.allow = failure.details.allow;
  if (failure.retry) headers['retry-after'] = String(secondsIn(failure.details?.retryAfterMs));
  return { response: scimResponse(status, body, headers), failure };
}

const kinds: Readonly<Record<string, string>> = {
  'request.not_json': 'invalidSyntax',
  'request.invalid': 'invalidValue',
  'member.last_owner': 'mutability',
  'member.break_glass': 'mutability',
};

const secondsIn = (ms: unknown): number => (typeof ms === 'number' ? Math.max(1, Math.ceil(ms / 1_000)) : 1);

/** A failure with one of the names of RFC 7644, table 9. */
export const refuse = (kind: string, message: string) => new FactotumError('scim.refused', message, { details: { scimType: kind } });

/** Parses JSON as a schema asks. @throws FactotumError `scim.refused` */
export function parseAs<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const answer = schema.safeParse(given);
  if (answer.success) return answer.data;
  const told = answer.error.issues.slice(0, 3).map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`);
  throw refuse('invalidValue', `${told.join('; ')}.`);
}

/** @throws FactotumError `scim.refused` */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (isFactotumError(error)) throw refuse('invalidSyntax', error.message);
    throw error;
  }
}

/** Attribute names in any case, as RFC 7643 wants them, into the ones that we know. What we do not know is left out. */
export function knownMembers(given: unknown, names: readonly string[]): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refuse('invalidSyntax', 'A resource is a JSON object.');
  const known = new Map(names.map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const ours = known.get(name.toLowerCase());
      return ours === undefined ? [] : [[ours, value]];
    }),
  );
}

export const userMembers = ['userName', 'externalId', 'name', 'displayName', 'emails', 'active'] as const;
export const groupMembers = ['displayName', 'externalId', 'members'] as const;

export function presentUser(base: string, { id, attributes, groups, version, createdAt, updatedAt }: ScimUser) {
  const { userName, externalId, name, displayName, emails, active } = attributes;
  return {
    schemas: [urn.user],
    id,
    ...(externalId === null ? {} : { externalId }),
    userName,
    ...(Object.keys(name).length === 0 ? {} : { name }),
    ...(displayName === null ? {} : { displayName }),
    ...(emails.length === 0 ? {} : { emails }),
    active,
    ...(groups.length === 0
      ? {}
      : { groups: groups.map((group) => ({ value: group.id, $ref: `${base}/Groups/${group.id}`, display: group.name })) }),
    meta: {
      resourceType: 'User',
      created: createdAt.toISOString(),
      lastModified: updatedAt.toISOString(),
      location: `${base}/Users/${id}`,
      version: `W/"${version}"`,
    },
  };
}

export function presentGroup(base: string, { id, displayName, externalId, members, createdAt, updatedAt }: ScimGroup) {
  return {
    schemas: [urn.group],
    id,
    ...(externalId === null ? {} : { externalId }),
    displayName,
    ...(members.length === 0
      ? {}
      : {
          members: members.map((member) => ({
            value: member.id,
            $ref: `${base}/Users/${member.id}`,
            display: member.userName,
            type: 'User',
          })),
        }),
    meta: {
      resourceType: 'Group',
      created: createdAt.toISOString(),
      lastModified: updatedAt.toISOString(),
      location: `${base}/Groups/${id}`,
    },
  };
}
