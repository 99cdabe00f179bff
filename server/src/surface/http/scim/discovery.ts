import { FactotumError } from '#kernel';
import { scimResponse, urn } from './protocol.ts';

/** What this provider can do, and what its resources look like (RFC 7643, sections 5 to 7). */
export function discoveryResponse(base: string, [kind, id]: readonly string[]): Response | null {
  if (kind === 'ServiceProviderConfig' && id === undefined) return scimResponse(200, serviceProviderConfig(base));
  if (kind === 'ResourceTypes') return listOrOne(resourceTypes(base), id);
  return kind === 'Schemas' ? listOrOne(schemas(base), id) : null;
}

function listOrOne(resources: readonly { readonly id: string }[], id: string | undefined): Response {
  if (id === undefined)
    return scimResponse(200, {
      schemas: [urn.list],
      totalResults: resources.length,
      startIndex: 1,
      itemsPerPage: resources.length,
      Resources: resources,
    });
  const found = resources.find((resource) => resource.id === id);
  if (found === undefined) throw new FactotumError('scim.not_found', 'There is no such resource.');
  return scimResponse(200, found);
}

const serviceProviderConfig = (base: string) => ({
  schemas: [urn.config],
  documentationUri: new URL('/docs/identity/scim', base).href,
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'A token that an administrator of the tenant has made for the directory.',
      specUri: 'https://www.rfc-editor.org/info/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
});

const resourceTypes = (base: string) =>
  [
    { id: 'User', endpoint: '/Users', description: 'Somebody who may be a member of the tenant', schema: urn.user },
    { id: 'Group', endpoint: '/Groups', description: 'A team, which may bring roles', schema: urn.group },
  ].map((type) => ({
    schemas: [urn.resourceType],
    ...type,
    name: type.id,
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${type.id}` },
  }));

interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'reference';
  readonly description: string;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readWrite' | 'readOnly' | 'immutable';
  readonly returned: 'default';
  readonly uniqueness: 'none' | 'server';
  readonly subAttributes?: readonly Attribute[];
}

const attribute = (name: string, description: string, more: Partial<Attribute> = {}): Attribute => ({
  name,
  type: 'string',
  description,
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
  ...more,
});

const reference = (what: string): Attribute[] => [
  attribute('value', `The id of the ${what}`, { caseExact: true, mutability: 'immutable' }),
  attribute('$ref', `Where the ${what} is`, { type: 'reference', caseExact: true, mutability: 'readOnly' }),
  attribute('display', `What the ${what} is called`, { mutability: 'readOnly' }),
];

const externalId = attribute('externalId', "The directory's own id", { caseExact: true });

const schemas = (base: string) =>
  [
    {
      id: urn.user,
      name: 'User',
      description: 'Somebody who may be a member of the tenant',
      attributes: [
        attribute('userName', 'What the directory calls them, once in a tenant', { required: true, uniqueness: 'server' }),
        externalId,
        attribute('name', 'The parts of their name', {
          type: 'complex',
          subAttributes: [
            attribute('formatted', 'The whole name'),
            attribute('familyName', 'The family name'),
            attribute('givenName', 'The given name'),
          ],
        }),
        attribute('displayName', 'What others see'),
        attribute('emails', 'Where they are reached; the primary address, or the first, names the person', {
          type: 'complex',
          multiValued: true,
          subAttributes: [
            attribute('value', 'The address'),
            attribute('type', 'What kind of address it is'),
            attribute('primary', 'Whether it is the one that counts', { type: 'boolean' }),
          ],
        }),
        attribute('active', 'Whether they are a member now', { type: 'boolean' }),
        attribute('groups', 'The groups they are in', {
          type: 'complex',
          multiValued: true,
          mutability: 'readOnly',
          subAttributes: reference('group'),
        }),
      ],
    },
    {
      id: urn.group,
      name: 'Group',
      description: 'A team, which may bring roles',
      attributes: [
        attribute('displayName', 'What it is called, once in a tenant', { required: true, uniqueness: 'server' }),
        externalId,
        attribute('members', 'The users in it', { type: 'complex', multiValued: true, subAttributes: reference('user') }),
      ],
    },
  ].map((schema) => ({ schemas: [urn.schema], ...schema, meta: { resourceType: 'Schema', location: `${base}/Schemas/${schema.id}` } }));
